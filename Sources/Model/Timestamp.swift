/// A wall-clock time: microseconds since 1970-01-01T00:00:00Z, without leap seconds (journald's unit).
public struct Timestamp: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }
    public init(milliseconds: Int64) { microseconds = milliseconds * 1000 }
    public init(seconds: Double) { microseconds = Int64((seconds * 1_000_000).rounded()) }

    /// Milliseconds since the epoch, rounded down (Prometheus' unit).
    public var milliseconds: Int64 { microseconds / 1000 - (microseconds % 1000 < 0 ? 1 : 0) }
    public var seconds: Double { Double(microseconds) / 1_000_000 }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds + duration.microseconds)
    }
    public static func - (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds - duration.microseconds)
    }
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-11-24T03:12:07.412Z`.
    public var description: String { formatted(offsetSeconds: 0) }

    /// RFC 3339 with milliseconds at a fixed offset from UTC: `2026-11-24T04:12:07.412+01:00`.
    public func formatted(offsetSeconds: Int) -> String {
        let civil = Civil(milliseconds: milliseconds + Int64(offsetSeconds) * 1000)
        let zone =
            offsetSeconds == 0
            ? "Z"
            : (offsetSeconds < 0 ? "-" : "+") + twoDigits(abs(offsetSeconds) / 3600) + ":"
                + twoDigits(abs(offsetSeconds) / 60 % 60)
        return "\(civil.date)T\(civil.timeOfDay)\(zone)"
    }

    /// The time of day at a fixed offset from UTC: `03:12:07.412`.
    public func timeOfDay(offsetSeconds: Int) -> String {
        Civil(milliseconds: milliseconds + Int64(offsetSeconds) * 1000).timeOfDay
    }
}

extension Timestamp {
    /// Reads RFC 3339 (`2026-11-24T03:12:07.412Z`, a space for the T allowed) or Unix seconds (`1700000000.5`); nil otherwise.
    public init?(parsing text: String) {
        if let seconds = Double(text), seconds.isFinite, abs(seconds) < 9e12 {
            self.init(seconds: seconds)
            return
        }
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count else { return nil }
            return bytes[range].reduce(Int?(0)) { sum, byte in
                guard let sum, (48...57).contains(byte) else { return nil }
                return sum * 10 + Int(byte - 48)
            }
        }
        guard bytes.count >= 20, bytes[4] == 45, bytes[7] == 45, [84, 116, 32].contains(bytes[10]),
            bytes[13] == 58, bytes[16] == 58,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...Civil.days(in: month, of: year)).contains(day), hour < 24, minute < 60,
            second < 61
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == 46 {
            index += 1
            var scale: Int64 = 100_000
            let start = index
            while index < bytes.count, (48...57).contains(bytes[index]) {
                fraction += Int64(bytes[index] - 48) * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        var offset = 0
        switch bytes.dropFirst(index).first {
        case 90, 122:
            guard index + 1 == bytes.count else { return nil }
        case 43, 45:
            guard bytes.count == index + 6, bytes[index + 3] == 58, let hours = number(index + 1..<index + 3),
                let minutes = number(index + 4..<index + 6), hours < 24, minutes < 60
            else { return nil }
            offset = (bytes[index] == 45 ? -1 : 1) * (hours * 3600 + minutes * 60)
        default: return nil
        }
        let days = Civil.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = Int64(days) * 86400 + Int64(hour * 3600 + minute * 60 + second - offset)
        self.init(microseconds: seconds * 1_000_000 + fraction)
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        microseconds = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }
}

/// The proleptic Gregorian calendar, after Howard Hinnant's `chrono`-compatible date algorithms.
struct Civil {
    let date: String
    let timeOfDay: String

    init(milliseconds: Int64) {
        let dayLength: Int64 = 86_400_000
        let days = milliseconds >= 0 ? milliseconds / dayLength : (milliseconds - dayLength + 1) / dayLength
        let rest = Int(milliseconds - days * dayLength)
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        date = "\(padded(year, 4))-\(twoDigits(month))-\(twoDigits(day))"
        timeOfDay =
            "\(twoDigits(rest / 3_600_000)):\(twoDigits(rest / 60_000 % 60)):\(twoDigits(rest / 1000 % 60))."
            + padded(rest % 1000, 3)
    }

    static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

private func twoDigits(_ number: Int) -> String { padded(number, 2) }

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
