import Model

/// A chunk that gets no more samples, written anew in the shortest of several forms.
///
/// Regular times and constant values cost nothing a sample. Whole numbers are predicted from their neighbours; what the
/// prediction misses by is written in Golomb and Rice's code with the parameter that suits the chunk.
enum SealedChunk {
    /// Nil where none of the forms fits (a stale marker among whole numbers).
    static func written(_ samples: [Sample], scale: Int?) -> BitWriter? {
        var bits = BitWriter()
        bits.write(samples[0].value.bitPattern, bits: 64)
        writeTimes(samples, to: &bits)
        let first = samples[0].value.bitPattern
        let isConstant = samples.allSatisfy { $0.value.bitPattern == first }
        bits.write(isConstant ? 1 : 0, bits: 1)
        if isConstant { return bits }
        guard let scale else {
            var window = XORWindow.none
            for (before, after) in zip(samples, samples.dropFirst()) {
                window.write(before.value.bitPattern ^ after.value.bitPattern, to: &bits)
            }
            return bits
        }
        var units: [Int64] = []
        units.reserveCapacity(samples.count)
        for sample in samples {
            guard let unit = Decimal.units(sample.value, scale: scale) else { return nil }
            units.append(unit)
        }
        Residuals.best(of: units).write(to: &bits)
        return bits
    }

    /// Calls `each` with the samples until it says that it wants no more.
    static func read(
        _ bits: BitReader, first: Int64, count: Int, scale: Int?, each: (Sample) -> Bool
    ) {
        var times = bits
        var sample = Sample(milliseconds: first, value: Double(bitPattern: times.read(64)))
        var values = times
        var clock = TimeReader(&times, values: &values)
        let isConstant = values.bit()
        var window = XORWindow.none
        var units = scale.flatMap { Decimal.units(sample.value, scale: $0) } ?? 0
        var residuals = isConstant || scale == nil ? nil : ResidualReader(&values)
        for index in 0..<count {
            if index > 0 {
                sample.milliseconds &+= clock.next(&times)
                if let scale, let step = residuals?.next(&values) {
                    units &+= step
                    sample.value = Decimal.value(units, scale: scale)
                } else if !isConstant {
                    sample.value = Double(bitPattern: sample.value.bitPattern ^ window.read(&values))
                }
            }
            if !each(sample) { return }
        }
    }

    /// The clock that fits best, and by how much each time is off it.
    private static func writeTimes(_ samples: [Sample], to bits: inout BitWriter) {
        let first = samples[0].milliseconds
        let distance = (samples[samples.count - 1].milliseconds &- first) / Int64(max(1, samples.count - 1))
        let deviations = samples.enumerated().map { $1.milliseconds &- first &- Int64($0) &* distance }
        let isRegular = deviations.allSatisfy { $0 == 0 }
        bits.write(UInt64(bitPattern: distance), bits: 64)
        bits.write(isRegular ? 1 : 0, bits: 1)
        if isRegular { return }
        let residuals = Residuals.best(of: deviations)
        bits.write(UInt64(residuals.bitCount), bits: 24)
        residuals.write(to: &bits)
    }

    private struct TimeReader {
        private let distance: Int64
        private var residuals: ResidualReader?

        /// Leaves `times` at the residuals and `values` behind them.
        init(_ times: inout BitReader, values: inout BitReader) {
            distance = Int64(bitPattern: times.read(64))
            let isRegular = times.bit()
            let length = isRegular ? 0 : Int(times.read(24))
            values = times
            values.skip(length)
            if !isRegular { residuals = ResidualReader(&times) }
        }

        /// How far the next time is from the one before.
        mutating func next(_ bits: inout BitReader) -> Int64 {
            guard let step = residuals?.next(&bits) else { return distance }
            return distance &+ step
        }
    }
}

/// What remains of whole numbers after each is predicted from those before.
struct Residuals {
    /// How a number is predicted: as the first one, as the one before, or as the one before and its step.
    private let order: Int
    /// The smallest residual, taken off all, where that is shorter than a sign for each.
    private let least: Int64?
    /// Zeros at the end of every residual.
    private let shift: Int
    private let parameter: Int
    private let codes: [UInt64]
    private let cost: Int

    private static let escape = 20
    private static let parameterMax = 40

