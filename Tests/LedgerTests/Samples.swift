import Foundation
import Model
import Synchronization

/// A directory that goes away with this object.
final class Scratch: Sendable {
    let path: String
    var ledger: String { path + "/ledger.sqlite" }

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/ledger-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // A left-over directory under /tmp fails no test.
        try? FileManager.default.removeItem(atPath: path)
    }
}

final class Log<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])
    func add(_ item: Item) { items.withLock { $0.append(item) } }
    var all: [Item] { items.withLock { $0 } }
}

extension Timestamp {
    static var sample: Timestamp { Timestamp(milliseconds: 1_800_000_000_000) }
}

extension Stamp {
    static func sample(_ seconds: Int64 = 0) -> Stamp {
        Stamp(
            wall: .sample + .seconds(seconds), bootID: "00000000000000000000000000000001",
            sinceBoot: .seconds(100 + seconds))
    }
}

extension Incident {
    static func sample(_ id: String = "4f2a000000000000", at: Timestamp = .sample) -> Incident {
        Incident(
            id: id, fingerprint: "f1", name: "UnitFailed", severity: "warning",
            labels: ["alertname": "UnitFailed", "unit": "nginx.service"], claims: ["who"],
            summary: "nginx.service failed", openedAt: at,
            rule: SourcePlace(file: "rules/units.yaml", line: 14, column: 5))
    }
}

extension TimelineLine {
    static func sample(
        _ text: String, kind: Kind = .signal, state: IncidentState? = nil, after seconds: Int64 = 0,
        runbook: String? = nil, severity: String? = nil
    ) -> TimelineLine {
        TimelineLine(
            at: .sample + .seconds(seconds), kind: kind, text: text,
            evidence: [
                Evidence(.journal, "s=1;i=2", "Main process exited"), Evidence(.rule, "rules/units.yaml:14"),
            ], state: state, runbook: runbook, severity: severity)
    }
}
