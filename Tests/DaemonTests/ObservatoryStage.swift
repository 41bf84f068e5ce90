import Detection
import Foundation
import Journal
import Ledger
import Logging
import Model
import Runbooks
import Scraper
import Synchronization
import Text

@testable import Daemon

/// One life of an observatory over a ledger, on a clock that a test moves.
struct ObservatoryStage {
    /// 2026-11-24T03:00:00Z, a multiple of every interval used here.
    static let begin = Timestamp(seconds: 1_795_489_200)

    let clock: SteppedClock
    let ledger: Ledger
    let observatory: Observatory
    let told = Told()

    init(
        rules: String = Self.rules, ledger: Ledger, clock: SteppedClock = SteppedClock(begin),
        log: LogLines = LogLines()
    ) async throws {
        self.clock = clock
        self.ledger = ledger
        observatory = try await Parts.observatory(
            Self.settings, try Self.content(rules), ledger, clock.host, try Masking(), log.logger)
        await observatory.setListener(told)
    }

    static let settings: Settings = {
        var settings = Settings()
        settings.evaluationInterval = .seconds(15)
        return settings
    }()

    static func content(_ rules: String) throws -> Content {
        Content(rules: try RuleSet.parse([(path: "rules.yaml", text: rules)]), runbooks: [])
    }

    static let rules = """
        groups:
          - name: test
            rules:
              - log: UnitFailed
                match: {_PID: 1, MESSAGE_ID: d9b373ed55a64feb8242e02dbe79a49c}
                labels: {severity: critical}
                annotations: {summary: "{{ $labels.unit }} failed"}
              - alert: TooHot
                expr: temperature > 40
              - alert: WarmForLong
                expr: temperature > 30
                for: 1m

        """

    /// systemd's own word that a unit failed.
    static func failure(of unit: String, cursor: String = "", after: Duration = .zero) -> LogEntry {
        LogEntry(
            cursor: cursor, at: begin + after,
            fields: [
                "_PID": "1", "UNIT": unit, "PRIORITY": "4", "MESSAGE": "\(unit): Failed with result 'signal'.",
                "MESSAGE_ID": "d9b373ed55a64feb8242e02dbe79a49c",
            ])
    }

    static func chatter(_ unit: String, priority: Int = 6) -> LogEntry {
        LogEntry(at: begin, fields: ["_SYSTEMD_UNIT": unit, "PRIORITY": "\(priority)", "MESSAGE": "hello"])
    }

    func take(_ entries: [LogEntry], cursor: String?, gaps: [JournalGap] = [], isAtEnd: Bool = true) async {
        await observatory.take(JournalBatch(entries: entries, cursor: cursor, gaps: gaps, isAtEnd: isAtEnd))
    }

    func measure(_ celsius: Double, _ labels: Labels = ["unit": "web.service"]) async {
        await observatory.take([(labels.merging(["__name__": "temperature"]), celsius)], at: clock.wall)
    }

    /// Lets the next evaluation come due, and performs it.
    func evaluate(after pause: Duration = .seconds(15)) async {
        clock.pass(pause)
        await observatory.evaluate()
    }

    func position() async throws -> JournalPositionRow? {
        try await ledger.read { try $0.journalPosition(source: JournalSource.system.description) }
    }

    func incidents() async throws -> [IncidentRecord] { try await ledger.read { try $0.incidents() } }

    func timeline(_ id: String) async throws -> [TimelineLine] { try await ledger.read { try $0.timeline(of: id) } }
}

/// Both clocks of a host, moved by the test alone.
final class SteppedClock: Sendable {
    private let state: Mutex<(wall: Timestamp, sinceBoot: Duration)>

    init(_ wall: Timestamp) { state = Mutex((wall, .seconds(1000))) }

    var wall: Timestamp { state.withLock { $0.wall } }

    func pass(_ time: Duration) {
        state.withLock { state in
            state.wall = state.wall + time
            state.sinceBoot += time
        }
    }

    var host: HostClock {
        HostClock(
            now: { [self] in
                state.withLock { Stamp(wall: $0.wall, bootID: "b0", sinceBoot: $0.sinceBoot) }
            },
            sleep: { [self] in
                pass($0)
                await Task.yield()
            })
    }
}

/// Writes down what the listener is told, in order.
final class Told: IncidentListener {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func incidentOpened(_ incident: Incident) async { note("opened \(incident.name)") }
    func incidentUnstored(_ incident: Incident, _ why: Fault) async { note("unstored \(incident.name): \(why.code)") }
    func incidentJoined(_ incident: Incident) async {
        note("joined \(incident.name) as \(incident.labels["alertname"] ?? "")")
    }
    func signalEnded(_ incident: String) async { note("ended") }

    private func note(_ line: String) { lines.withLock { $0.append(line) } }
}

/// What was logged, a line each.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .info
        let lines: LogLines

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.lines.withLock { $0.append("\(event.level): \(event.message)") } }
    }
}