    /// The shortest.
    static func best(of numbers: [Int64]) -> Residuals {
        var best = Residuals(numbers, order: 0)
        for order in 1...2 {
            let other = Residuals(numbers, order: order)
            if other.cost < best.cost { best = other }
        }
        return best
    }

    /// From the second number on.
    private init(_ numbers: [Int64], order: Int) {
        self.order = order
        var residuals = numbers.dropFirst().map { $0 &- numbers[0] }
        for _ in 0..<order {
            var before: Int64 = 0
            for index in residuals.indices {
                let number = residuals[index]
                residuals[index] = number &- before
                before = number
            }
        }
        shift = residuals.reduce(31) { $1 == 0 ? $0 : min($0, $1.trailingZeroBitCount) }
        let shifted = residuals.map { [shift] in $0 >> Int64(shift) }
        let smallest = shifted.min() ?? 0
        let signed = shifted.map { UInt64(bitPattern: $0 << 1 ^ $0 >> 63) }
        let unsigned = shifted.map { UInt64(bitPattern: $0 &- smallest) }
        let (signedParameter, signedCost) = Self.best(signed)
        let (unsignedParameter, unsignedCost) = Self.best(unsigned)
        if unsignedCost + 64 < signedCost {
            (least, codes, parameter, cost) = (smallest, unsigned, unsignedParameter, unsignedCost + 64)
        } else {
            (least, codes, parameter, cost) = (nil, signed, signedParameter, signedCost)
        }
    }

    var bitCount: Int { cost + 14 }

    private static func best(_ codes: [UInt64]) -> (parameter: Int, cost: Int) {
        var best = (parameter: 0, cost: Int.max)
        for parameter in 0...parameterMax {
            let cost = codes.reduce(0) { $0 + length($1, parameter) }
            if cost < best.cost { best = (parameter, cost) }
        }
        return best
    }

    private static func length(_ code: UInt64, _ parameter: Int) -> Int {
        let quotient = code >> UInt64(parameter)
        return quotient < UInt64(escape) ? Int(quotient) + 1 + parameter : escape + 64
    }

    func write(to bits: inout BitWriter) {
        bits.write(UInt64(order), bits: 2)
        bits.write(least == nil ? 0 : 1, bits: 1)
        bits.write(UInt64(shift), bits: 5)
        bits.write(UInt64(parameter), bits: 6)
        if let least { bits.write(UInt64(bitPattern: least), bits: 64) }
        for code in codes {
            let quotient = Int(clamping: code >> UInt64(parameter))
            if quotient < Self.escape {
                bits.write((UInt64(1) << UInt64(quotient + 1)) - 2, bits: quotient + 1)
                bits.write(code, bits: parameter)
            } else {
                bits.write((UInt64(1) << UInt64(Self.escape)) - 1, bits: Self.escape)
                bits.write(code, bits: 64)
            }
        }
    }

    static func readCode(_ bits: inout BitReader, parameter: Int) -> UInt64 {
        var quotient: UInt64 = 0
        while bits.bit() {
            quotient += 1
            if quotient == UInt64(escape) { return bits.read(64) }
        }
        return quotient << UInt64(parameter) | bits.read(parameter)
    }
}

struct ResidualReader {
    private let order: Int
    private let least: Int64?
    private let shift: Int
    private let parameter: Int
    /// The number before, from the first one on, and its step.
    private var number: Int64 = 0
    private var step: Int64 = 0

    init(_ bits: inout BitReader) {
        order = Int(bits.read(2))
        let hasLeast = bits.bit()
        shift = Int(bits.read(5))
        parameter = Int(bits.read(6))
        least = hasLeast ? Int64(bitPattern: bits.read(64)) : nil
    }

    /// How far the next number is from the one before.
    mutating func next(_ bits: inout BitReader) -> Int64 {
        let code = Residuals.readCode(&bits, parameter: parameter)
        let shifted =
            least.map { Int64(bitPattern: code) &+ $0 } ?? Int64(bitPattern: code >> 1) ^ -Int64(bitPattern: code & 1)
        let residual = shifted << Int64(shift)
        switch order {
        case 0:
            step = residual &- number
            number = residual
        case 1: step = residual
        default: step &+= residual
        }
        return step
    }
}
