/// A sum that keeps what rounding would lose (Neumaier 1974), so that small values survive beside huge ones.
struct CompensatedSum {
    private(set) var sum: Double
    private(set) var lost: Double

    init(_ sum: Double = 0, lost: Double = 0) {
        self.sum = sum
        self.lost = lost
    }

    var total: Double { sum.isInfinite ? sum : sum + lost }

    mutating func add(_ value: Double) {
        let next = sum + value
        if next.isInfinite {
            lost = 0
        } else if abs(sum) >= abs(value) {
            lost += (sum - next) + value
        } else {
            lost += (value - next) + sum
        }
        sum = next
    }

    func divided(by divisor: Double) -> CompensatedSum { CompensatedSum(sum / divisor, lost: lost / divisor) }
    func scaled(by factor: Double) -> CompensatedSum { CompensatedSum(sum * factor, lost: lost * factor) }
}

/// A mean: the sum over the count while the sum is finite, kept up value by value once it would overflow.
struct Mean {
    private var sum: CompensatedSum
    private var count = 1.0
    private var isIncremental = false

    init(first: Double) { sum = CompensatedSum(first) }

    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = sum
            next.add(value)
            guard next.sum.isInfinite else {
                sum = next
                return
            }
            isIncremental = true
            sum = sum.divided(by: count - 1)
        }
        sum = sum.scaled(by: (count - 1) / count)
        sum.add(value / count)
    }

    var value: Double {
        if isIncremental { return sum.sum + sum.lost }
        let share = sum.divided(by: count)
        return share.sum + share.lost
    }
}

/// Numbers as Prometheus treats them, which follows Go's library where IEEE 754 leaves a choice.
enum Numbers {
    /// NaN where either is NaN.
    static func smaller(_ one: Double, _ other: Double) -> Double {
        one.isNaN || other.isNaN ? .nan : min(one, other)
    }
    static func larger(_ one: Double, _ other: Double) -> Double {
        one.isNaN || other.isNaN ? .nan : max(one, other)
    }

    /// The quantile of some values, interpolated between neighbours; NaN counts as the smallest value.
    static func quantile(_ q: Double, of values: [Double]) -> Double {
        guard !values.isEmpty, !q.isNaN else { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        let sorted = values.sorted { $0 < $1 || $0.isNaN && !$1.isNaN }
        let rank = q * Double(sorted.count - 1)
        let lower = max(0, Int(rank.rounded(.down)))
        let upper = min(sorted.count - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        return sorted[lower] * (1 - weight) + sorted[upper] * weight
    }

    /// Equal but for rounding: within a relative difference; NaN equals NaN.
    static func almostEqual(_ one: Double, _ other: Double, tolerance: Double) -> Bool {
        if StaleMarker.isStale(one) || StaleMarker.isStale(other) {
            return StaleMarker.isStale(one) && StaleMarker.isStale(other)
        }
        if one.isNaN && other.isNaN || one == other { return true }
        let sum = abs(one) + abs(other)
        let difference = abs(one - other)
        if one == 0 || other == 0 || sum < .leastNormalMagnitude {
            return difference < tolerance * .leastNormalMagnitude
        }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }
}
