/// A file's code: its text without comments, blank lines and spaces at line ends.
///
/// Where it is not sure it keeps a text as code: what counts as a comment need not be proven by a test, so a mistake must
/// not widen that. Two texts of one file with equal code differ in comments only.
struct CodeText {
    /// Files for people, whole.
    static func isDocument(_ path: RelativePath) -> Bool {
        let name = path.name.lowercased()
        let endings = [".md", ".markdown", ".rst", ".adoc"]
        let names = ["readme", "changelog", "changes", "authors", "contributing", "license", "notice", "copying"]
        let isText = name.hasSuffix(".txt") && ["doc", "docs"].contains(path.parts[0].lowercased())
        return isText || endings.contains { name.hasSuffix($0) } || names.contains(name)
    }

    /// Whether two texts of a file differ in comments only; false where it cannot tell.
    static func differsInCommentsOnly(_ path: RelativePath, _ a: String, _ b: String) -> Bool {
        code(of: a, path).map { $0 == code(of: b, path) } ?? false
    }

    /// Nil where it cannot tell, as where the language is not known.
    static func code(of text: String, _ path: RelativePath) -> [UInt8]? {
        guard let language = CodeLanguage.of(path: path) else { return nil }
        var scanner = CodeText(Array(text.utf8), language)
        guard scanner.run() else { return nil }
        return scanner.out
    }

    private let text: [UInt8]
    private let language: CodeLanguage
    private var at = 0
    private var out: [UInt8] = []
    /// The code of the line so far.
    private var line: [UInt8] = []
    /// Within a text over several lines, where blank lines and spaces count.
    private var isRaw = false
    private var brackets = 0
    private var lastLineContinues = false
    private var hereDocuments: [[UInt8]] = []

    private init(_ text: [UInt8], _ language: CodeLanguage) {
        self.text = text
        self.language = language
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let backslash = UInt8(ascii: "\\")

    private func has(_ word: [UInt8]) -> Bool {
        guard at + word.count <= text.count, text[at] == word[0] else { return false }
        for offset in word.indices where text[at + offset] != word[offset] { return false }
        return true
    }
    private func isPeculiar(_ what: CodeLanguage.Peculiarity) -> Bool { language.peculiarities.contains(what) }
    private var startsLine: Bool { line.allSatisfy(Self.isSpace) }
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
    private static func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
            || (0x61...0x7a).contains(byte)
    }

    /// False where a comment or text is never closed, or the language hides code in comments here.
    private mutating func run() -> Bool {
        if isPeculiar(.cgo), !ByteSearch.all(Array("import \"C\"".utf8), in: text, max: 1).isEmpty { return false }
        while at < text.count {
            let byte = text[at]
            if byte == Self.lineFeed {
                at += 1
                endLine()
                guard passOverIndentedText() else { return false }
            } else if let block = language.block, has(block.open) {
                guard passOver(block: block) else { return false }
            } else if language.lineComments.contains(where: { has($0) }), beginsComment() {
                passOverLineComment()
            } else if byte == Self.backslash, isPeculiar(.shellWords), at + 1 < text.count {
                take(2)
            } else if let isClosed = passOverQuote() {
                guard isClosed else { return false }
            } else {
                note(byte)
                take(1)
            }
        }
        endLine()
        return hereDocuments.isEmpty
    }

    private mutating func take(_ count: Int) {
        line += text[at..<min(at + count, text.count)]
        at = min(at + count, text.count)
    }

    private mutating func note(_ byte: UInt8) {
        if "([{".utf8.contains(byte) { brackets += 1 }
        if ")]}".utf8.contains(byte) { brackets -= 1 }
        if byte == UInt8(ascii: "<"), isPeculiar(.hereDocuments), let word = hereDocumentWord() {
            hereDocuments.append(word)
        }
    }

    private mutating func endLine() {
        var end = line[...]
        if !isRaw { while let last = end.last, Self.isSpace(last) { end.removeLast() } }
        lastLineContinues = end.last == Self.backslash
        if !end.isEmpty || isRaw {
            out += end
            out.append(Self.lineFeed)
        }
        line = []
        isRaw = false
    }

    private func beginsComment() -> Bool {
        guard isPeculiar(.shellWords) || isPeculiar(.hereDocuments) || isPeculiar(.blockScalars) else { return true }
        guard let before = line.last else { return true }
        return Self.isSpace(before) || (isPeculiar(.shellWords) && ";|&()".utf8.contains(before))
    }

