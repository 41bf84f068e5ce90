import Model

/// Splits a template into text and the tokens of its actions, as Go's text/template does.
///
/// One addition: a field's name may hold `-` between letters or digits (`$steps.dump-state.result`).
struct TemplateLexer {
    let characters: [Character]
    let places: TemplatePlaces
    private var position = 0
    private var tokens: [TemplateToken] = []
    private var trimsNextText = false

    /// A source that is longer than a template could render is refused.
    init(_ source: String, _ places: TemplatePlaces) throws(Diagnostic) {
        guard source.utf8.count <= TemplateRenderer.outputBytesMax else {
            throw Diagnostic(
                places[0], "a template may be at most 64 KiB long, this one has \(source.utf8.count) bytes")
        }
        characters = Array(source)
        self.places = places
    }

    /// The tokens of a template, ended by `.end`.
    mutating func template() throws(Diagnostic) -> [TemplateToken] {
        while position < characters.count {
            let start = position
            while position < characters.count, !at("{{") { position += 1 }
            appendText(start..<position)
            if position < characters.count { try action() }
        }
        return finished()
    }

    /// The tokens of a pipeline without braces, ended by `.end`.
    mutating func pipeline() throws(Diagnostic) -> [TemplateToken] {
        while position < characters.count {
            guard !at("{{"), !at("}}") else {
                throw problem(
                    position, "braces do not belong here; this is a pipeline such as: eq $steps.NAME.result.exit 0")
            }
            try token()
        }
        return finished()
    }

    private func finished() -> [TemplateToken] { tokens + [TemplateToken(kind: .end, offset: characters.count)] }

    private mutating func appendText(_ range: Range<Int>) {
        var text = characters[range]
        if trimsNextText { text = text.drop(while: isBlank) }
        trimsNextText = false
        if trimsBefore(range.upperBound) {
            while let last = text.last, isBlank(last) { text.removeLast() }
        }
        if !text.isEmpty { tokens.append(TemplateToken(kind: .text(String(text)), offset: range.lowerBound)) }
    }

    /// Whether the action at `offset` begins with `{{- `.
    private func trimsBefore(_ offset: Int) -> Bool {
        offset + 3 < characters.count && characters[offset + 2] == "-" && isBlank(characters[offset + 3])
    }

    private mutating func action() throws(Diagnostic) {
        let start = position
        position += trimsBefore(start) ? 3 : 2
        let afterOpening = position
        skipBlanks()
        if at("/*") { return try comment(start) }
        position = afterOpening
        tokens.append(TemplateToken(kind: .open, offset: start))
        while !atClose {
            guard position < characters.count else {
                throw problem(start, "this action is never closed; end it with \"}}\"")
            }
            try token()
        }
        skipBlanks()
        tokens.append(TemplateToken(kind: .close, offset: position))
        takeClose()
    }

    private mutating func comment(_ start: Int) throws(Diagnostic) {
        position += 2
        while position < characters.count, !at("*/") { position += 1 }
        guard position < characters.count else {
            throw problem(start, "this comment is never closed; end it with \"*/}}\"")
        }
        position += 2
        guard atClose else { throw problem(position, "a comment fills its action; \"*/\" must be followed by \"}}\"") }
        takeClose()
    }

    /// `}}`, or ` -}}` with its blank.
    private var atClose: Bool {
        if at("}}") { return true }
        guard position < characters.count, isBlank(characters[position]) else { return false }
        var next = position
        while next < characters.count, isBlank(characters[next]) { next += 1 }
        return matches("-}}", next) || matches("}}", next)
    }

    private mutating func takeClose() {
        skipBlanks()
        trimsNextText = at("-}}")
        position += trimsNextText ? 3 : 2
    }

    private mutating func token() throws(Diagnostic) {
        let before = position
        skipBlanks()
        guard position < characters.count, !atClose else { return }
        let start = position
        let kind = try kind(at: start)
        tokens.append(TemplateToken(kind: kind, offset: start, afterBlank: start > before))
    }

    private mutating func kind(at start: Int) throws(Diagnostic) -> TemplateToken.Kind {
        let character = characters[start]
        switch character {
        case "\"": return .string(try quoted())
        case "`": return .string(try raw())
        case "'": throw problem(start, "text stands in double quotes or backquotes, not in single quotes")
        case "$":
            position += 1
            return .variable(takeName())
        case ".":
            if let next = peek(1), next.isASCII, next.isNumber { return try number() }
            position += 1
            guard let next = peek(0), isNameStart(next) else { return .dot }
            return .field(takeName(dashes: true))
        case ":" where peek(1) == "=": return take(2, .declare)
        case "=" where peek(1) != "=": return take(1, .assign)
        case "|" where peek(1) != "|": return take(1, .pipe)
        case "{" where peek(1) == "{":
            throw problem(start, "an action cannot begin inside another one; end that with \"}}\"")
        case "(": return take(1, .leftParenthesis)
        case ")": return take(1, .rightParenthesis)
        case ",": return take(1, .comma)
        case "+", "-":
            guard let next = peek(1), (next.isASCII && next.isNumber) || next == "." else { throw stray(start) }
            return try number()
        case _ where character.isASCII && character.isNumber: return try number()
        case _ where isNameStart(character): return .word(takeName())
        default: throw stray(start)
        }
    }

