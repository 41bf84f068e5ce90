import Actuation
import Delivery
import Foundation
import Journal
import Ledger
import Model
import Testing
import Text

@testable import Daemon

/// Where there is more than an answer holds: what is nearest to the incident stays, and the answer says what does not.
@Suite struct WorkToolsBoundsTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    private func entry(_ number: Int, _ message: String) -> LogEntry {
        LogEntry(at: ObservatoryStage.begin + .seconds(number), fields: ["MESSAGE": message])
    }

    private func lines(
        _ entries: [LogEntry], near: Int, kinds: Int = 80, bytesMax: Int = 16_000, around second: Int = 1000
    ) -> [String] {
        Nearest.lines(
            entries, around: ObservatoryStage.begin + .seconds(second), near: near, kinds: kinds, bytesMax: bytesMax
        ) { $0.message }
    }

    @Test func aFloodOfOneKindHidesNoOther() {
        let flood = (0..<500).map { entry($0 + 1, "request \($0) took \($0) ms") }
        let told = lines([entry(0, "lost update on account 7")] + flood, near: 10)
        #expect(told.count == 12)
        #expect(told.first == "lost update on account 7" && told.last == "request 499 took 499 ms")
    }

    @Test func kindsWithoutEndAreBounded() {
        let words = (0..<300).map { number in
            String(repeating: "x", count: number % 20 + 1) + "\(number / 20)".map { _ in "y" }.joined()
        }
        #expect(lines(words.enumerated().map { entry($0, "\($1) failed") }, near: 0, kinds: 5).count == 5)
        #expect(lines([], near: 10).isEmpty)
    }

    @Test("of lines that do not fit, the incident's own stay, and beside them other kinds", arguments: [0, 250, 499])
    func roomIsForTheNearest(incident: Int) {
        let long = String(repeating: "z", count: 60)
        let flood = (1..<500).map { entry($0, "request \($0) \(long) \(long)") }
        let told = lines([entry(0, "lost update")] + flood, near: 200, bytesMax: 4000, around: incident)
        #expect(told.joined(separator: "\n").utf8.count <= 4000)
        #expect(told.first == "lost update", "another kind is not hidden")
        for at in max(1, incident - 3)...min(499, incident + 3) {
            #expect(told.contains { $0.hasPrefix("request \(at) ") }, "\(at) is nearest to \(incident)")
        }
    }

    @Test func aWindowHasHalfOfEachSide() {
        #expect(Nearest.window(10, middle: 5, max: 4) == 3..<7)
        #expect(Nearest.window(10, middle: 0, max: 4) == 0..<4)
        #expect(Nearest.window(10, middle: 10, max: 4) == 6..<10)
        #expect(Nearest.window(3, middle: 1, max: 4) == 0..<3)
        #expect(Nearest.window(0, middle: 0, max: 4) == 0..<0)
    }

    @Test func aTextThatIsTooLongLosesLinesOfItsMiddle() {
        let text = (0..<1000).map { "line \($0) of it" }.joined(separator: "\n")
        let fitted = Nearest.fitted(text, bytesMax: 2000)
        #expect(fitted.utf8.count <= 2000 && fitted.hasPrefix("line 0 of it\n") && fitted.hasSuffix("\nline 999 of it"))
        let lines = fitted.split(separator: "\n")
        let left = lines.filter { $0.contains("lines of the middle are left out") }
        #expect(left == ["… (\(1000 - lines.count + 1) lines of the middle are left out; ask for less)"])
        #expect(Nearest.fitted("short", bytesMax: 2000) == "short")
        let one = Nearest.fitted(String(repeating: "é", count: 3000), bytesMax: 2000)
        #expect(one.utf8.count <= 2010 && one.contains("(cut: 4100 bytes more; ask for less)"))
    }

    // MARK: - Over a journal

    private static let web: Project = {
        var project = DriverDevelopTests.project
        (project.units, project.sendsLogs) = (["web.service"], true)
        return project
    }()

    private static func task() -> WorkTask {
        var task = WorkDeskTests.task("diagnose")
        task.project = web
        task.incident.labels = ["unit": "web.service"]
        return task
    }

    /// A service with a line a second from ten minutes before the incident until ten after, and a restart of it before.
    private func tools(
        unit: UnitState = UnitState(id: "web.service"), entriesMax: Int = 10_000, readMax: Int = 50_000,
        padding: String = ""
    ) async throws -> WorkTools {
        let service = (-600..<600).map { second in
            let kind = second < 0 ? "served" : "refused"
            return (
                second,
                ["_PID": "77", "_SYSTEMD_UNIT": "web.service", "MESSAGE": "\(kind) request \(second)\(padding)"]
            )
        }
        let systemd = (-599, ["_PID": "1", "UNIT": "web.service", "MESSAGE": "Started web.service - The shop."])
        try WrittenJournal.write(
            [service[0], systemd] + service[1...], to: folder.file("a.journal"))
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        stage.clock.pass(.seconds(600))
        var settings = ObservatoryStage.settings
        settings.journal.source = .files([folder.file("a.journal")])
        settings.projects = [Self.web]
        return WorkTools(
            settings: settings, ledger: stage.ledger, observatory: stage.observatory, state: { _ in unit },
            clock: stage.clock.host, masking: try Masking(), entriesMax: entriesMax, entriesReadMax: readMax)
    }

    @Test("where reading stops, what is nearest to the incident was read, and the answer says what was not")
    func readMax() async throws {
        let tools = try await tools(entriesMax: 50, readMax: 100)
        let templates = await tools.answer("templates", [:], for: Self.task()).text
        #expect(templates.contains("50\t0\t6\tserved request <*>"), "\(templates)")
        #expect(templates.contains("0\t50\t6\trefused request <*>"), "the incident is there: \(templates)")
        #expect(templates.contains("only the 100 nearest to the incident were"), "\(templates)")
        for tool in ["journal", "raw-journal"] {
            let text = await tools.answer(tool, [:], for: Self.task()).text
            #expect(text.contains("more than 200 entries of web.service"), "\(text)")
            #expect(text.contains("only the 100 nearest to the incident were, from"), "\(text)")
        }
        let raw = await tools.answer("raw-journal", [:], for: Self.task()).text
        #expect(raw.contains("served request -1\n") && raw.contains("refused request 0\n"), "\(raw)")
    }

    @Test("where the text is too long, what is nearest to the incident stays, in whole lines")
    func textMax() async throws {
        let tools = try await tools(padding: " " + String(repeating: "z", count: 450) + " end")
        let raw = await tools.answer("raw-journal", [:], for: Self.task()).text
        #expect(raw.utf8.count <= WorkTools.textMax && raw.utf8.count > WorkTools.textMax / 2)
        let lines = raw.split(separator: "\n").dropFirst()
        #expect(lines.allSatisfy { $0.hasSuffix(" end") || $0.contains("Started web.service") })
        for second in -5...5 { #expect(raw.contains("request \(second) z"), "\(second)") }
        #expect(raw.contains("Started web.service") && !raw.contains("request 599 z"))
    }

    @Test func whatIsReadWholeSaysNothing() async throws {
        let text = await (try tools()).answer("templates", [:], for: Self.task()).text
        #expect(text.contains("600\t0\t6\tserved request <*>") && text.contains("0\t600\t6\trefused"), "\(text)")
        #expect(!text.contains("too many"))
    }

    @Test("a service that speaks without end hides no restart of it")
    func changes() async throws {
        let answer = await (try tools(entriesMax: 5, readMax: 5)).answer("changes", [:], for: Self.task())
        #expect(answer.text.contains("systemd: Started web.service"), "\(answer.text)")
        #expect(!answer.text.contains("request") && !answer.text.contains("too many"), "\(answer.text)")
    }

    @Test("a unit's files count from their modification")
    func unitFiles() async throws {
        var unit = UnitState(id: "web.service", fragment: folder.file("web.service"))
        unit.dropIns = [folder.file("new.conf"), folder.file("old.conf"), folder.file("gone.conf")]
        for (name, hours) in [("web.service", -2), ("new.conf", -1), ("old.conf", -48)] {
            try "[Service]".write(toFile: folder.file(name), atomically: true, encoding: .utf8)
            let seconds = (ObservatoryStage.begin + .seconds(hours * 3600)).seconds
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: folder.file(name))
        }
        let text = await (try tools(unit: unit)).answer("changes", [:], for: Self.task()).text
        let modified = text.split(separator: "\n").filter { $0.contains("unit file modified: ") }
        #expect(modified.count == 2, "\(text)")
        #expect(modified[0].hasSuffix("web.service") && modified[1].hasSuffix("new.conf"))
        #expect(modified[0].hasPrefix("\(ObservatoryStage.begin - .seconds(7200))"))
    }

    @Test("newest first, bounded, and never outside of the stretch")
    func readBack() async throws {
        _ = try await tools()
        let reader = try JournalReader(.files([folder.file("a.journal")]), matches: ["_PID=77"])
        var seen: [Timestamp] = []
        let begin = ObservatoryStage.begin
        try reader.readBack(from: begin - .seconds(3), through: begin, fields: nil) { entry in
            seen.append(entry.at)
            return true
        }
        #expect(seen == [0, -1, -2, -3].map { begin + .seconds($0) })
        seen = []
        try reader.readBack(from: begin - .seconds(3), through: begin, fields: []) { entry in
            seen.append(entry.at)
            return seen.count < 2
        }
        #expect(seen.count == 2)
    }

    // MARK: - Series

    @Test("a wrong expression is an error, and proves nothing", arguments: ["sum(", "up[5m", "nosuch(up)", ""])
    func wrongExpression(text: String) async throws {
        let answer = await (try tools()).answer("metrics", ["expr": .string(text)], for: Self.task())
        #expect(answer.isError && !answer.text.contains("\"status\""), "\(answer.text)")
        let right = await (try tools()).answer("metrics", ["expr": "1 + 1"], for: Self.task())
        #expect(!right.isError && right.text.contains("success"))
    }

    @Test(
        "what a log line gave an alert is not told by any selector",
        arguments: [
            ("ALERTS", true), ("ALERTS_FOR_STATE{unit='web.service'}", true), ("{__name__=~'AL.*'}", false),
            ("{unit='web.service'}", false), ("count by (who) ({__name__!=''})", false),
            ("{unit='web.service'}[1h]", false),
        ])
    func alerts(expression: String, isError: Bool) async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let now = stage.clock.host.now().wall
        await stage.observatory.take(
            [
                (["__name__": "ALERTS", "who": "Miller", "unit": "web.service"], 1),
                (["__name__": "ALERTS_FOR_STATE", "who": "Miller", "unit": "web.service"], 1),
                (["__name__": "up", "unit": "web.service"], 1),
            ], at: now)
        let tools = WorkTools(
            settings: ObservatoryStage.settings, ledger: stage.ledger, observatory: stage.observatory,
            state: { UnitState(id: $0) }, clock: stage.clock.host, masking: try Masking())
        let answer = await tools.answer("metrics", ["expr": .string(expression)], for: Self.task())
        #expect(answer.isError == isError && !answer.text.contains("Miller"), "\(answer.text)")
        let own = await stage.observatory.query("ALERTS", at: now)
        #expect(own.contains("Miller"), "people see them as ever")
    }
}
