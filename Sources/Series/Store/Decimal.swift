/// Decimal fractions as whole numbers: most metrics are counts or have a few digits after the point.
///
/// A scale up to 9 says how many digits there are, exactly as written. A higher one stands for a value that its target
/// multiplied by 0.001 or its like, which rounds otherwise: scale 12 is whole numbers times 0.001.
enum Decimal {
    static let scaleMax = 18
    private static let digitsMax = 9
    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
    private static let fractions: [Double] = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9]

    /// The whole number that gives back exactly this value at the scale, nil where none does.
    static func units(_ value: Double, scale: Int) -> Int64? {
        let scaled = (value * powers[scale > digitsMax ? scale - digitsMax : scale]).rounded()
        guard abs(scaled) < 9_007_199_254_740_992, value.bitPattern != minusZero else { return nil }
        let units = Int64(scaled)
        return self.value(units, scale: scale) == value ? units : nil
    }

    static func value(_ units: Int64, scale: Int) -> Double {
        scale > digitsMax ? Double(units) * fractions[scale - digitsMax] : Double(units) / powers[scale]
    }

    /// The first scale, from `lowest` on, at which the value is exact.
    static func scale(of value: Double, from lowest: Int = 0) -> Int? {
        (lowest...scaleMax).first { units(value, scale: $0) != nil }
    }

    /// Whether every value of the other scale has this one, too.
    static func refines(_ scale: Int, _ other: Int) -> Bool { scale > other && scale <= digitsMax }

    private static let minusZero = (-0.0).bitPattern
}