    private mutating func passOverLineComment() {
        let end = text[at...].firstIndex(of: Self.lineFeed) ?? text.count
        let comment = text[at..<end]
        let isDirective = speaks(comment) || comment.last == Self.backslash
        if isDirective { line += comment }
        at = end
    }

    /// Whether a comment speaks to a tool.
    private func speaks(_ comment: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(comment)
        return language.directives.contains { !ByteSearch.all(Array($0.utf8), in: bytes, max: 1).isEmpty }
    }

    private mutating func passOver(block: CodeLanguage.Block) -> Bool {
        let start = at
        var depth = 0
        while at < text.count {
            if has(block.open), depth == 0 || block.nests {
                depth += 1
                at += block.open.count
            } else if has(block.close) {
                depth -= 1
                at += block.close.count
                if depth == 0 {
                    if speaks(text[start..<at]) { line += text[start..<at] } else { line.append(0x20) }
                    return true
                }
            } else {
                at += 1
            }
        }
        return false
    }
}

extension CodeText {
    /// Nil where no quoted text begins here; false where it is never closed.
    private mutating func passOverQuote() -> Bool? {
        let byte = text[at]
        if isPeculiar(.regexes), byte == UInt8(ascii: "/"), mayBeginRegex() { return passOverRegex() }
        if isPeculiar(.rustQuotes), let done = passOverRustQuote() { return done }
        if isPeculiar(.swiftQuotes), byte == UInt8(ascii: "#"), let done = passOverFencedQuote() { return done }
        if isPeculiar(.blockScalars), let last = line.last, !Self.isSpace(last), !"[{,".utf8.contains(last) {
            return nil
        }
        guard let quote = language.quotes.first(where: { has($0.open) }) else { return nil }
        let prefix = line.drop(while: Self.isSpace)
        let isAlone = prefix.allSatisfy { "rRuU".utf8.contains($0) } && brackets == 0 && !lastLineContinues
        let isDocument = isPeculiar(.docStrings) && quote.open.count == 3 && isAlone
        let lineBefore = line
        let wasRaw = isRaw
        let start = out.count
        guard pass(quote.open, quote.close, escapes: quote.hasEscapes, multiline: quote.isMultiline) else {
            return false
        }
        if isDocument, endsLineHere() {
            out.removeSubrange(start...)
            line = Array(lineBefore.prefix { Self.isSpace($0) })
            isRaw = wasRaw
        }
        return true
    }

    /// Whether only spaces and a comment follow on the line.
    private func endsLineHere() -> Bool {
        let rest = text[at...].drop(while: Self.isSpace)
        return rest.isEmpty || rest.first == Self.lineFeed || rest.first == UInt8(ascii: "#")
    }

    private mutating func pass(_ open: [UInt8], _ close: [UInt8], escapes: Bool, multiline: Bool) -> Bool {
        take(open.count)
        while at < text.count {
            if text[at] == Self.lineFeed {
                // One that must end on its line and does not is no text of this kind: its line is kept as it is.
                guard multiline else { return true }
                at += 1
                isRaw = true
                endLine()
                isRaw = true
            } else if escapes, text[at] == Self.backslash, at + 1 < text.count, text[at + 1] != Self.lineFeed {
                take(2)
            } else if has(close) {
                take(close.count)
                return true
            } else {
                take(1)
            }
        }
        return !multiline
    }

    private func mayBeginRegex() -> Bool {
        guard let last = line.last(where: { !Self.isSpace($0) }) else { return true }
        if "(,=:[!&|?{};+-*%~^<>".utf8.contains(last) { return true }
        let words = String(decoding: line, as: UTF8.self).split { !$0.isLetter }
        return Self.isWord(last) && ["return", "typeof", "case", "in", "of"].contains(words.last ?? "")
    }

    private mutating func passOverRegex() -> Bool {
        take(1)
        var inClass = false
        while at < text.count, text[at] != Self.lineFeed {
            let byte = text[at]
            if byte == Self.backslash, at + 1 < text.count {
                take(2)
                continue
            }
            if byte == UInt8(ascii: "[") { inClass = true }
            if byte == UInt8(ascii: "]") { inClass = false }
            take(1)
            if byte == UInt8(ascii: "/"), !inClass { return true }
        }
        return false
    }

