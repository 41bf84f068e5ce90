public import HTTPClient
public import Model
internal import Synchronization

/// Tells somebody outside, again and again, that all is well; when that stops, they know that we died.
public final class Deadman: Sendable {
    public struct Statistics: Sendable, Hashable {
        public var beats = 0
        /// Beats that did not arrive.
        public var failures = 0
        /// Beats that were not sent, because all was not well.
        public var withheld = 0
    }

    private let url: String
    private let every: Duration
    private let client: HTTPClient
    private let clock: HostClock
    private let isHealthy: @Sendable () async -> Bool
    private let log: @Sendable (String) -> Void
    private let counts = Mutex(Statistics())

    /// `isHealthy` is asked before each beat; `log` hears a sentence when beats begin to fail, and when they arrive
    /// again.
    public init(
        url: String, every: Duration, client: HTTPClient, clock: HostClock,
        isHealthy: @escaping @Sendable () async -> Bool, log: @escaping @Sendable (String) -> Void
    ) {
        self.url = url
        self.every = every
        self.client = client
        self.clock = clock
        self.isHealthy = isHealthy
        self.log = log
    }

    public var statistics: Statistics { counts.withLock { $0 } }

    /// Beats at once and then every `every`, until the task is cancelled.
    public func run() async throws {
        var isFailing = false
        while !Task.isCancelled {
            if await isHealthy() {
                let problem = await beat()
                if Task.isCancelled { return }
                counts.withLock {
                    if problem == nil { $0.beats += 1 } else { $0.failures += 1 }
                }
                if let problem, !isFailing { log("the dead-man's switch was not reached: \(problem)") }
                if problem == nil, isFailing { log("the dead-man's switch is reached again") }
                isFailing = problem != nil
            } else {
                counts.withLock { $0.withheld += 1 }
            }
            do { try await clock.sleep(every) } catch { return }  // cancelled: we are asked to stop
        }
    }

    /// Nil where the beat arrived. The address is a secret of its own: no text names it.
    private func beat() async -> String? {
        do {
            let response = try await client.send(
                HTTPRequest(
                    url: url, headers: [(name: "User-Agent", value: "nightshift")],
                    timeout: min(max(every, .seconds(1)), .seconds(10)), bodyLimit: 64 << 10,
                    name: "the dead-man's switch"))
            return (200..<300).contains(response.status) ? nil : "HTTP \(response.status)"
        } catch {
            return error.description
        }
    }
}
