import CLinux
import CSystemd
import Glibc
import Model

/// What the kernel says of this host without any exporter, as series.
struct HostSamples: Sendable {
    /// `host_filesystem_avail_ratio{mountpoint}`, `host_clock_synchronized`, `host_clock_offset_seconds`,
    /// `host_boot_time_seconds` and `host_memory_available_bytes`; each is missing where the kernel does not say.
    static func read() -> [(Labels, Double)] {
        filesystems() + clock() + memory()
    }

    private static func named(_ name: String, _ labels: [String: String] = [:]) -> Labels {
        Labels(labels).merging(["__name__": name])
    }

    /// Mounted block-device and overlay filesystems; a mount point that hides behind another is read once.
    private static func filesystems() -> [(Labels, Double)] {
        var samples: [(Labels, Double)] = []
        var seen: Set<String> = []
        for line in TextFile.lines("/proc/self/mounts") {
            let words = line.split(separator: " ")
            guard words.count >= 3, words[0].hasPrefix("/") || words[2] == "overlay" || words[2] == "tmpfs" else {
                continue
            }
            let point = unescaped(words[1])
            guard seen.insert(point).inserted else { continue }
            var info = statvfs()
            guard statvfs(point, &info) == 0, info.f_blocks > 0 else { continue }
            samples.append(
                (
                    named("host_filesystem_avail_ratio", ["mountpoint": point]),
                    Double(info.f_bavail) / Double(info.f_blocks)
                ))
        }
        return samples
    }

    /// /proc/mounts writes spaces and the like as three octal digits.
    static func unescaped(_ text: Substring) -> String {
        var out: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == 92, bytes.count >= 3,
                let code = UInt8(String(decoding: bytes.prefix(3), as: UTF8.self), radix: 8)
            {
                out.append(code)
                bytes = bytes.dropFirst(3)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func clock() -> [(Labels, Double)] {
        var state = timex()
        let answer = adjtimex(&state)
        guard answer >= 0 else { return [] }
        let unit = state.status & STA_NANO != 0 ? 1e-9 : 1e-6
        return [
            (named("host_clock_synchronized"), answer == TIME_ERROR || state.status & STA_UNSYNC != 0 ? 0 : 1),
            (named("host_clock_offset_seconds"), Double(state.offset) * unit),
        ]
    }

    private static func memory() -> [(Labels, Double)] {
        for line in TextFile.lines("/proc/meminfo") where line.hasPrefix("MemAvailable:") {
            if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) }) {
                return [(named("host_memory_available_bytes"), kilobytes * 1024)]
            }
        }
        return []
    }
}

/// Small files that the kernel or an operator wrote.
enum TextFile {
    /// The lines of a file; none where it cannot be read (a process that ended, a feature that the kernel lacks).
    static func lines(_ path: String) -> [Substring] {
        guard let text = contents(path) else { return [] }
        return text.split(separator: "\n")
    }

    /// Nil where the file cannot be read; errno then says why. At most 1 MiB is read.
    static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 1 << 20 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
