/// An amount in millionths of a US dollar, so that sums are exact.
public struct Money: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public var microdollars: Int64

    public init(microdollars: Int64) { self.microdollars = microdollars }

    public static let zero = Money(microdollars: 0)

    /// Reads `1 USD`, `0.50 USD`: not negative, at most six digits behind the point, at most a billion dollars.
    public init?(parsing text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[1] == "USD" else { return nil }
        self.init(dollars: words[0])
    }

    /// Reads `3`, `0.30`.
    init?(dollars text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.count <= 10 && part.utf8.allSatisfy { (48...57).contains($0) }
        }
        guard isNumber, (1...2).contains(parts.count), let whole = Int64(parts[0]), whole <= 1_000_000_000 else {
            return nil
        }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard parts[1].utf8.count <= 6 else { return nil }
            let digits = parts[1] + String(repeating: "0", count: 6 - parts[1].utf8.count)
            guard let value = Int64(digits) else { return nil }
            fraction = value
        }
        microdollars = whole * 1_000_000 + fraction
    }

    /// The literal that `init(parsing:)` reads: at least cents, `0.50 USD`, `0.000013 USD`.
    public var description: String {
        let amount = microdollars.magnitude
        var digits = String(amount % 1_000_000)
        digits = String(repeating: "0", count: 6 - digits.count) + digits
        while digits.count > 2, digits.last == "0" { digits.removeLast() }
        return "\(microdollars < 0 ? "-" : "")\(amount / 1_000_000).\(digits) USD"
    }

    public static func < (left: Money, right: Money) -> Bool { left.microdollars < right.microdollars }

    /// A sum past the largest amount is the largest amount: it must stop a request, never this process.
    public static func + (left: Money, right: Money) -> Money {
        let (sum, overflow) = left.microdollars.addingReportingOverflow(right.microdollars)
        return Money(microdollars: overflow ? (right.microdollars > 0 ? .max : .min) : sum)
    }
    public static func += (left: inout Money, right: Money) { left = left + right }
}
