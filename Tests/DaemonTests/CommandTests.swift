import Foundation
import Model
import Testing

@testable import Daemon

/// The commands as a person or a program starts them: exit codes, and errors that are sentences.
@Suite("Commands", .timeLimit(.minutes(3)))
struct CommandTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        let status: Int32
        /// What the complaint must contain.
        let words: String

        init(_ line: String, _ status: Int32, _ words: String) {
            self.line = line
            self.status = status
            self.words = words
        }

        var testDescription: String { "nightshift \(line)" }
    }

    /// Files for all cases; `@` in a case's line stands for their directory.
    static let files: [String: String] = [
        "rules/a.yaml": Written.rules, "runbooks/restart-web.yaml": Written.runbook(),
        "wrong/rules.yaml": "groups:\n  - name: x\n    rules:\n      - alert: A\n        exprr: up\n",
        "wrong/runbook.yaml": "runbook: x\nstepps: []\n", "wrong/settings.yaml": "actuatoin: exec\n",
        "wrong/a.test.yaml": "rule_files: [none.yaml]\ntests: []\n", "metrics": "up 1\n", "garbage": "}{\u{0}\n",
        "fail.test": "load 1m\n  a 1\neval instant at 0 a\n  a 2\n", "empty/x": "", "file": "",
    ]

    static func folder() throws -> Folder {
        let folder = try Folder(files)
        try folder.write("good.yaml", Written.settings(folder))
        try folder.write(
            "wrong/rule-file.yaml", "state: \(folder.file("s"))\nrules: [\(folder.file("wrong/rules.yaml"))]\n")
        try folder.write(
            "no-state.yaml",
            "state: \(folder.file("file"))/state\nruntime: \(folder.file("run"))\nrules: []\nrunbooks: []\n")
        return folder
    }

    static let wrongUse: [Case] = [
        Case("statsu", 64, "statsu"), Case("status --jsn", 64, "--jsn"), Case("check", 64, "paths"),
        Case("test", 64, "paths"), Case("plan", 64, "runbook"), Case("plan x --label unit", 64, "NAME=VALUE"),
        Case("approve", 64, "id"), Case("reject 4f2a", 64, "--why"), Case("incidents show", 64, "id"),
        Case("incidents shwo 4f2a", 64, ""), Case("demo --within soon", 64, "duration"),
        Case("run --settings", 64, "--settings"),
        Case("metrics query --at noon up", 64, "noon"), Case("metrics query --input @/metrics up", 64, "--at"),
        Case("metrics query", 64, "expression"), Case("metrics test", 64, "files"),
        Case("journal read --since tomorrow", 64, "tomorrow"),
        Case("journal read --file a --directory b", 64, "not both"), Case("journal read --output xml", 64, "xml"),
        Case("runbooks install restart-web --from @/runbooks --to @/to --allow unit", 64, "--allow"),
        Case("runbooks install restart-web --from @/runbooks --to @/to --actions many", 64, "many"),
    ]

    static let unreachable: [Case] = [
        "status", "status --json", "incidents", "incidents list --json", "incidents show 4f2a", "incidents close 4f2a",
        "approve 4f2a", "reject 4f2a --why no", "halt", "resume", "runbooks", "runbooks list --json",
        "runbooks show restart-web", "metrics query up", "demo --unit x.service",
    ].map { Case("\($0) --socket @/none.sock", 3, "The daemon does not answer on @/none.sock") }

    static let doesNotHold: [Case] = [
        Case("check @/wrong/rules.yaml", 1, ""), Case("check @/none", 1, ""),
        Case("check @/wrong/settings.yaml", 1, ""),
        Case("test @/none", 1, "there is no such file or directory"), Case("test @/empty", 1, ""),
        Case("test @/wrong", 1, ""),
        Case(
            "plan nothing --settings @/good.yaml", 1, "There is no runbook \"nothing\". The settings load: restart-web."
        ),
        Case("plan @/none.yaml --settings @/good.yaml", 1, "cannot be read"),
        Case("plan @/wrong/runbook.yaml --settings @/good.yaml", 1, "runbook.yaml:2:1: error: "),
        Case("plan x --settings @/none.yaml", 1, "There is no settings file @/none.yaml"),
        Case("plan x --settings @/wrong/settings.yaml", 1, "settings.yaml:1:1: error: "),
        Case("doctor --settings @/wrong/settings.yaml", 1, ""),
        Case("metrics parse @/none", 1, "@/none cannot be read: No such file"),
        Case("metrics parse @/garbage", 1, ""), Case("metrics parse @", 1, "cannot be read: Is a directory"),
        Case("metrics query --input @/none --at 0 up", 1, "cannot be read"),
        Case("metrics test @/none", 1, "cannot be read"),
        Case("metrics test @/fail.test", 1, ""), Case("metrics test @/empty/x", 1, ""),
        Case("journal read --file @/none", 1, "@/none"), Case("journal read --file @/metrics", 1, "@/metrics"),
        Case("journal read --directory @/none", 1, "@/none"),
        Case("incidents show zz --socket @/none.sock", 1, "not an incident's ID"),
        Case(
            "runbooks install nothing --from @/runbooks --to @/to", 1, "There is no runbook \"nothing\" in @/runbooks"),
        Case("runbooks install runbook --from @/wrong --to @/to", 1, "runbook.yaml:2:1: error: "),
        Case("runbooks install restart-web --from @/runbooks --to @/to --allow host=a", 1, "host"),
        Case("runbooks install restart-web --from @/runbooks --to @/file/to", 1, "@/file/to"),
        Case("runbooks install --remove nothing --to @/to", 1, "nothing"),
    ]

    static let cannotStart: [Case] = [
        Case("run --settings @/none.yaml", 78, "There is no settings file @/none.yaml"),
        Case("run --settings @/wrong/settings.yaml", 78, "settings.yaml:1:1: error: "),
        Case("run --settings @/wrong/rule-file.yaml", 78, "rules.yaml:5:9: error: "),
        Case("run --settings @/no-state.yaml", 78, "@/file/state"),
    ]

    static let fine: [Case] = [
        Case("--version", 0, ""), Case("--help", 0, ""), Case("help run", 0, ""),
        Case("check @/rules @/runbooks @/good.yaml", 0, ""),
        Case("plan restart-web --settings @/good.yaml --label alertname=UnitFailed --label unit=web.service", 0, ""),
        Case("plan restart-web --settings @/good.yaml --json", 0, ""), Case("metrics parse @/metrics", 0, ""),
        Case("metrics query --input @/metrics --at 0 up", 0, ""),
        // An answer that reports a failure is an answer.
        Case("metrics query --input @/metrics --at 0 up>", 0, ""),
        Case("runbooks install restart-web --from @/runbooks --to @/to --diff", 0, ""),
    ]

    @Test("exit codes and sentences", arguments: wrongUse + unreachable + doesNotHold + cannotStart + fine)
    func cases(_ one: Case) throws {
        let folder = try Self.folder()
        let words = one.line.split(separator: " ").map { String($0).replacing("@", with: folder.path) }
        let answer = try Command.run(words)
        #expect(answer.status == one.status, "\(answer)")
        let wanted = one.words.replacing("@", with: folder.path)
        #expect(wanted.isEmpty || answer.complaint.contains(wanted), "\(answer)")
        if one.status == 0 {
            #expect(answer.complaint.isEmpty && !answer.output.isEmpty, "\(answer)")
        } else {
            #expect(!(answer.complaint + answer.output).isEmpty)
        }
        for word in Self.inside { #expect(!(answer.complaint + answer.output).contains(word), "\(word) in \(answer)") }
    }

    /// What only a programmer understands.
    static let inside = [
        "CocoaError", "NSError", "NSCocoa", "Error Domain", "DecodingError", "EncodingError", "Fault(", "Diagnostic(",
        "Swift.", "Optional(", "IOError", "errno", ".swift:", "Fatal error", "POSIXError", "NIO", "unexpectedly",
    ]

    @Test("what is found wrong is data: FILE:LINE:COL: error:, on standard output, and nothing else")
    func check() throws {
        let folder = try Self.folder()
        let answer = try Command.run(["check", folder.file("wrong/rules.yaml"), folder.file("wrong/settings.yaml")])
        #expect(answer.complaint.isEmpty)
        let lines = answer.output.split(separator: "\n")
        #expect(!lines.isEmpty && lines.allSatisfy { $0.contains(".yaml:") && $0.contains(": error: ") }, "\(answer)")
    }

    @Test("--json is one JSON value, with the fields that programs rely on")
    func json() throws {
        let folder = try Self.folder()
        func object(_ line: String) throws -> Any {
            let answer = try Command.run(
                line.split(separator: " ").map { String($0).replacing("@", with: folder.path) })
            return try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
        }
        let plan = try #require(try object("plan restart-web --settings @/good.yaml --json") as? [String: Any])
        #expect(plan["allowed"] as? Bool == false)
        let doctor = try #require(try object("doctor --settings @/good.yaml --json") as? [[String: Any]])
        #expect(
            doctor.contains { $0["about"] as? String == "rules and runbooks" && $0["verdict"] as? String == "fine" })
        let query = try #require(try object("metrics query --input @/metrics --at 0 up") as? [String: Any])
        #expect(query["status"] as? String == "success")
        let failed = try #require(try object("metrics query --input @/metrics --at 0 up>") as? [String: Any])
        #expect(failed["status"] as? String == "error")
    }

    @Test("the last line of `test` counts what was run")
    func test() throws {
        let folder = try Self.folder()
        try folder.write("rules/a.test.yaml", ContentCheckTests.rulesTest)
        let answer = try Command.run(["test", folder.file("rules")])
        #expect(answer.status == 0 && answer.output == "1 passed, 0 failed\n", "\(answer)")
    }

    @Test(
        "something else that listens on the socket is told apart from a daemon",
        arguments: ["status", "halt", "incidents"])
    func somethingElse(command: String) throws {
        let folder = try Folder()
        let server = try OtherServer(path: folder.file("s.sock"))
        let answer = try Command.run([command, "--socket", folder.file("s.sock")])
        server.stop()
        #expect(answer.status == 1, "\(answer)")
        #expect(answer.complaint.hasPrefix("nightshift: The daemon"), "\(answer)")
        for word in Self.inside { #expect(!answer.complaint.contains(word), "\(answer)") }
    }
}
