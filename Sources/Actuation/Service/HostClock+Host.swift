import CSystemd
import Glibc
public import Model

extension HostClock {
    /// The clocks of the host that this process runs on.
    public static let host = HostClock(
        now: { Stamp(wall: .now(), bootID: bootID, sinceBoot: sinceBoot()) },
        sleep: { try await Task.sleep(for: $0, clock: .continuous) })

    private static func sinceBoot() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension Timestamp {
    /// The wall clock now.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

/// The kernel's ID of this boot: 32 hexadecimal digits; "unknown" where /proc does not say, and then every process
/// start counts as the same boot.
private let bootID: String = {
    guard let file = fopen("/proc/sys/kernel/random/boot_id", "re") else { return "unknown" }
    defer { fclose(file) }
    var bytes = [CChar](repeating: 0, count: 64)
    guard fgets(&bytes, Int32(bytes.count), file) != nil else { return "unknown" }
    return String(bytes.lazy.filter { $0 > 0x2D }.map { Character(Unicode.Scalar(UInt8($0))) })
}()
