extension CodeText {
    /// Nil where no quoted text begins here; false where it is never closed.
    mutating func passOverQuote() -> Bool? {
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
    func hereDocumentWord() -> [UInt8]? {
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
    mutating func passOverIndentedText() -> Bool {
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
