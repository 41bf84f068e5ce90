import CSystemd
import Glibc
import Model
import ServiceLifecycle

/// What systemd wants to hear of a service of `Type=notify`; without systemd each call does nothing.
enum Readiness {
    static func ready(_ status: String) { notify("READY=1\nSTATUS=\(status)") }
    static func status(_ text: String) { notify("STATUS=\(text)") }
    static func stopping() { notify("STOPPING=1\nSTATUS=stopping") }

    /// Before and after a reload, so that `systemctl reload` waits for its end.
    static func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let microseconds = UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
        notify("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    static func alive() { notify("WATCHDOG=1") }

    /// How long systemd waits for `alive` before it kills us; nil where it does not.
    static var watchdog: Duration? {
        var microseconds: UInt64 = 0
        return sd_watchdog_enabled(0, &microseconds) > 0 ? .microseconds(Int64(microseconds)) : nil
    }

    /// systemd listens on a datagram socket; where it cannot be reached there is no one to tell.
    private static func notify(_ state: String) { _ = sd_notify(0, state) }
}

/// Pets systemd's watchdog, but only while the parts that matter still move.
struct WatchdogService: Service {
    let clock: HostClock
    /// Nil when all is well, else what hangs.
    let trouble: @Sendable () async -> String?

    func run() async throws {
        guard let limit = Readiness.watchdog else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if let trouble = await trouble() {
                    Readiness.status("not well: \(trouble)")
                } else {
                    Readiness.alive()
                }
                do { try await clock.sleep(limit / 3) } catch { return }  // cancelled: we are asked to stop
            }
        }
    }
}