    /// `r#"…"#` and characters; a lifetime is none.
    private mutating func passOverRustQuote() -> Bool? {
        let byte = text[at]
        if byte == UInt8(ascii: "'") {
            let rest = text[(at + 1)...].prefix(12)
            guard rest.first != Self.backslash else { return pass([byte], [byte], escapes: true, multiline: false) }
            guard let end = rest.dropFirst().firstIndex(of: byte), !rest[..<end].contains(Self.lineFeed),
                String(decoding: rest[..<end], as: UTF8.self).unicodeScalars.count == 1
            else { return nil }
            take(end + 1 - at)
            return true
        }
        guard byte == UInt8(ascii: "r"), line.last.map({ !Self.isWord($0) || $0 == UInt8(ascii: "b") }) ?? true else {
            return nil
        }
        let fence = text[(at + 1)...].prefix { $0 == UInt8(ascii: "#") }
        guard text[(at + 1 + fence.count)...].first == UInt8(ascii: "\"") else { return nil }
        take(1)
        return pass(fence + [UInt8(ascii: "\"")], [UInt8(ascii: "\"")] + fence, escapes: false, multiline: true)
    }

    /// `#"…"#` and `#"""…"""#`
    private mutating func passOverFencedQuote() -> Bool? {
        let fence = Array(text[at...].prefix { $0 == UInt8(ascii: "#") })
        let quotes = Array(text[(at + fence.count)...].prefix { $0 == UInt8(ascii: "\"") }.prefix(3))
        guard !quotes.isEmpty else { return nil }
        let mark = quotes.count == 3 ? quotes : [quotes[0]]
        return pass(fence + mark, mark + fence, escapes: false, multiline: quotes.count == 3)
    }

    /// The word that ends the text after `<<`; nil where it is a shift or the like.
    private func hereDocumentWord() -> [UInt8]? {
        guard text[at...].starts(with: "<<".utf8), !text[at...].starts(with: "<<<".utf8), line.last != UInt8(ascii: "<")
        else { return nil }
        var rest = text[(at + 2)...]
        if let first = rest.first, "-~".utf8.contains(first) { rest.removeFirst() }
        if isPeculiar(.shellWords) { rest = rest.drop { $0 == 0x20 } }
        if let quote = rest.first, "'\"".utf8.contains(quote) {
            return Array(rest.dropFirst().prefix { $0 != quote && $0 != Self.lineFeed })
        }
        guard let first = rest.first, Self.isWord(first), !(0x30...0x39).contains(first) else { return nil }
        return Array(rest.prefix(while: Self.isWord))
    }

    /// After a line's end: the texts that it announced, line by line, as they are.
    private mutating func passOverIndentedText() -> Bool {
        while let word = hereDocuments.first {
            guard at < text.count else { return false }
            let whole = takeRawLine()
            if whole.filter({ !Self.isSpace($0) }) == word { hereDocuments.removeFirst() }
        }
        if isPeculiar(.blockScalars), let indentation = blockIndentation() {
            while at < text.count {
                let next = text[at...].prefix { $0 != Self.lineFeed }
                let spaces = next.prefix { $0 == 0x20 }.count
                guard next.allSatisfy(Self.isSpace) || spaces > indentation else { break }
                _ = takeRawLine()
            }
        }
        return true
    }

    private mutating func takeRawLine() -> [UInt8] {
        let end = text[at...].firstIndex(of: Self.lineFeed) ?? text.count
        line = Array(text[at..<end])
        let whole = line
        at = min(end + 1, text.count)
        isRaw = true
        endLine()
        return whole
    }

    /// The indentation of the last line of code where it ends in `|` or `>` with their signs.
    private func blockIndentation() -> Int? {
        let last = out.dropLast().suffix(while: { $0 != Self.lineFeed })
        let stem = last.reversed().drop { "+-0123456789".utf8.contains($0) }
        guard let mark = stem.first, mark == UInt8(ascii: "|") || mark == UInt8(ascii: ">") else { return nil }
        guard let before = stem.dropFirst().first, Self.isSpace(before) else { return nil }
        return last.prefix { $0 == 0x20 }.count
    }
}

extension Collection {
    fileprivate func suffix(while holds: (Element) -> Bool) -> SubSequence where Self: BidirectionalCollection {
        var start = endIndex
        while start > startIndex, holds(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}
