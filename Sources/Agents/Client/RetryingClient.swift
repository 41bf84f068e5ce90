public import Model

/// Sends a request again after trouble that may pass, within bounds.
///
/// It waits as long as the vendor says, else twice as long each time, a quarter more or less at random. The usage of a
/// reply or an error covers every try. Text of a try that failed has been passed on too; `onRetry` tells of each.
public struct RetryingClient: ModelClient {
    public struct Policy: Sendable, Hashable {
        /// Tries in all, the first one counted.
        public var tries: Int
        /// Before the second try.
        public var pause: Duration
        public var pauseMax: Duration
        /// For everything, from the first try to the last answer.
        public var wall: Duration

        public init(
            tries: Int = 4, pause: Duration = .seconds(1), pauseMax: Duration = .seconds(30),
            wall: Duration = .seconds(600)
        ) {
            self.tries = tries
            self.pause = pause
            self.pauseMax = pauseMax
            self.wall = wall
        }
    }

    /// A try that failed and is to be followed by another.
    public struct Retry: Sendable, Hashable {
        public var failed: ModelError
        /// Tries made so far.
        public var tries: Int
        public var pause: Duration
        /// Of the policy's time, once the pause is over.
        public var left: Duration
        /// What all tries so far may cost.
        public var usage: ModelUsage

        public init(failed: ModelError, tries: Int, pause: Duration, left: Duration, usage: ModelUsage) {
            self.failed = failed
            self.tries = tries
            self.pause = pause
            self.left = left
            self.usage = usage
        }
    }

    private let client: any ModelClient
    private let policy: Policy
    private let clock: HostClock
    private let random: @Sendable () -> Double
    private let onRetry: @Sendable (Retry) async -> Duration?

    /// - Parameters:
    ///   - random: from 0 up to 1.
    ///   - onRetry: called before each pause: how long the next try may take; nil ends it there, such as where the
    ///     budget would not bear another.
    public init(
        _ client: any ModelClient, policy: Policy = Policy(), clock: HostClock,
        random: @escaping @Sendable () -> Double,
        onRetry: @escaping @Sendable (Retry) async -> Duration? = { $0.left }
    ) {
        self.client = client
        self.policy = policy
        self.clock = clock
        self.random = random
        self.onRetry = onRetry
    }

    public var model: String { client.model }
    public var hasTools: Bool { client.hasTools }

    public func send(
        _ request: ModelRequest, onText: @Sendable (String) -> Void
    ) async throws(ModelError) -> ModelReply {
        let start = clock.now()
        var request = request
        var usage = ModelUsage()
        var tries = 0
        while true {
            tries += 1
            do throws(ModelError) {
                var reply = try await client.send(request, onText: onText)
                reply.usage = reply.usage + usage
                return reply
            } catch {
                var error = error
                usage = usage + error.usage
                error.usage = usage
                let pause = pause(after: tries, error)
                let left = policy.wall - clock.now().since(start) - pause
                guard error.isTransient, policy.tries > tries, left > .zero,
                    let most = await onRetry(
                        Retry(failed: error, tries: tries, pause: pause, left: left, usage: usage)), most > .zero
                else { throw tries > 1 ? Self.told(error, tries) : error }
                try await sleep(pause, usage)
                request.timeout = min(request.timeout, most)
            }
        }
    }

    private func pause(after tries: Int, _ error: ModelError) -> Duration {
        if let asked = error.retryAfter { return asked }
        let doubled = policy.pause * (1 << min(tries - 1, 16))
        return min(doubled, policy.pauseMax) * (0.75 + random() / 2)
    }

    private func sleep(_ pause: Duration, _ usage: ModelUsage) async throws(ModelError) {
        do {
            try await clock.sleep(pause)
        } catch {
            throw ModelError(.cancelled, "waiting for another try was cancelled", usage: usage)
        }
    }

    private static func told(_ error: ModelError, _ tries: Int) -> ModelError {
        var error = error
        error.message = "\(error.message) (after \(tries) tries)"
        return error
    }
}
