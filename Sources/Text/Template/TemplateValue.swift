import Model

/// A value while a template is rendered.
///
/// JSON has one kind of number, Go two; the difference shows only when a number is printed, so floats have a case of
/// their own and whole JSON numbers print as integers.
enum TemplateValue: Sendable {
    case json(JSONValue)
    case float(Double)
    case time(Timestamp)

    static let nothing = TemplateValue.json(.null)
    static func string(_ text: String) -> TemplateValue { .json(.string(text)) }
    static func bool(_ bool: Bool) -> TemplateValue { .json(.bool(bool)) }

    var isNothing: Bool { if case .json(.null) = self { true } else { false } }
    var string: String? { if case .json(.string(let text)) = self { text } else { nil } }
    var number: Double? {
        switch self {
        case .json(.number(let number)), .float(let number): number
        default: nil
        }
    }

    var asJSON: JSONValue {
        switch self {
        case .json(let value): value
        case .float(let number): .number(number)
        case .time(let time): .string(time.description)
        }
    }

    /// What it is, for a sentence.
    var kind: String {
        switch self {
        case .json(.null): "nothing"
        case .json(.bool): "true or false"
        case .json(.number), .float: "a number"
        case .json(.string): "text"
        case .json(.array): "a list"
        case .json(.object): "an object"
        case .time: "a time"
        }
    }

    var isTrue: Bool {
        switch self {
        case .json(.null): false
        case .json(.bool(let bool)): bool
        case .json(.number(let number)), .float(let number): number != 0
        case .json(.string(let text)): !text.isEmpty
        case .json(.array(let items)): !items.isEmpty
        case .json(.object(let members)): !members.isEmpty
        case .time: true
        }
    }

    /// As an action prints it; nothing prints as the empty text.
    var printed: String { isNothing ? "" : shown }

    /// As Go's `print` shows it, lists and objects included: `[1 two]`, `map[a:1 b:2]`.
    var shown: String {
        switch self {
        case .json(let value): Self.shown(value)
        case .float(let number): number.goText
        case .time(let time): time.goText
        }
    }

    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.shortestText
        case .string(let text): text
        case .array(let items): "[" + items.map(shown).joined(separator: " ") + "]"
        case .object(let members):
            "map[" + members.sorted { $0.key < $1.key }.map { "\($0.key):\(shown($0.value))" }.joined(separator: " ")
                + "]"
        }
    }
}

extension Double {
    /// A whole number as an integer, any other as Go prints a float.
    var shortestText: String {
        if let whole = Int64(exactly: self) { return String(whole) }
        return goText
    }

    /// The shortest text that reads back as this number, in Go's `%v`: an exponent below -4 and from 6 digits on.
    var goText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Inf" : "+Inf" }
        if self == 0 { return sign == .minus ? "-0" : "0" }
        let (digits, exponent) = shortestDigits
        let minus = self < 0 ? "-" : ""
        guard exponent < -4 || exponent >= 6 else {
            return minus + Self.plain(digits, exponent)
        }
        let fraction = digits.dropFirst().isEmpty ? "" : "." + digits.dropFirst()
        let power = abs(exponent) < 10 ? "0\(abs(exponent))" : String(abs(exponent))
        return "\(minus)\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(power)"
    }

    /// The significant digits, and the power of ten of the first one.
    private var shortestDigits: (digits: String, exponent: Int) {
        let parts = magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = mantissa[0]
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        let all = whole + fraction
        let leading = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(leading))
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return (digits, whole.count - 1 - leading + power)
    }

    private static func plain(_ digits: String, _ exponent: Int) -> String {
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.count <= exponent + 1 { return digits + String(repeating: "0", count: exponent + 1 - digits.count) }
        return "\(digits.prefix(exponent + 1)).\(digits.dropFirst(exponent + 1))"
    }
}

extension Timestamp {
    /// As Go prints a time in UTC: `2015-06-23 13:19:44.128 +0000 UTC`.
    var goText: String {
        var text = description.replacing("T", with: " ")
        text.removeLast()
        while text.hasSuffix("0"), text.contains(".") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text + " +0000 UTC"
    }
}
