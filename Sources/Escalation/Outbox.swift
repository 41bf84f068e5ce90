public import HTTPClient
public import Ledger
public import Model
internal import Synchronization

/// Delivers the ledger's outbox: at least once, in order for each incident and receiver, for as long as it takes.
///
/// Every try carries the message's key in `Idempotency-Key` and in its body. Failures (no answer, 408, 429, 5xx) are
/// tried again after 1 s, doubling to 60 s, for ever; what a receiver refuses (any other answer but 2xx) is tried again
/// each quarter of an hour and holds up nothing behind it. What became of a message is on its incident's timeline.
public final class Outbox: Sendable {
    public struct Statistics: Sendable, Hashable {
        /// Messages that arrived.
        public var delivered = 0
        /// Tries that failed, and tries that were refused.
        public var failed = 0
        public var refused = 0
        /// Messages known and not delivered, and of them those that are in memory only.
        public var waiting = 0
        public var unstored = 0
        /// Messages in memory only that were dropped because there were too many.
        public var dropped = 0
    }

    struct State {
        var lanes = Lanes()
        var statistics = Statistics()
        var slots: [String: Slots] = [:]
        /// Channels of which the ledger holds more messages than were loaded.
        var partial: Set<String> = []
        /// Delivered while the ledger did not know them: recorded as soon as it does.
        var deliveredFromMemory: [String: Delivery] = [:]
        /// What could not be recorded yet.
        var unrecorded: [Record] = []
        /// Delivered messages that a look into the ledger may still find waiting; true once they are recorded.
        var settled: [String: Bool] = [:]
    }

    static let loadedMax = 500
    static let memoryMax = 1000
    static let concurrentMax = 4

    let ledger: Ledger
    let settings: @Sendable () -> EscalationSettings?
    let client: HTTPClient
    let clock: HostClock
    let random: @Sendable () -> Double
    let log: @Sendable (String) -> Void
    let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wakeContinuation: AsyncStream<Void>.Continuation

    /// `settings` is asked at every try, so that a reload counts at once; `random` gives 0 ..< 1; `log` hears sentences
    /// about what failed, without secrets.
    public init(
        ledger: Ledger, settings: @escaping @Sendable () -> EscalationSettings?, client: HTTPClient, clock: HostClock,
        random: @escaping @Sendable () -> Double, log: @escaping @Sendable (String) -> Void
    ) {
        self.ledger = ledger
        self.settings = settings
        self.client = client
        self.clock = clock
        self.random = random
        self.log = log
        (wakes, wakeContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    public var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waiting = state.lanes.count
            return statistics
        }
    }

    /// Looks into the ledger for new messages; to be called after each commit that enqueued some.
    public func wake() { wakeContinuation.yield() }

    /// Sends messages that the ledger could not take, under the same keys that it will give them.
    ///
    /// Once the ledger knows such a key, what became of it is recorded there. At most 1,000 are kept.
    public func send(fromMemory rows: [OutboxRow]) {
        state.withLock { state in
            for row in rows where !state.lanes.contains(row.key) && state.deliveredFromMemory[row.key] == nil {
                guard state.statistics.unstored < Self.memoryMax else {
                    state.statistics.dropped += 1
                    continue
                }
                state.statistics.unstored += 1
                state.lanes.add(
                    Lanes.Message(key: row.key, incident: row.incident, channel: row.receiver, unstored: row))
            }
        }
        wake()
    }

    /// Delivers until the task is cancelled; what is not delivered then stays in the ledger. Runs once.
    public func run() async throws {
        wake()
        await withDiscardingTaskGroup { group in
            for await _ in wakes {
                if await !load() {
                    group.addTask {
                        // Cancelled: nobody needs to look again.
                        guard (try? await self.clock.sleep(Backoff.most)) != nil else { return }
                        self.wake()
                    }
                }
                for lane in state.withLock({ $0.lanes.takeIdle() }) {
                    group.addTask { await self.work(lane) }
                }
            }
            group.cancelAll()
        }
    }

    /// Adds what the ledger holds and nobody works on yet; false where it cannot be read.
    private func load() async -> Bool {
        let recorded = state.withLock { $0.settled.filter(\.value).keys }
        let pending: [PendingMessage]
        do {
            pending = try await ledger.read { try $0.pendingOutbox(perReceiver: Self.loadedMax) }
        } catch {
            log("the outbox cannot be read: \(error)")
            return false
        }
        let now = clock.now().wall
        var records: [Record] = []
        state.withLock { state in
            state.partial = Set(
                Dictionary(grouping: pending, by: \.receiver).filter { $1.count >= Self.loadedMax }.keys)
            for message in pending {
                if let delivery = state.deliveredFromMemory.removeValue(forKey: message.key) {
                    state.settled[message.key] = false
                    records.append(Record(delivery, incident: message.incident, line: nil))
                } else if state.lanes.contains(message.key) {
                    if state.lanes.markStored(message.key) { state.statistics.unstored -= 1 }
                } else if state.settled[message.key] == nil {
                    state.lanes.add(Lanes.Message(message, now: now))
                }
            }
            // This look began after they were recorded: no later one finds them waiting.
            for key in recorded { state.settled[key] = nil }
        }
        await record(records)
        return true
    }
}

extension Lanes.Message {
    /// Goes on where the last recorded try left off; a stepped clock makes no one wait longer than a pause can be.
    init(_ pending: PendingMessage, now: Timestamp) {
        let isRefused = pending.last?.outcome == .refused
        let most = isRefused ? Backoff.refused : Backoff.most
        self.init(
            key: pending.key, incident: pending.incident, channel: pending.receiver,
            attempts: pending.last?.attempt ?? 0,
            wait: min(most, max(.zero, pending.last?.nextAt.map { $0 - now } ?? .zero)), isRefused: isRefused)
    }
}
