import Glibc
import Model

/// What dpkg wrote of packages that came, went or changed.
enum PackageLog {
    static let path = "/var/log/dpkg.log"

    /// Lines such as `upgrade nginx 1.22.1-9 1.22.1-10`; dpkg writes the host's local time.
    static func lines(since: Timestamp) -> [Change] {
        TextFile.lines(path).suffix(5000).compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 4, ["install", "upgrade", "remove", "purge"].contains(words[2]) else { return nil }
            guard let at = local("\(words[0])-\(words[1])"), at >= since else { return nil }
            return Change(at: at, text: "dpkg: " + words[2...].joined(separator: " "))
        }
    }

    /// `2026-11-24-03:12:07` by this host's zone.
    private static func local(_ text: String) -> Timestamp? {
        let numbers = text.split(whereSeparator: { $0 == "-" || $0 == ":" }).compactMap { Int32($0) }
        guard numbers.count == 6 else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
        parts.tm_isdst = -1
        let seconds = mktime(&parts)
        return seconds == -1 ? nil : Timestamp(seconds: Double(seconds))
    }
}