    private func stray(_ start: Int) -> Diagnostic {
        let advice: [Character: String] = [
            "=": "write eq A B", "!": "write ne A B, or not A", "<": "write lt A B", ">": "write gt A B",
            "&": "write and A B", "|": "write or A B",
        ]
        let character = characters[start]
        if let words = advice[character] { return problem(start, "there are no operators in templates; \(words)") }
        if "+-*/%".contains(character) { return problem(start, "templates do not calculate; do it in the expression") }
        return problem(start, "\(excerpt(String(character))) has no meaning here")
    }

    private mutating func take(_ count: Int, _ kind: TemplateToken.Kind) -> TemplateToken.Kind {
        position += count
        return kind
    }

    private mutating func takeName(dashes: Bool = false) -> String {
        let start = position
        while let character = peek(0) {
            let inside =
                isNameStart(character) || (position > start && character.isNumber)
                || (start == position && character.isNumber)
            let dash =
                dashes && character == "-" && position > start && (peek(1).map { $0.isLetter || $0.isNumber } ?? false)
            guard inside || dash else { break }
            position += 1
        }
        return String(characters[start..<position])
    }

    private mutating func number() throws(Diagnostic) -> TemplateToken.Kind {
        let start = position
        position += 1
        while let character = peek(0) {
            let exponentSign =
                (character == "+" || character == "-") && "eE".contains(characters[position - 1])
                && !String(characters[start..<position]).lowercased().contains("x")
            guard
                character == "." || character == "_"
                    || (character.isASCII && (character.isLetter || character.isNumber)) || exponentSign
            else { break }
            position += 1
        }
        let written = String(characters[start..<position])
        guard let kind = TemplateNumber.read(written) else {
            throw problem(start, "\(excerpt(written)) is not a number, or not one that can be held exactly")
        }
        return kind
    }

    private mutating func raw() throws(Diagnostic) -> String {
        let start = position
        position += 1
        while let character = peek(0) {
            position += 1
            if character == "`" { return String(characters[start + 1..<position - 1]) }
        }
        throw problem(start, "this text is never closed; end it with a backquote")
    }

    private mutating func quoted() throws(Diagnostic) -> String {
        let start = position
        position += 1
        var text = ""
        while let character = peek(0), !character.isNewline {
            position += 1
            switch character {
            case "\"": return text
            case "\\": text += try escape()
            default: text.append(character)
            }
        }
        throw problem(start, "this text is never closed; end it with a double quote")
    }

    /// The character behind a backslash; Go's escapes.
    private mutating func escape() throws(Diagnostic) -> String {
        let start = position - 1
        guard let character = peek(0) else { throw problem(start, "an escape is not complete") }
        position += 1
        let simple: [Character: String] = [
            "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}",
            "v": "\u{B}",
        ]
        if let text = simple[character] { return text }
        let digits: Int
        switch character {
        case "x": digits = 2
        case "u": digits = 4
        case "U": digits = 8
        default:
            throw problem(start, "unknown escape \(excerpt("\\\(character)")); write \\\\ for a backslash, or use `…`")
        }
        let written = String(characters[position..<min(position + digits, characters.count)])
        guard written.count == digits, let value = UInt32(written, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw problem(start, "this escape needs \(digits) hexadecimal digits of a character")
        }
        position += digits
        return String(Character(scalar))
    }

    private mutating func skipBlanks() {
        while let character = peek(0), isBlank(character) { position += 1 }
    }

    private func peek(_ distance: Int) -> Character? {
        position + distance < characters.count ? characters[position + distance] : nil
    }
    private func at(_ word: String) -> Bool { matches(word, position) }
    private func matches(_ word: String, _ offset: Int) -> Bool {
        characters[min(offset, characters.count)...].starts(with: word)
    }
    private func isBlank(_ character: Character) -> Bool {
        character == " " || character == "\t" || character.isNewline
    }
    private func isNameStart(_ character: Character) -> Bool { character == "_" || character.isLetter }

    private func problem(_ offset: Int, _ message: String) -> Diagnostic { Diagnostic(places[offset], message) }
}

/// Number literals as Go writes them.
enum TemplateNumber {
    /// Nil for what is no number, and for an integer past 2⁵³, which a double cannot hold exactly.
    static func read(_ written: String) -> TemplateToken.Kind? {
        let unsigned = written.drop { $0 == "+" || $0 == "-" }
        let digits = unsigned.replacing("_", with: "")
        let sign: Double = written.hasPrefix("-") ? -1 : 1
        for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)]
        where digits.hasPrefix(prefix) {
            return integer(String(digits.dropFirst(2)), radix: radix, sign: sign)
        }
        if digits.allSatisfy(\.isNumber) { return integer(String(digits), radix: 10, sign: sign) }
        guard digits.allSatisfy({ $0.isNumber || ".eE+-".contains($0) }), let number = Double(digits), number.isFinite
        else { return nil }
        return .float(sign * number)
    }

    private static func integer(_ digits: String, radix: Int, sign: Double) -> TemplateToken.Kind? {
        guard digits.first?.isHexDigit == true, let value = UInt64(digits, radix: radix), value <= 1 << 53 else {
            return nil
        }
        return .integer(sign * Double(value))
    }
}
