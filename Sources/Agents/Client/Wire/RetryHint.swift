import HTTPClient
import Model

/// When a vendor says that a request may be tried again.
enum RetryHint {
    static let most = Duration.seconds(86_400)

    /// `retry-after-ms`, else `retry-after` (seconds, or a date set against the answer's own), else, of the limits that
    /// are used up, the last `x-ratelimit-reset-*`.
    static func read(_ response: HTTPResponse) -> Duration? {
        if let text = response[header: "retry-after-ms"], let amount = amount(text) { return clamped(amount / 1000) }
        if let text = response[header: "retry-after"] {
            if let amount = amount(text) { return clamped(amount) }
            if let then = date(text), let now = response[header: "date"].flatMap(date) {
                return clamped(Double(then - now))
            }
        }
        var last: Duration?
        for limit in ["requests", "tokens"] where response[header: "x-ratelimit-remaining-\(limit)"] == "0" {
            guard let reset = response[header: "x-ratelimit-reset-\(limit)"].flatMap(span) else { continue }
            last = max(last ?? .zero, clamped(reset))
        }
        return last
    }

    private static func clamped(_ seconds: Double) -> Duration {
        .milliseconds(Int64((min(max(0, seconds), most.inSeconds) * 1000).rounded(.up)))
    }

    private static func amount(_ text: some StringProtocol) -> Double? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return nil }
        return Double(text)
    }

    /// Seconds in `6m0s`, `1.5s`, `12ms`, or a bare number.
    private static func span(_ text: String) -> Double? {
        if let seconds = amount(text) { return seconds }
        let units = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400]
        var rest = text[...]
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let number = amount(digits), let factor = units[String(unit)] else { return nil }
            total += number * factor
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return text.isEmpty ? nil : total
    }

    /// Seconds since 1970 of `Wed, 21 Oct 2015 07:28:00 GMT`.
    private static func date(_ text: String) -> Int? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = months.firstIndex(of: String(words[2])), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, clock.allSatisfy({ (0...60).contains($0) }) else { return nil }
        // Days from 1 March of year 0, so that a leap day is a year's last.
        let march = (month + 10) % 12
        let years = month < 2 ? year - 1 : year
        let days = years * 365 + years / 4 - years / 100 + years / 400 + (march * 306 + 5) / 10 + day - 1 - 719_468
        return days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }
}
