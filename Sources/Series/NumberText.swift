/// Numbers as Prometheus writes them: the fewest digits that read back as the same value.
enum NumberText {
    /// Plain digits, never an exponent: the value label of `count_values`.
    static func plain(_ value: Double) -> String { special(value) ?? Digits(value).plain }

    /// As in the answers of `/api/v1/query`: an exponent below 1e-6 and from 1e21 on.
    static func json(_ value: Double) -> String {
        if let special = special(value) { return special }
        let magnitude = abs(value)
        guard magnitude != 0, magnitude < 1e-6 || magnitude >= 1e21 else { return Digits(value).plain }
        return Digits(value).scientific(exponentDigitsMin: 1)
    }

    /// As in messages to people, C's `%g` with as many digits as needed.
    static func message(_ value: Double) -> String {
        if let special = special(value) { return special }
        let digits = Digits(value)
        return digits.exponent < -4 || digits.exponent >= 6
            ? digits.scientific(exponentDigitsMin: 2) : digits.plain
    }

    /// A `le` or `quantile` label, normalized as in OpenMetrics: `1` is `1.0`; text that is no number stays as it is.
    static func labelValue(_ text: String) -> String {
        ExpositionNumber.value(text).map(openMetrics) ?? text
    }

    /// As OpenMetrics writes a float: never without a point or an exponent.
    static func openMetrics(_ value: Double) -> String {
        if let special = special(value) { return special }
        let digits = Digits(value)
        if digits.exponent < -4 || digits.exponent >= 6 { return digits.scientific(exponentDigitsMin: 2) }
        let plain = digits.plain
        return plain.contains(".") ? plain : plain + ".0"
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : nil
    }
}

/// The shortest decimal digits of a finite value.
private struct Digits {
    private let isNegative: Bool
    private let digits: [Character]
    /// The power of ten of the first digit.
    let exponent: Int

    init(_ value: Double) {
        isNegative = value.sign == .minus
        let parts = "\(value.magnitude)".split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = Array(mantissa[0])
        let all = whole + (mantissa.count > 1 ? Array(mantissa[1]) : [])
        let leading = all.prefix { $0 == "0" }.count
        var significant = Array(all[leading...])
        while significant.last == "0" { significant.removeLast() }
        let written = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        exponent = significant.isEmpty ? 0 : whole.count - 1 - leading + written
        digits = significant.isEmpty ? ["0"] : significant
    }

    var count: Int { digits.count }

    var plain: String {
        let sign = isNegative ? "-" : ""
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + String(digits) }
        if digits.count <= exponent + 1 {
            return sign + String(digits) + String(repeating: "0", count: exponent + 1 - digits.count)
        }
        return sign + String(digits[...exponent]) + "." + String(digits[(exponent + 1)...])
    }

    func scientific(exponentDigitsMin: Int) -> String {
        let fraction = digits.count > 1 ? "." + String(digits[1...]) : ""
        let power = String(abs(exponent))
        let padded = String(repeating: "0", count: max(0, exponentDigitsMin - power.count)) + power
        return (isNegative ? "-" : "") + String(digits[0]) + fraction + "e" + (exponent < 0 ? "-" : "+") + padded
    }
}
