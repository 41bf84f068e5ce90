/// What authors write, in the words of the RE2 that Debian has; and what RE2 says, in words for authors.
enum PatternDialect {
    /// Writes `(?<name>` as `(?P<name>`, outside classes, escapes and `\Q…\E`.
    static func translated(_ source: String) -> String {
        guard source.contains("(?<") else { return source }
        var out = ""
        var rest = Substring(source)
        var inClass = false
        while let character = rest.first {
            if rest.hasPrefix("\\Q") {
                let end = rest.firstRange(of: "\\E")?.upperBound ?? rest.endIndex
                out += rest[..<end]
                rest = rest[end...]
                continue
            }
            if character == "\\" {
                out += rest.prefix(2)
                rest = rest.dropFirst(2)
                continue
            }
            if !inClass, rest.hasPrefix("(?<"), rest.dropFirst(3).first.map({ $0 != "=" && $0 != "!" }) ?? false {
                out += "(?P<"
                rest = rest.dropFirst(3)
                continue
            }
            if character == "[", !inClass {
                inClass = true
                // A bracket right behind the opening (or behind ^) is an ordinary member.
                let opening = rest.hasPrefix("[^]") ? 3 : rest.hasPrefix("[]") ? 2 : rest.hasPrefix("[^") ? 2 : 1
                out += rest.prefix(opening)
                rest = rest.dropFirst(opening)
                continue
            }
            if inClass, rest.hasPrefix("[:"), let end = rest.firstRange(of: ":]")?.upperBound {
                out += rest[..<end]
                rest = rest[end...]
                continue
            }
            if character == "]" { inClass = false }
            out.append(character)
            rest = rest.dropFirst()
        }
        return out
    }

    /// A sentence's end for RE2's message; `part` is the part of the pattern that it names.
    static func explain(_ problem: String, part: String) -> String {
        if ["(?=", "(?!", "(?<=", "(?<!"].contains(where: part.hasPrefix) || part == "(?<" {
            return "it looks ahead or behind with \(excerpt(part)), which RE2 does not, so that time stays linear"
        }
        if problem.hasPrefix("invalid escape sequence"), part.dropFirst().first?.isNumber == true {
            return "it refers back with \(excerpt(part)), which RE2 does not, so that time stays linear"
        }
        if problem.hasPrefix("pattern too large") {
            return "it is too large when its repetitions are written out; use smaller counts"
        }
        // RE2 says "missing ): a(b", with the part behind the colon.
        var sentence = problem
        if !part.isEmpty, sentence.hasSuffix(": " + part) { sentence.removeLast(part.count + 2) }
        return part.isEmpty ? sentence : "\(sentence) at \(excerpt(part))"
    }
}
