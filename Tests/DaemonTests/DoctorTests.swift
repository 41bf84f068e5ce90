import Console
import Foundation
import Glibc
import Model
import Testing

@testable import Daemon

@Suite("The doctor")
struct DoctorTests {
    /// Stands where no daemon runs.
    private static let nobody: Doctor.Ask = { socket in throw Fault("daemon.unreachable", "nobody is on \(socket)") }

    private func examine(_ folder: Folder, ask: Doctor.Ask = nobody) async -> [String: Doctor.Finding] {
        let findings = await Doctor.examine(settingsPath: folder.file("nightshift.yaml"), ask: ask)
        return Dictionary(findings.map { ($0.about, $0) }, uniquingKeysWith: { first, _ in first })
    }

    @Test("what is there is fine, what is missing is broken, what is meant to be decided is a warning")
    func findings() async throws {
        let folder = try Written.folder()
        try folder.write("state/x", "")
        let found = await examine(folder)
        #expect(found["settings"]?.verdict == .fine)
        #expect(found["rules and runbooks"]?.verdict == .fine)
        #expect(found["rules and runbooks"]?.text == "1 rules, 1 runbooks")
        #expect(found["state"]?.text.contains("MiB free") == true && found["state"]?.verdict != .broken)
        #expect(found["runtime"]?.verdict == .broken && found["runtime"]?.text.contains("does not exist") == true)
        #expect(found["actuation"]?.verdict == .warning && found["actuation"]?.text.hasPrefix("observe") == true)
        #expect(found["escalation"]?.verdict == .warning)
        #expect(found["deadman"]?.verdict == .warning)
        for finding in found.values where finding.verdict != .fine {
            #expect(finding.about == "journal" || finding.mend != nil, "\(finding.about) says how to mend it")
        }
        #expect(
            !FileManager.default.fileExists(atPath: folder.file("run")), "it looks, and changes nothing")
    }

    @Test("a settings file that is wrong or missing is the only finding")
    func settings() async throws {
        let folder = try Folder(["nightshift.yaml": "actuatoin: exec\n"])
        let wrong = await Doctor.examine(settingsPath: folder.file("nightshift.yaml"), ask: Self.nobody)
        #expect(wrong.map(\.verdict) == [.broken])
        #expect(wrong.first?.text.contains("nightshift.yaml:1:1: error: ") == true)
        let missing = await Doctor.examine(settingsPath: folder.file("none.yaml"), ask: Self.nobody)
        #expect(missing.map(\.text) == ["There is no settings file \(folder.file("none.yaml"))"])
    }

    @Test("wrong rules, and none at all, are told")
    func rules() async throws {
        let folder = try Written.folder()
        try folder.write("rules/a.yaml", "groups: []\n")
        #expect(await examine(folder)["rules and runbooks"]?.verdict == .warning)
        try folder.write("rules/a.yaml", "groups:\n  - nam: x\n")
        let broken = try #require(await examine(folder)["rules and runbooks"])
        #expect(broken.verdict == .broken && broken.text.contains("a.yaml:2:5: error: "))
    }

    @Test("a journal that is read from a place where there is none is broken or a warning, never fine")
    func journal() async throws {
        let folder = try Written.folder(more: "journal: {source: {directory: /nowhere/at/all}}")
        let finding = try #require(await examine(folder)["journal"])
        #expect(finding.verdict != .fine)
    }

    @Test("acting on a user's own units is a warning, and says why")
    func user() async throws {
        let finding = try #require(await examine(try Written.folder(more: "actuation: user"))["actuation"])
        #expect(finding.verdict == .warning && finding.text.contains("no boundary"))
    }

    @Test("groups that do not exist are named, with what makes them")
    func groups() async throws {
        let more = "access: {operators: no-such-group-1, approvers: no-such-group-2}"
        let folder = try Written.folder(more: more)
        let findings = await Doctor.examine(settingsPath: folder.file("nightshift.yaml"), ask: Self.nobody).filter {
            $0.about == "access"
        }
        #expect(findings.map(\.text) == ["there is no group no-such-group-1", "there is no group no-such-group-2"])
        #expect(findings.first?.mend?.contains("groupadd --system no-such-group-1") == true)
    }

    // MARK: - Agents

    private static let provider = "agents: {provider: {ollama: {model: m}}BUDGET}"

    private static func agents(_ state: StatusView.Agents.State, isChild: Bool? = nil) -> Doctor.Ask {
        { socket in
            #expect(socket.hasSuffix("/run/control.sock"), "the daemon of these settings is asked")
            return StatusView(
                version: "1", since: "then", halted: false, journal: .init(lag_seconds: 0, entries: 1, gaps: 0),
                metrics: .init(targets: 0, up: 0, series: 0), rules: .init(loaded: 1, firing: 0), incidents: [:],
                actuation: "observe", agents: .init(state: state, tasks: 3, own_child: isChild), warnings: [])
        }
    }

    @Test(
        "the daemon says whether it hears the agents' process; a silent one is a warning that says what to do",
        arguments: [
            (.heard, .fine, nil), (.waiting, .warning, "systemctl start nightshift-agents.service"),
            (.absent, .warning, "systemctl restart nightshift.service"),
            (nil, .warning, "systemctl start nightshift.service"),
        ] as [(StatusView.Agents.State?, Doctor.Finding.Verdict, String?)])
    func agentsAreHeard(state: StatusView.Agents.State?, verdict: Doctor.Finding.Verdict, mend: String?) async throws {
        let folder = try Written.folder(more: Self.provider.replacing("BUDGET", with: ""))
        let found = await examine(folder, ask: state.map { Self.agents($0) } ?? Self.nobody)
        let finding = try #require(found["agents' process"])
        #expect(finding.verdict == verdict)
        #expect(mend.map { finding.mend?.hasPrefix($0) == true } ?? (finding.mend == nil), "\(finding)")
        if state == .waiting { #expect(finding.text.contains("3 steps wait")) }
    }

    @Test("agents that run as the daemon's own user are said to have no boundary", arguments: [true, false])
    func agentsAreAChild(isChild: Bool) async throws {
        let folder = try Written.folder(more: Self.provider.replacing("BUDGET", with: ""))
        let finding = await examine(folder, ask: Self.agents(.heard, isChild: isChild))["agents' process"]
        #expect(finding?.verdict == (isChild ? .warning : .fine))
        #expect(finding?.text.contains("as the same user") == isChild)
    }

    @Test("only systemd's word for this very process makes it a unit; what a shell inherits does not")
    func isUnit() {
        #expect(Development.isUnit(["SYSTEMD_EXEC_PID": "77"], process: 77))
        #expect(!Development.isUnit(["SYSTEMD_EXEC_PID": "1", "INVOCATION_ID": "0123"], process: 77))
        #expect(!Development.isUnit(["INVOCATION_ID": "0123"], process: 77))
        #expect(!Development.isUnit([:], process: 77))
    }

    @Test(
        "an incident's budget that is less than one role's own is a warning that names the role",
        arguments: [
            (", budget: {tokens: 1k per incident}", "1000 tokens are less than the 5000 of reader"),
            (", budget: {incident: 0.01 USD}", "0.01 USD for an incident is less than the 0.50 USD of reader"),
            (", budget: {incident: 0.50 USD, tokens: 5k per incident}", nil), ("", nil),
        ] as [(String, String?)])
    func budgets(budget: String, words: String?) async throws {
        let folder = try Written.folder(more: Self.provider.replacing("BUDGET", with: budget))
        try folder.write(
            "runbooks/roles/reader.md",
            """
            ---
            role: reader
            description: Reads.
            tools: []
            budget: {turns: 3, tokens: 5000, cost: 0.50 USD, wall: 5m}
            result: {type: object, additionalProperties: false, required: [], properties: {}}
            ---
            You read.

            """)
        let finding = await examine(folder, ask: Self.agents(.heard))["budget"]
        #expect(finding?.text.contains(words ?? "-") == (words == nil ? nil : true), "\(finding as Any)")
        #expect(finding?.verdict == (words == nil ? nil : .warning))
    }

    @Test("a repository is fine where it is bare, and broken where something is checked out, or there is none")
    func repositories() async throws {
        let project = """
            units: [web.service], repository: {url: PATH}, revision: {from: label, label: revision},
            paths: {allow: ['**'], tests: ['tests/**']}, test: [make, test], report: {tap: -}, forge: local
            """
        let more =
            "agents: {provider: {ollama: {model: m}}}\nprojects: {web: {\(project.replacing("\n", with: " "))}}\n"
        let folder = try Written.folder()
        for (name, options, words) in [
            ("bare.git", ["--bare"], "is bare"), ("work", [], "is not a bare repository"), ("gone", nil, "is gone"),
        ] as [(String, [String]?, String)] {
            if let options {
                let arguments = ["init", "--quiet"] + options + ["--", folder.file(name)]
                let git = try Process.run(URL(filePath: "/usr/bin/git"), arguments: arguments)
                git.waitUntilExit()
                #expect(git.terminationStatus == 0)
            }
            let folder = try Written.folder(more: more.replacing("PATH", with: folder.file(name)))
            let found = await examine(folder, ask: Self.agents(.heard))
            let finding = try #require(found["repository of web"], "\(found["settings"] as Any)")
            #expect(finding.text.contains(words), "\(finding)")
            #expect(finding.verdict == (name == "bare.git" ? .fine : .broken))
        }
    }

    @Test("without a provider there is no process to ask for")
    func noAgents() async throws {
        let found = await examine(try Written.folder(), ask: Self.agents(.heard))
        #expect(found["agents"]?.verdict == .fine && found["agents' process"] == nil)
    }
}
