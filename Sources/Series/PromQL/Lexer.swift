import Model

/// Cuts an expression into tokens; comments run from `#` to the end of their line.
struct Lexer {
    private let bytes: [UInt8]
    private var index = 0
    private var inBraces = false
    private var inBrackets = false

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// All tokens; the last one is `.end`.
    static func tokens(_ text: String) throws(SyntaxProblem) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        repeat { tokens.append(try lexer.next()) } while tokens[tokens.count - 1].kind != .end
        return tokens
    }

    private func peek(_ ahead: Int = 0) -> UInt8 { index + ahead < bytes.count ? bytes[index + ahead] : 0 }

    private mutating func next() throws(SyntaxProblem) -> Token {
        skipBlanks()
        let start = index
        guard index < bytes.count else { return Token(kind: .end, span: start..<start) }
        let byte = bytes[index]
        let kind: Token.Kind
        if Self.isLetter(byte) || byte == UInt8(ascii: ":") && !inBrackets && !inBraces {
            kind = .word(word())
        } else if Self.isDigit(byte) || byte == UInt8(ascii: ".") && Self.isDigit(peek(1)) {
            kind = try number()
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
            kind = .string(try string(closing: byte))
        } else {
            kind = .symbol(try symbol())
        }
        return Token(kind: kind, span: start..<index)
    }

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            case UInt8(ascii: "#"): while index < bytes.count, bytes[index] != 0x0a { index += 1 }
            default: return
            }
        }
    }

    private mutating func word() -> String {
        let start = index
        while index < bytes.count,
            Self.isLetter(bytes[index]) || Self.isDigit(bytes[index])
                || bytes[index] == UInt8(ascii: ":") && !inBrackets && !inBraces
        {
            index += 1
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func symbol() throws(SyntaxProblem) -> Token.Symbol {
        let start = index
        let pair = String(decoding: bytes[index..<min(index + 2, bytes.count)], as: UTF8.self)
        let single = String(decoding: bytes[index..<index + 1], as: UTF8.self)
        guard let found = Token.Symbol(rawValue: pair) ?? Token.Symbol(rawValue: single) else {
            let rest = String(decoding: bytes[index...], as: UTF8.self)
            throw SyntaxProblem(byte: start, message: "unexpected character \"\(rest.prefix(1))\"")
        }
        index += found.rawValue.utf8.count
        switch found {
        case .leftBrace: inBraces = true
        case .rightBrace: inBraces = false
        case .leftBracket: inBrackets = true
        case .rightBracket: inBrackets = false
        default: break
        }
        return found
    }

    /// A number, in Go's notation with underscores, hexadecimal and octal, or a duration.
    private mutating func number() throws(SyntaxProblem) -> Token.Kind {
        let start = index
        let isHexadecimal = peek() == UInt8(ascii: "0") && peek(1) | 0x20 == UInt8(ascii: "x")
        while index < bytes.count {
            let byte = bytes[index]
            if (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && index > start && !isHexadecimal {
                guard bytes[index - 1] | 0x20 == UInt8(ascii: "e"), Self.isDigit(peek(1)) else { break }
            } else if !Self.isLetter(byte), !Self.isDigit(byte), byte != UInt8(ascii: ".") {
                break
            }
            index += 1
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if let value = Self.number(text) { return .number(value) }
        if let duration = Duration(parsing: text) { return .duration(Double(duration.milliseconds) / 1000) }
        throw SyntaxProblem(byte: start, message: "\"\(text)\" is neither a number nor a duration such as 5m or 1h30m")
    }

    static func number(_ text: String) -> Double? {
        guard !text.hasSuffix("_"), !text.contains("__") else { return nil }
        let digits = String(text.filter { $0 != "_" })
        guard let first = digits.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else { return nil }
        if digits.lowercased().hasPrefix("0x") { return UInt64(digits.dropFirst(2), radix: 16).map { Double($0) } }
        if digits.count > 1, digits.first == "0", let octal = Int64(digits, radix: 8) { return Double(octal) }
        guard digits.utf8.allSatisfy({ isDigit($0) || [0x2e, 0x65, 0x45, 0x2b, 0x2d].contains($0) }) else { return nil }
        let value = Double(digits.hasSuffix(".") ? digits + "0" : digits)
        return value?.isInfinite ?? true ? nil : value
    }

    private mutating func string(closing quote: UInt8) throws(SyntaxProblem) -> StringLiteral {
        let start = index
        index += 1
        var out: [UInt8] = []
        while index < bytes.count, bytes[index] != quote {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                out += try escape(quote)
            } else if byte == 0x0a, quote != UInt8(ascii: "`") {
                break
            } else {
                out.append(byte)
                index += 1
            }
        }
        guard index < bytes.count, bytes[index] == quote else {
            throw SyntaxProblem(byte: start, message: "the string's closing quote is missing")
        }
        index += 1
        let valid = String(validating: out, as: UTF8.self)
        return StringLiteral(
            value: valid ?? String(decoding: out, as: UTF8.self),
            source: String(decoding: bytes[start..<index], as: UTF8.self), isValid: valid != nil)
    }

    /// Go's escapes: `\n` and its like, `\\`, the quote, `\101`, `\x41`, `\u0041`, `\U00000041`.
    private mutating func escape(_ quote: UInt8) throws(SyntaxProblem) -> [UInt8] {
        let start = index
        let letter = peek(1)
        index += 2
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
            UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): 0x5c, quote: quote,
        ]
        if let byte = simple[letter] { return [byte] }
        let (digits, radix): (Int, Int)
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            (digits, radix) = (3, 8)
            index -= 1
        case UInt8(ascii: "x"): (digits, radix) = (2, 16)
        case UInt8(ascii: "u"): (digits, radix) = (4, 16)
        case UInt8(ascii: "U"): (digits, radix) = (8, 16)
        default: throw SyntaxProblem(byte: start, message: "the string has an unknown escape")
        }
        let text = String(decoding: bytes[min(index, bytes.count)..<min(index + digits, bytes.count)], as: UTF8.self)
        index += digits
        guard text.utf8.count == digits, let value = UInt32(text, radix: radix) else {
            throw SyntaxProblem(byte: start, message: "the string has a broken escape")
        }
        if digits <= 3, value < 256 { return [UInt8(value)] }
        guard digits > 3, let scalar = Unicode.Scalar(value) else {
            throw SyntaxProblem(byte: start, message: "the string has an escape that is no character")
        }
        return Array(String(Character(scalar)).utf8)
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
