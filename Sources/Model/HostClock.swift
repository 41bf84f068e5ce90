/// The two clocks of a host and the way to wait on them, as parameters of everything that lives in time.
///
/// The real one stands at the edge; a simulated one lets a whole day pass in a second.
public struct HostClock: Sendable {
    public var now: @Sendable () -> Stamp
    /// Returns after at least this long by the boot clock; throws CancellationError when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> Stamp, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }
}
