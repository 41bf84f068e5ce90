import CSystemd
import Glibc
public import Model

extension HostClock {
    /// This host's clocks.
    public static let system = HostClock(
        now: { Stamp(wall: .fromKernel(), bootID: currentBootID, sinceBoot: sinceBoot()) },
        sleep: { try await Task.sleep(for: $0, clock: .continuous) })

    private static func sinceBoot() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension Timestamp {
    /// The wall clock now.
    public static func fromKernel() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

/// The kernel's ID of this boot, without dashes; "unknown" where /proc does not say.
private let currentBootID: String =
    TextFile.contents("/proc/sys/kernel/random/boot_id")?
    .filter { $0.isHexDigit }.lowercased() ?? "unknown"
