import Actuation
import Detection
import Escalation
import FoundationEssentials
public import Incidents
import Journal
import Ledger
import Logging
import Model
import Runbooks
import Text

/// Shows what rules and runbooks make of a recorded journal, in memory: nothing acts, nobody is told, nothing is stored.
public enum Replay {
    /// The incidents that open, each with its timeline, the oldest first.
    ///
    /// `journal` is what `journalctl --output=json` prints; its last entry counts as written just now, and the others as
    /// much earlier as they were. A Fault or Diagnostics says what of it cannot be read.
    public static func incidents(journal: String, rules: String, runbooks: [String]) async throws -> [IncidentView] {
        let content = Content(
            rules: try RuleSet.parse([(path: "rules.yaml", text: rules)]),
            runbooks: try runbooks.map { try Runbook.parse($0, file: "runbook.yaml") })
        let ledger = try Ledger.inMemory()
        let (clock, masking) = (HostClock.host, try Masking())
        let logger = Logger(label: "replay") { _ in SwiftLogNoOpLogHandler() }
        let observatory = try await Parts.observatory(Settings(), content, ledger, clock, masking, logger)
        let driver = Driver(
            DriverParts(
                ledger: ledger, executor: nil, runbooks: { content.runbooks }, observations: observatory,
                send: { _ throws(Fault) in throw Fault("replay.http", "a recording sends no request") },
                pager: Pager(settings: nil, masking: masking, externalURL: ""), wakeOutbox: {},
                sendFromMemory: { _ in },
                clock: clock, masking: masking, protectedUnits: ProtectedUnits(),
                actionLimit: Budget(count: 1, per: .seconds(3600)), runsDirectory: "/nowhere", logger: logger))
        await observatory.setListener(driver)
        let entries = try moved(RecordedEntries.parse(journal), to: clock.now().wall)
        try await withThrowingTaskGroup { group in
            group.addTask { try await driver.run() }
            await observatory.take(JournalBatch(entries: entries, cursor: entries.last?.cursor))
            await observatory.evaluate()
            for _ in 0..<200 {
                if await driver.isIdle { break }
                try await clock.sleep(.milliseconds(10))
            }
            group.cancelAll()
        }
        return try await ledger.read { reader in
            try reader.incidents().reversed().map {
                IncidentView($0, timeline: try reader.timeline(of: $0.incident.id))
            }
        }
    }

    private static func moved(_ entries: [LogEntry], to end: Timestamp) -> [LogEntry] {
        guard let last = entries.last?.at else { return [] }
        return entries.map { entry in
            var entry = entry
            entry.at = end - (last - entry.at)
            return entry
        }
    }
}

/// Journal entries as text.
enum RecordedEntries {
    /// What `journalctl --output=json` prints: an object a line. Fields whose values are too long to be printed are null,
    /// bytes that are no text are numbers, and a field that occurs twice is a list, of which the first counts.
    static func parse(_ text: String) throws(Fault) -> [LogEntry] {
        var entries: [LogEntry] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            do {
                let values = try JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))
                guard let at = values["__REALTIME_TIMESTAMP"]?.string.flatMap({ Int64($0) }) else {
                    throw Fault("journal.line", "it has no __REALTIME_TIMESTAMP")
                }
                entries.append(
                    LogEntry(
                        cursor: values["__CURSOR"]?.string ?? "", at: Timestamp(microseconds: at),
                        fields: values.filter { !$0.key.hasPrefix("__") }.compactMapValues(Self.text)))
            } catch {
                let reason = (error as? Fault)?.message ?? "it is no JSON object"
                throw Fault("journal.line", "line \(number + 1) is not an entry as journalctl prints it: \(reason)")
            }
        }
        return entries
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): return text
        case .array(let items):
            if case .number? = items.first {
                return String(decoding: items.compactMap { $0.number.flatMap { UInt8(exactly: $0) } }, as: UTF8.self)
            }
            return items.first.flatMap(text)
        case .null, .bool, .number, .object: return nil
        }
    }
}
