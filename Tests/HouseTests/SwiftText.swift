/// Swift source taken apart just far enough to look for words in it: what is code, what is a comment, what is a string.
struct SwiftText {
    struct Literal {
        let line: Int
        let text: String
    }

    /// The source's bytes with comments and the contents of strings blanked; every line stays where it is.
    private(set) var bytes: [UInt8] = []
    private(set) var literals: [Literal] = []
    /// The lines, from 1, that hold any part of a comment.
    private(set) var commented: Set<Int> = []

    private let source: [UInt8]
    private static let newline = UInt8(ascii: "\n")
    private var at = 0
    private var line = 1

    init(_ text: String) {
        source = Array(text.utf8)
        bytes.reserveCapacity(source.count)
        scanCode(untilParenthesis: false)
    }

    var code: String { String(decoding: bytes, as: UTF8.self) }
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

    private func sees(_ word: String) -> Bool { source[at...].starts(with: word.utf8) }
    private func sees(_ word: StaticString) -> Bool {
        source.count - at >= word.utf8CodeUnitCount
            && (0..<word.utf8CodeUnitCount).allSatisfy { source[at + $0] == word.utf8Start[$0] }
    }

    /// Moves on by `count` characters, which appear in `code` only where `shown`; newlines always do.
    private mutating func take(_ count: Int = 1, shown: Bool) {
        for _ in 0..<count where at < source.count {
            bytes.append(shown || source[at] == Self.newline ? source[at] : UInt8(ascii: " "))
            if source[at] == Self.newline { line += 1 }
            at += 1
        }
    }

    private mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while at < source.count {
            if sees("//") {
                commented.insert(line)
                while at < source.count, source[at] != Self.newline { take(shown: false) }
            } else if sees("/*") {
                scanBlockComment()
            } else if let hashes = stringStart() {
                scanString(hashes: hashes)
            } else {
                if source[at] == UInt8(ascii: "(") { depth += 1 }
                if source[at] == UInt8(ascii: ")") {
                    if untilParenthesis, depth == 0 { return }
                    depth -= 1
                }
                take(shown: true)
            }
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            commented.insert(line)
            if sees("/*") {
                depth += 1
                take(2, shown: false)
            } else if sees("*/") {
                depth -= 1
                take(2, shown: false)
            } else {
                take(shown: false)
            }
        } while depth > 0 && at < source.count
    }

    /// The number of `#` before a string that begins here.
    private func stringStart() -> Int? {
        var hashes = 0
        while at + hashes < source.count, source[at + hashes] == UInt8(ascii: "#") { hashes += 1 }
        guard at + hashes < source.count, source[at + hashes] == UInt8(ascii: "\"") else { return nil }
        return hashes
    }

    private mutating func scanString(hashes: Int) {
        let fence = String(repeating: "#", count: hashes)
        let first = line
        take(hashes, shown: true)
        let quote = sees("\"\"\"") ? "\"\"\"" : "\""
        take(quote.count, shown: true)
        var text: [UInt8] = []
        while at < source.count {
            if sees(quote + fence) {
                take(quote.count + hashes, shown: true)
                break
            }
            if sees("\\" + fence + "(") {
                take(2 + hashes, shown: false)
                scanCode(untilParenthesis: true)
                take(shown: false)
                text += "…".utf8
            } else if sees("\\" + fence) {
                take(hashes + 2, shown: false)
                text += "�".utf8
            } else {
                text.append(source[at])
                take(shown: false)
            }
        }
        literals.append(Literal(line: first, text: String(decoding: text, as: UTF8.self)))
    }
}
