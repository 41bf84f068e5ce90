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

    let text: [UInt8]
    let language: CodeLanguage
    var at = 0
    var out: [UInt8] = []
    /// The code of the line so far.
    var line: [UInt8] = []
    /// Within a text over several lines, where blank lines and spaces count.
    var isRaw = false
    var brackets = 0
    var lastLineContinues = false
    var hereDocuments: [[UInt8]] = []

    private init(_ text: [UInt8], _ language: CodeLanguage) {
        self.text = text
        self.language = language
    }

    static let lineFeed = UInt8(ascii: "\n")
    static let backslash = UInt8(ascii: "\\")

    func has(_ word: [UInt8]) -> Bool {
        guard at + word.count <= text.count, text[at] == word[0] else { return false }
        for offset in word.indices where text[at + offset] != word[offset] { return false }
        return true
    }
    func isPeculiar(_ what: CodeLanguage.Peculiarity) -> Bool { language.peculiarities.contains(what) }
    private var startsLine: Bool { line.allSatisfy(Self.isSpace) }
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
    static func isWord(_ byte: UInt8) -> Bool {
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

    mutating func take(_ count: Int) {
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

    mutating func endLine() {
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
