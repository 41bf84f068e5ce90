import Glibc
import Model

/// Go's format strings, as `printf` takes them; what Go would print as `%!d(…)` is a fault instead.
enum TemplateFormat {
    private static let widthMax = 1000

    private struct Verb {
        var flags: Set<Character> = []
        var width = 0
        var precision: Int?
        var letter: Character = "v"
    }

    static func render(_ format: String, _ arguments: [TemplateValue]) throws(Fault) -> String {
        var out = ""
        var rest = Substring(format)
        var next = 0
        while let percent = rest.firstIndex(of: "%") {
            out += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            let verb = try take(&rest, format)
            if verb.letter == "%" {
                out += "%"
                continue
            }
            guard next < arguments.count else {
                throw Fault(
                    "template.format", "format \(excerpt(format)) needs more than the \(arguments.count) values given")
            }
            out += padded(try show(arguments[next], verb), verb)
            next += 1
            guard out.utf8.count <= TemplateRenderer.outputBytesMax else {
                throw Fault("template.large", "makes more than 64 KiB of text")
            }
        }
        guard next == arguments.count else {
            throw Fault(
                "template.format", "format \(excerpt(format)) takes \(next) values, but \(arguments.count) are given")
        }
        return out + rest
    }

    /// Flags, width, precision and letter, off the text behind a percent sign.
    private static func take(_ rest: inout Substring, _ format: String) throws(Fault) -> Verb {
        var verb = Verb()
        while let flag = rest.first, "+-# 0".contains(flag) {
            verb.flags.insert(flag)
            rest.removeFirst()
        }
        verb.width = takeNumber(&rest) ?? 0
        if rest.first == "." {
            rest.removeFirst()
            verb.precision = takeNumber(&rest) ?? 0
        }
        guard verb.width <= widthMax, verb.precision ?? 0 <= widthMax else {
            throw Fault("template.format", "a width in \(excerpt(format)) is over \(widthMax)")
        }
        guard let letter = rest.popFirst() else {
            throw Fault("template.format", "format \(excerpt(format)) ends within a verb; write %% for a percent sign")
        }
        verb.letter = letter
        return verb
    }

    private static func takeNumber(_ rest: inout Substring) -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest[digits.endIndex...]
        return digits.isEmpty ? nil : Int(digits) ?? .max
    }

    private static func show(_ value: TemplateValue, _ verb: Verb) throws(Fault) -> String {
        switch verb.letter {
        case "v": return value.number.map { signed(value.shown, $0, verb) } ?? value.shown
        case "s":
            let text = value.shown
            return verb.precision.map { String(text.prefix($0)) } ?? text
        case "q": return quoted(value.shown)
        case "t":
            guard case .json(.bool(let bool)) = value else {
                throw TemplateFunction.wrong("true or false for %t", value)
            }
            return bool ? "true" : "false"
        case "d": return signed(String(try whole(value, verb)), Double(try whole(value, verb)), verb)
        case "x", "X":
            if let text = value.string {
                let digits = text.utf8.map(Escape.hexadecimal).joined()
                return verb.letter == "X" ? digits.uppercased() : digits
            }
            return String(try whole(value, verb), radix: 16, uppercase: verb.letter == "X")
        case "o": return String(try whole(value, verb), radix: 8)
        case "b": return String(try whole(value, verb), radix: 2)
        case "c":
            guard let scalar = UInt32(exactly: try whole(value, verb)).flatMap(Unicode.Scalar.init) else {
                throw TemplateFunction.wrong("a character's number for %c", value)
            }
            return String(Character(scalar))
        case "e", "E", "f", "F", "g", "G":
            guard let number = value.number else {
                throw TemplateFunction.wrong("a number for %\(verb.letter)", value)
            }
            if verb.precision == nil, verb.letter == "g" { return signed(number.goText, number, verb) }
            let letter = verb.letter == "F" ? "f" : String(verb.letter)
            return signed(float(number, letter, precision: verb.precision ?? 6), number, verb)
        default:
            throw Fault(
                "template.format", "%\(verb.letter) is no verb; there are %v %s %q %d %f %e %g %x %o %b %c %t %%")
        }
    }

    private static func whole(_ value: TemplateValue, _ verb: Verb) throws(Fault) -> Int64 {
        guard let number = value.number, let whole = Int64(exactly: number) else {
            throw TemplateFunction.wrong("a whole number for %\(verb.letter)", value)
        }
        return whole
    }

    private static func signed(_ text: String, _ number: Double, _ verb: Verb) -> String {
        guard number >= 0, !text.hasPrefix("+") else { return text }
        return verb.flags.contains("+") ? "+" + text : verb.flags.contains(" ") ? " " + text : text
    }

    private static func padded(_ text: String, _ verb: Verb) -> String {
        let missing = verb.width - text.count
        guard missing > 0 else { return text }
        if verb.flags.contains("-") { return text + String(repeating: " ", count: missing) }
        guard verb.flags.contains("0"), !"vsqt".contains(verb.letter) else {
            return String(repeating: " ", count: missing) + text
        }
        let sign = text.prefix { $0 == "-" || $0 == "+" }
        return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }

    /// In double quotes with Go's escapes.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                out += "\\x" + Escape.hexadecimal(UInt8(scalar.value))
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// C's rounding and layout, which Go's are, with Go's words for what is no finite number.
    static func float(_ number: Double, _ letter: String, precision: Int) -> String {
        guard number.isFinite else { return number.goText }
        var buffer = [CChar](repeating: 0, count: 400 + precision)
        let length = withVaList([Int32(precision), number]) { vsnprintf(&buffer, buffer.count, "%.*" + letter, $0) }
        return String(decoding: buffer.prefix(Int(max(0, length))).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
