import Model
import Text

/// Puts the values of a template where they cannot change what surrounds them.
///
/// Each value is escaped for the place where it turns out to stand, told by the finished text before it; so branches and
/// loops of the template need no analysis. Places are told by Unicode scalars: a value that begins with a combining
/// mark must not hide the quote before it.
enum Placement {
    /// What becomes of a value behind the text before it.
    typealias Escaping = (_ before: String, _ value: String) throws(Fault) -> String

    // MARK: - PromQL

    /// In a string a value is escaped as its text (for `=~` and `!~`, also as a pattern); elsewhere only a number or a
    /// duration may stand.
    static func promQL(_ before: String, _ value: String) throws(Fault) -> String {
        let quoting = PromQLQuoting(before)
        switch quoting.open {
        case "`" where value.unicodeScalars.contains("`"):
            throw Fault("expression.place", "the value \"\(value)\" cannot stand between backticks")
        case "`": return quoting.isPattern ? Escape.pattern(value) : value
        case .some: return Escape.promQLString(quoting.isPattern ? Escape.pattern(value) : value)
        case nil:
            if isNumberOrDuration(value) { return value }
            throw Fault(
                "expression.place",
                "the value \"\(value)\" stands outside quotes, where only a number or a duration may")
        }
    }

    static func isNumberOrDuration(_ value: String) -> Bool {
        if Duration(parsing: value) != nil { return true }
        let allowed = value.utf8.allSatisfy { (48...57).contains($0) || "+-.e".utf8.contains($0) }
        return allowed && Double(value) != nil
    }

    // MARK: - URLs and bodies

    /// A value at the very start is the whole beginning of an address and stays; it must be one of `whole`.
    static func url(whole: [String]) -> Escaping {
        { (before, value) throws(Fault) in
            if before.isEmpty {
                guard whole.contains(value) else {
                    throw Fault("url.place", "an address may begin only with a parameter of type url")
                }
                return value
            }
            return Escape.urlComponent(value)
        }
    }

    /// In a JSON body a value in a string is escaped as its text, and elsewhere only a number, true, false or null may
    /// stand; other bodies take values as they are.
    static func body(_ before: String, _ value: String) throws(Fault) -> String {
        guard let first = before.unicodeScalars.first(where: { !$0.properties.isWhitespace }),
            first == "{" || first == "["
        else { return value }
        if JSONQuoting.isInString(before) { return JSONQuoting.escaped(value) }
        if ["true", "false", "null"].contains(value) || (isNumberOrDuration(value) && Double(value) != nil) {
            return value
        }
        throw Fault(
            "body.place", "the value \"\(value)\" stands outside quotes in a JSON body, where only a number may")
    }

    /// A header's value must stay on its line.
    static func line(_ before: String, _ value: String) throws(Fault) -> String {
        guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw Fault("header.place", "a header's value cannot hold control characters")
        }
        return value
    }
}

/// Which PromQL string a text ends in.
private struct PromQLQuoting {
    private(set) var open: Unicode.Scalar?
    /// The string is the right side of `=~` or `!~`.
    private(set) var isPattern = false

    init(_ text: String) {
        var escaped = false
        var comment = false
        var lastTwo: (Unicode.Scalar, Unicode.Scalar) = (" ", " ")
        for character in text.unicodeScalars {
            if comment {
                comment = character != "\n"
            } else if let quote = open {
                if escaped {
                    escaped = false
                } else if character == "\\", quote != "`" {
                    escaped = true
                } else if character == quote {
                    open = nil
                    isPattern = false
                }
            } else if "\"'`".unicodeScalars.contains(character) {
                open = character
                isPattern = lastTwo == ("=", "~") || lastTwo == ("!", "~")
            } else if character == "#" {
                comment = true
            } else if !character.properties.isWhitespace {
                lastTwo = (lastTwo.1, character)
            }
        }
    }
}

private enum JSONQuoting {
    static func isInString(_ text: String) -> Bool {
        var inside = false
        var escaped = false
        for character in text.unicodeScalars {
            if escaped {
                escaped = false
            } else if inside, character == "\\" {
                escaped = true
            } else if character == "\"" {
                inside.toggle()
            }
        }
        return inside
    }

    static func escaped(_ value: String) -> String {
        var out = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
