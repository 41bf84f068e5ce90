import Glibc

/// SIGTERM and SIGINT as an event. To be made before any other thread, which all inherit that these are blocked.
struct StopSignal: Sendable {
    /// Ends with the first of the signals.
    let stopped: AsyncStream<Void>

    init() {
        let (stopped, input) = AsyncStream<Void>.makeStream()
        self.stopped = stopped
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let awaited = signals
        DetachedThread.start {
            var awaited = awaited
            var signal: Int32 = 0
            _ = sigwait(&awaited, &signal)
            input.finish()
        }
    }

    func wait() async {
        for await _ in stopped {}
    }
}
