/// One function, initialiser or subscript with a body.
struct Function {
    let name: String
    /// From 1; the line of the keyword.
    let line: Int
    let lineCount: Int

    /// Every one in the source, nested ones too.
    static func all(in text: SwiftText) -> [Function] {
        let code = text.bytes
        var found: [Function] = []
        var line = 1
        for at in code.indices {
            if code[at] == UInt8(ascii: "\n") { line += 1 }
            guard let head = Head(code, at: at), let body = head.body(in: code) else { continue }
            let lines = code[at...body].count { $0 == UInt8(ascii: "\n") } + 1
            found.append(Function(name: head.name, line: line, lineCount: lines))
        }
        return found
    }
}

/// The declaration before a function's body.
private struct Head {
    let name: String
    /// Past the keyword and the name, at the parameters or the generic clause.
    private let end: Int

    /// Words that begin another declaration: the one before had no body.
    private static let declarations: Set<String> = [
        "func", "init", "var", "let", "static", "case", "public", "internal", "private", "fileprivate", "mutating",
        "subscript", "associatedtype", "typealias", "struct", "enum", "class", "actor", "extension", "protocol",
        "import",
    ]

    init?(_ code: [UInt8], at: Int) {
        guard at == 0 || !Self.isWord(code[at - 1]) && code[at - 1] != UInt8(ascii: ".") else { return nil }
        let keyword = Self.word(code, at)
        guard ["func", "init", "subscript"].contains(keyword) else { return nil }
        var next = at + keyword.utf8.count
        if keyword == "func" {
            while next < code.count, code[next] == UInt8(ascii: " ") { next += 1 }
            let start = next
            while next < code.count, ![UInt8(ascii: "("), UInt8(ascii: "<"), UInt8(ascii: " ")].contains(code[next]) {
                next += 1
            }
            name = String(decoding: code[start..<next], as: UTF8.self)
        } else {
            while next < code.count, [UInt8(ascii: "?"), UInt8(ascii: "!")].contains(code[next]) { next += 1 }
            guard next < code.count, [UInt8(ascii: "("), UInt8(ascii: "<")].contains(code[next]) else { return nil }
            name = keyword
        }
        end = next
    }

    /// Where the body's closing brace is; nil for a requirement of a protocol.
    func body(in code: [UInt8]) -> Int? {
        var parentheses = 0
        var at = end
        while at < code.count {
            let byte = code[at]
            if byte == UInt8(ascii: "(") { parentheses += 1 }
            if byte == UInt8(ascii: ")") { parentheses -= 1 }
            if parentheses == 0 {
                if byte == UInt8(ascii: "{") { return Self.closingBrace(code, after: at) }
                if byte == UInt8(ascii: "}") { return nil }
                if Self.isWord(byte), !Self.isWord(code[at - 1]), Self.declarations.contains(Self.word(code, at)) {
                    return nil
                }
            }
            at += 1
        }
        return nil
    }

    private static func closingBrace(_ code: [UInt8], after open: Int) -> Int? {
        var depth = 0
        for at in open..<code.count {
            if code[at] == UInt8(ascii: "{") { depth += 1 }
            if code[at] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return at }
            }
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x80 || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
            || (0x61...0x7a).contains(byte)
    }

    private static func word(_ code: [UInt8], _ at: Int) -> String {
        String(decoding: code[at...].prefix { isWord($0) }, as: UTF8.self)
    }
}
