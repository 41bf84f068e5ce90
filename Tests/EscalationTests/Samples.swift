import Escalation
import Foundation
import HTTPClient
import Ledger
import Model
import Synchronization
import TestServer
import Text

extension Timestamp {
    static let night = Timestamp(parsing: "2026-11-24T03:12:07Z")!
}

extension Incident {
    static func sample(_ id: String = "4f2a000000000000", labels: Labels = [:]) -> Incident {
        Incident(
            id: id, fingerprint: "f1", name: "UnitFailed", severity: "warning",
            labels: labels.merging(["alertname": "UnitFailed", "unit": "nginx.service"]), claims: [],
            summary: "nginx.service failed", openedAt: .night,
            rule: SourcePlace(file: "rules/units.yaml", line: 14, column: 5))
    }
}

/// A clock on which sleeping takes no time; after `sleepsMax` sleeps it stands still until its sleeper is cancelled.
final class TestClock: Sendable {
    private let state = Mutex<(now: Duration, sleeps: [Duration])>((.zero, []))
    private let sleepsMax: Int

    init(sleepsMax: Int = 10_000) { self.sleepsMax = sleepsMax }

    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    var host: HostClock {
        HostClock(
            now: {
                let now = self.state.withLock { $0.now }
                return Stamp(wall: .night + now, bootID: "b1", sinceBoot: .seconds(1000) + now)
            },
            sleep: { duration in
                let count = self.state.withLock { state in
                    state.now += duration
                    state.sleeps.append(duration)
                    return state.sleeps.count
                }
                if count >= self.sleepsMax {
                    let (never, _) = AsyncStream<Void>.makeStream()
                    for await _ in never {}
                }
                try Task.checkCancellation()
            })
    }
}

/// A stream that a test waits on, of what a callback reports.
final class Signals<Item: Sendable>: Sendable {
    let stream: AsyncStream<Item>
    private let continuation: AsyncStream<Item>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func send(_ item: Item) { continuation.yield(item) }

    /// Returns once `condition` holds, looking after each report.
    func wait(until condition: () async throws -> Bool) async throws {
        for await _ in stream where try await condition() { return }
    }
}

/// What a receiver was sent.
final class Inbox: Sendable {
    private let all = Mutex<[String]>([])
    var keys: [String] { all.withLock { $0 } }
    /// The number of requests with this key so far, this one included.
    func add(_ request: TestServer.Request) -> (key: String, count: Int) {
        let key = request.headers["idempotency-key"] ?? "none"
        return all.withLock { all in
            all.append(key)
            return (key, all.count { $0 == key })
        }
    }
}

/// A ledger with an outbox that delivers to webhooks, and all that a test wants to know of it.
struct Bench {
    let ledger: Ledger
    let commits: Signals<Int>
    let clock: TestClock
    let log = Signals<String>()
    let outbox: Outbox

    init(
        _ webhooks: [String: Webhook], path: String? = nil, clock: TestClock = TestClock(), random: Double = 0.5
    ) async throws {
        let commits = Signals<Int>()
        let ledger =
            if let path { try await Ledger.open(path: path, onCommit: commits.send) } else {
                try Ledger.inMemory(onCommit: commits.send)
            }
        let settings = EscalationSettings(
            route: Route(receiver: "on-call"), receivers: webhooks.map { Receiver(name: $0, webhooks: [$1]) })
        self.ledger = ledger
        self.commits = commits
        self.clock = clock
        outbox = Outbox(
            ledger: ledger, settings: { settings }, client: HTTPClient(), clock: clock.host, random: { random },
            log: log.send)
    }

    func enqueue(_ keys: [String], incident: String = "4f2a000000000000", to receiver: String = "on-call") async throws
    {
        try await ledger.write { transaction in
            try transaction.insert(incident: .sample(incident))
            for key in keys {
                try transaction.enqueue(
                    OutboxRow(key: key, incident: incident, receiver: receiver, body: #"{"key":"\#(key)"}"#, at: .night)
                )
            }
        }
        outbox.wake()
    }

    func isEmpty() async throws -> Bool { try await ledger.read { try $0.pendingOutboxCount() } == 0 }

    /// Runs the outbox while `body` runs.
    func running<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        let task = Task { [outbox] in try await outbox.run() }
        let result = try await body()
        task.cancel()
        try await task.value
        return result
    }

    func lines(of incident: String = "4f2a000000000000") async throws -> [String] {
        try await ledger.read { try $0.timeline(of: incident).map(\.text) }
    }
}
