import Glibc

/// Numbers of an exposition, as Prometheus reads them: no hexadecimal, no underscores; Inf and NaN in any case.
enum ExpositionNumber {
    /// What every NaN of a target becomes, so that none looks like a stale marker.
    static let notANumber = Double(bitPattern: 0x7ff8_0000_0000_0001)
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Nil where the bytes are no number. Allocates nothing.
    static func value(_ text: UnsafeRawBufferPointer) -> Double? {
        var index = 0
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative || text.first == UInt8(ascii: "+") { index = 1 }
        var digits: UInt64 = 0
        var digitCount = 0
        var pointAt: Int?
        var significant = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "."), pointAt == nil {
                pointAt = digitCount
            } else if byte >= 0x30, byte <= 0x39 {
                if significant < 19 { digits = digits &* 10 &+ UInt64(byte - 0x30) }
                if digits != 0 { significant += 1 }
                digitCount += 1
            } else {
                break
            }
            index += 1
        }
        guard digitCount > 0 else { return special(text) }
        var exponent = pointAt.map { $0 - digitCount } ?? 0
        if index < text.count {
            guard text[index] | 0x20 == UInt8(ascii: "e"), let written = integer(text, from: index + 1) else {
                return nil
            }
            exponent += Int(clamping: max(-100_000, min(100_000, written)))
        }
        // Both factors are exact, so that one multiplication or division rounds once (Clinger 1990).
        guard significant < 19, digits <= 1 << 53, abs(exponent) <= 22 else { return slow(text) }
        let magnitude = exponent < 0 ? Double(digits) / powers[-exponent] : Double(digits) * powers[exponent]
        return isNegative ? -magnitude : magnitude
    }

    static func value(_ text: String) -> Double? {
        var copy = text
        return copy.withUTF8 { value(UnsafeRawBufferPointer($0)) }
    }

    static func integer(_ text: UnsafeRawBufferPointer) -> Int64? { integer(text, from: 0) }

    /// OpenMetrics' seconds, as milliseconds.
    static func milliseconds(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard let seconds = value(text), seconds.isFinite, abs(seconds) < 9.2e15 else { return nil }
        return Int64(seconds * 1000)
    }

    private static func integer(_ text: UnsafeRawBufferPointer, from start: Int) -> Int64? {
        guard start < text.count else { return nil }
        let isNegative = text[start] == UInt8(ascii: "-")
        var index = isNegative || text[start] == UInt8(ascii: "+") ? start + 1 : start
        guard index < text.count else { return nil }
        var value: Int64 = 0
        while index < text.count {
            guard text[index] >= 0x30, text[index] <= 0x39 else { return nil }
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int64(text[index] - 0x30))
            guard !tooBig, !overflow else { return nil }
            value = sum
            index += 1
        }
        return isNegative ? -value : value
    }

    /// The form has been checked; only the correctly rounded value is missing. Nil where no double is that large.
    private static func slow(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count < 1024 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { buffer in
            for index in 0..<text.count { buffer[index] = CChar(bitPattern: text[index]) }
            buffer[text.count] = 0
            let value = strtod(buffer.baseAddress!, nil)
            return value.isInfinite ? nil : value
        }
    }

    private static func special(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= 9 else { return nil }
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan": return notANumber
        default: return nil
        }
    }
}
