/// What authors write, in the words of the RE2 that Debian has; and what RE2 says, in words for authors.
enum PatternDialect {
    /// The pattern with `(?<name>` written as `(?P<name>`, outside classes, escapes and `\Q…\E`; and all names.
    static func translated(_ source: String) -> (source: String, names: [String]) {
        guard source.contains("(?") else { return (source, []) }
        var out = ""
        var names: [String] = []
        var rest = Substring(source)
        while let character = rest.first {
            let length: Int
            switch character {
            case "\\": length = escapeLength(rest)
            case "[": length = classLength(rest)
            case "(":
                length = groupLength(rest, &names)
                if rest.hasPrefix("(?<"), length > 3 {
                    out += "(?P<"
                    rest = rest.dropFirst(3)
                    continue
                }
            default: length = 1
            }
            out += rest.prefix(length)
            rest = rest.dropFirst(length)
        }
        return (out, names)
    }

    /// Of `\x`, or of all of `\Q…\E`.
    private static func escapeLength(_ rest: Substring) -> Int {
        guard rest.hasPrefix("\\Q") else { return 2 }
        return rest.distance(from: rest.startIndex, to: rest.firstRange(of: "\\E")?.upperBound ?? rest.endIndex)
    }

    /// Of a class up to its closing bracket; one right behind the opening (or behind `^`) is an ordinary member.
    private static func classLength(_ rest: Substring) -> Int {
        var body = rest.dropFirst(rest.hasPrefix("[^") ? 2 : 1)
        if body.first == "]" { body.removeFirst() }
        while let character = body.first, character != "]" {
            if body.hasPrefix("[:"), let end = body.firstRange(of: ":]")?.upperBound {
                body = body[end...]
            } else {
                body = body.dropFirst(character == "\\" ? 2 : 1)
            }
        }
        return rest.distance(from: rest.startIndex, to: body.startIndex) + (body.isEmpty ? 0 : 1)
    }

    /// Of the opening of a named group, whose name is noted; else 1.
    private static func groupLength(_ rest: Substring, _ names: inout [String]) -> Int {
        for opening in ["(?P<", "(?<"] where rest.hasPrefix(opening) {
            let name = rest.dropFirst(opening.count).prefix { $0 == "_" || $0.isLetter || $0.isNumber }
            guard !name.isEmpty, rest[name.endIndex...].first == ">" else { return 1 }
            names.append(String(name))
            return opening.count + name.count + 1
        }
        return 1
    }

    /// A sentence's end for RE2's message; `part` is the part of the pattern that it names.
    static func explain(_ problem: String, part: String) -> String {
        if ["(?=", "(?!", "(?<=", "(?<!"].contains(where: part.hasPrefix) || part == "(?<" {
            return "it looks ahead or behind with \(excerpt(part)), which RE2 does not, so that time stays linear"
        }
        if problem.hasPrefix("invalid escape sequence"), part.dropFirst().first?.isNumber == true {
            return "it refers back with \(excerpt(part)), which RE2 does not, so that time stays linear"
        }
        if problem.hasPrefix("invalid repetition size") {
            return "it repeats more than 1000 times (nested counts multiply) at \(excerpt(part))"
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
