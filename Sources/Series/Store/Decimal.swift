/// Decimal fractions as whole numbers: most metrics are counts or have a few digits after the point.
enum Decimal {
    static let scaleMax = 6
    private static let powers: [Double] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]

    /// The whole number that gives back exactly this value at the scale (digits after the point), nil where none does.
    static func units(_ value: Double, scale: Int) -> Int64? {
        let scaled = (value * powers[scale]).rounded()
        guard abs(scaled) < 9_007_199_254_740_992, scaled / powers[scale] == value, value.bitPattern != minusZero
        else { return nil }
        return Int64(scaled)
    }

    static func value(_ units: Int64, scale: Int) -> Double { Double(units) / powers[scale] }

    /// The smallest scale, from `lowest`, at which the value is exact.
    static func scale(of value: Double, from lowest: Int = 0) -> Int? {
        (lowest...scaleMax).first { units(value, scale: $0) != nil }
    }

    private static let minusZero = (-0.0).bitPattern
}
