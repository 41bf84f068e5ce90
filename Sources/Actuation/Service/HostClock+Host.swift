import CSystemd
import Glibc
import Model

extension HostClock {
    /// The clocks of the host that this process runs on.
    static let host = HostClock(
        now: {
            var wall = timespec()
            var boot = timespec()
            clock_gettime(CLOCK_REALTIME, &wall)
            clock_gettime(CLOCK_BOOTTIME, &boot)
            return Stamp(
                wall: Timestamp(microseconds: Int64(wall.tv_sec) * 1_000_000 + Int64(wall.tv_nsec) / 1000),
                bootID: bootID, sinceBoot: .seconds(boot.tv_sec) + .nanoseconds(boot.tv_nsec))
        },
        sleep: { try await Task.sleep(for: $0, clock: .continuous) })
}

/// 32 hexadecimal digits; "unknown" where /proc does not say, and then every process start counts as the same boot.
private let bootID: String = {
    guard let file = fopen("/proc/sys/kernel/random/boot_id", "re") else { return "unknown" }
    defer { fclose(file) }
    var bytes = [CChar](repeating: 0, count: 64)
    guard fgets(&bytes, Int32(bytes.count), file) != nil else { return "unknown" }
    return String(bytes.lazy.filter { $0 > 0x2D }.map { Character(Unicode.Scalar(UInt8($0))) })
}()
