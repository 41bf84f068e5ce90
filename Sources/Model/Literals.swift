extension Duration {
    /// Whole microseconds, rounded towards zero; past the largest number, the largest number.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, tooMuch) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return tooMuch || overflow ? (seconds < 0 ? .min : .max) : sum
    }
    public var milliseconds: Int64 { microseconds / 1000 }
    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// Reads Prometheus' duration literal: `500ms`, `15s`, `1h30m`, `7d`, `0`; units y w d h m s ms in descending order.
    ///
    /// A year is 365 days. Nil for anything else, a negative one and one past 290 years included.
    public init?(parsing text: String) {
        if text == "0" {
            self = .zero
            return
        }
        let units: [(String, Int64)] = [
            ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000),
            ("s", 1000), ("ms", 1),
        ]
        var rest = Substring(text)
        var next = 0
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let name = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let count = Int64(digits), let index = units.firstIndex(where: { $0.0 == name }), index >= next
            else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: units[index].1)
            let (sum, tooMuch) = total.addingReportingOverflow(product)
            guard !overflow, !tooMuch, sum < 9_000_000_000_000_000 / 1000 * 1000 else { return nil }
            total = sum
            next = index + 1
            rest = rest.dropFirst(digits.count + name.count)
        }
        self = .milliseconds(total)
    }

    /// The shortest literal that `init(parsing:)` reads back, to the millisecond: `1h30m`.
    public var literal: String {
        var rest = milliseconds
        if rest == 0 { return "0s" }
        var out = rest < 0 ? "-" : ""
        rest = abs(rest)
        for (name, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            let count = rest / Int64(length)
            if count > 0 { out += "\(count)\(name)" }
            rest -= count * Int64(length)
        }
        return out
    }
}

/// A number of bytes; literals are `512B`, `64KiB`, `200MiB`, `2GiB`, `1TiB`.
public struct ByteSize: Hashable, Comparable, Sendable, Codable {
    public let bytes: Int

    public init(bytes: Int) { self.bytes = bytes }

    /// Nil for anything but digits and one of the units B, KiB, MiB, GiB, TiB.
    public init?(parsing text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits),
            let shift = ["B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40][String(text.dropFirst(digits.count))]
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { return nil }
        bytes = product
    }

    public static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    public var literal: String {
        for (name, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
        where bytes != 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(name)"
        }
        return "\(bytes)B"
    }
}
