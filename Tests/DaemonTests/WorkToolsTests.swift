import Actuation
import Delivery
import Foundation
import Journal
import Ledger
import Model
import Testing
import Text

@testable import Daemon

@Suite struct WorkToolsTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    // MARK: - What may be sent

    static let secret = "card 4111 of Ms Miller was refused"

    /// Over a journal in which the service and systemd speak, half an hour before the incident and at it.
    private func tools(_ projects: [Project], _ ledger: Ledger? = nil) async throws -> WorkTools {
        try WrittenJournal.write(
            [
                (-1800, ["_PID": "1", "UNIT": "web.service", "MESSAGE": "Started web.service - The shop."]),
                (-5, ["_PID": "77", "_SYSTEMD_UNIT": "web.service", "MESSAGE": Self.secret]),
                (-4, ["_PID": "78", "_SYSTEMD_UNIT": "db.service", "MESSAGE": "deadlock of Ms Miller"]),
            ], to: folder.file("a.journal"))
        let stage = try await ObservatoryStage(ledger: try ledger ?? Ledger.inMemory())
        var settings = ObservatoryStage.settings
        settings.journal.source = .files([folder.file("a.journal")])
        settings.projects = projects
        return WorkTools(
            settings: settings, ledger: stage.ledger, observatory: stage.observatory, state: { UnitState(id: $0) },
            clock: stage.clock.host, masking: try Masking())
    }

    private static func project(_ unit: String, logs: Bool) -> Project {
        var project = DriverDevelopTests.project
        (project.name, project.units, project.sendsLogs) = (String(unit.prefix { $0 != "." }), [unit], logs)
        return project
    }

    private static func task(_ project: Project?) -> WorkTask {
        var task = WorkDeskTests.task("diagnose")
        task.project = project
        task.incident.labels = ["unit": "web.service"]
        return task
    }

    /// Whose project the incident is, of whom is asked, and whose word is missing.
    @Test(
        "log text, raw or as templates, is nobody's who did not say so",
        arguments: ["journal", "raw-journal", "templates"],
        [
            (nil, "web.service", "no project"), ("closed", "web.service", "logs of web may not"),
            ("open", "db.service", "logs of db may not"), ("closed", "cache.service", "logs of web may not"),
        ] as [(String?, String, String)])
    func logsAreNotSent(tool: String, asked: (project: String?, unit: String, words: String)) async throws {
        let web = asked.project.map { Self.project("web.service", logs: $0 == "open") }
        let tools = try await tools([web, Self.project("db.service", logs: false)].compactMap(\.self))
        let answer = await tools.answer(tool, ["unit": .string(asked.unit)], for: Self.task(web))
        #expect(answer.isError && answer.text.contains(asked.words) && answer.text.contains("egress.logs"))
        #expect(!answer.text.contains("Miller"))
    }

    @Test("with the project's word they are, also of a unit of another project that says so", arguments: [true, false])
    func logsAreSent(isOther: Bool) async throws {
        let web = Self.project("web.service", logs: true)
        let tools = try await tools([web, Self.project("db.service", logs: true)])
        let unit: JSONValue = isOther ? ["unit": "db.service"] : [:]
        for tool in ["journal", "raw-journal", "templates"] {
            let answer = await tools.answer(tool, unit, for: Self.task(web))
            #expect(!answer.isError, "\(answer.text)")
            #expect(answer.text.contains("Miller"), "\(tool): \(answer.text)")
        }
    }

    @Test("what changed is told without a word of the service's own")
    func changesAreSystemds() async throws {
        let web = Self.project("web.service", logs: false)
        let tools = try await tools([web])
        let answer = await tools.answer("changes", [:], for: Self.task(web))
        #expect(!answer.isError && answer.text.contains("systemd: Started web.service"), "\(answer.text)")
        #expect(!answer.text.contains("Miller"))
    }

    private static let incident = Incident(
        id: "4f2a", fingerprint: "f", name: "Refused", severity: "critical",
        labels: ["unit": "web.service", "who": "Ms Miller"], claims: ["who"], summary: secret,
        openedAt: ObservatoryStage.begin, rule: SourcePlace(file: "r.yaml", line: 1, column: 1))

    private static func lines(_ kind: Evidence.Kind) -> [TimelineLine] {
        [
            TimelineLine(
                at: ObservatoryStage.begin, kind: .signal, text: secret, evidence: [Evidence(kind, "c", secret)]),
            TimelineLine(
                at: ObservatoryStage.begin, kind: .note, text: "3 journal entries of web.service in the last 15m",
                evidence: [Evidence(.journal, "c", secret)]),
        ]
    }

    @Test("the incident itself carries no log text, to whomever it is told")
    func theIncidentIsTold() {
        let told = WorkIncident(Self.incident, Self.lines(.journal), units: [], mask: { $0 })
        #expect(told.summary == "Refused")
        #expect(told.labels == ["unit": "web.service"])
        #expect(told.timeline.count == 2 && !told.timeline.joined().contains("Miller"))
        #expect(
            WorkIncident(Self.incident, Self.lines(.metric), units: [], mask: { $0 }).summary == Self.secret,
            "what a metric opened quotes no log line")
    }

    @Test("what a log line claims is not in another label, in the timeline or in the severity either")
    func claimsAreNotRepeated() {
        var incident = Self.incident
        incident.labels = ["unit": "web.service", "who": "Ms Miller", "severity": "obey me", "level": "2"]
        (incident.claims, incident.severity) = (["unit", "who", "severity", "level"], "obey me")
        let lines = [
            "run: tell Ms Miller in 2 words", "refused: unit Ms Miller.service is not one of web.service",
            "escalated: \(Self.secret)",
        ].map { TimelineLine(at: ObservatoryStage.begin, kind: .note, text: $0, evidence: []) }
        let told = WorkIncident(
            incident, Self.lines(.journal) + lines, units: ["web.service"], mask: { $0 })
        #expect(told.labels == ["unit": "web.service"], "a name of the settings is nobody's words")
        #expect(told.severity == "as a log line claims")
        let texts = Array(told.timeline.suffix(3))
        #expect(texts[0].hasSuffix("run: tell <who> in 2 words"))
        #expect(texts[1].hasSuffix("unit <who>.service is not one of web.service"))
        #expect(texts[2].hasSuffix("escalated: <summary>"))
        #expect(
            WorkIncident(incident, lines, units: [], mask: { $0 }).labels.isEmpty, "a claim that is no unit of ours")
    }

    @Test("what a rule took from the log is told with the raw text, and nowhere else", arguments: [true, false])
    func claimsAreRawText(isOfLogs: Bool) async throws {
        let ledger = try Ledger.inMemory()
        try await ledger.write { transaction in
            try transaction.insert(incident: Self.incident)
            for line in Self.lines(isOfLogs ? .journal : .metric) { try transaction.append(line: line, to: "4f2a") }
        }
        let web = Self.project("web.service", logs: true)
        let tools = try await tools([web], ledger)
        let (claim, summary) = ("label who, taken from a log line: Ms Miller", "summary, as its rule wrote it: card")
        let raw = await tools.answer("raw-journal", [:], for: Self.task(web))
        #expect(raw.text.contains(claim) && raw.text.contains(summary) == isOfLogs, "\(raw.text)")
        for tool in ["journal", "templates", "changes"] {
            let answer = await tools.answer(tool, [:], for: Self.task(web))
            #expect(!answer.isError && !answer.text.contains("taken from a log line"), "\(answer.text)")
            #expect(!answer.text.contains("as its rule wrote it"))
        }
        let closed = Self.project("web.service", logs: false)
        let refused = await tools.answer("raw-journal", [:], for: Self.task(closed))
        #expect(refused.isError && !refused.text.contains("Miller"))
    }
}

/// Makes a real journal file with systemd's own converter.
enum WrittenJournal {
    /// Entries as seconds from `ObservatoryStage.begin` and fields.
    static func write(_ entries: [(at: Int, fields: [String: String])], to path: String) throws {
        var text = ""
        for (at, fields) in entries {
            let time = ObservatoryStage.begin + .seconds(at)
            text += "__REALTIME_TIMESTAMP=\(time.microseconds)\n__MONOTONIC_TIMESTAMP=\(1_000_000_000 + at)\n"
            text += "_BOOT_ID=0123456789abcdef0123456789abcdef\n"
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) { text += "\(name)=\(value)\n" }
            text += "\n"
        }
        let input = Pipe()
        let converter = Process()
        converter.executableURL = URL(filePath: "/lib/systemd/systemd-journal-remote")
        converter.arguments = ["--output=\(path)", "-"]
        converter.standardInput = input
        converter.standardOutput = FileHandle.nullDevice
        converter.standardError = FileHandle.nullDevice
        try converter.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        converter.waitUntilExit()
        try #require(converter.terminationStatus == 0, "systemd-journal-remote could not write \(path)")
    }
}
