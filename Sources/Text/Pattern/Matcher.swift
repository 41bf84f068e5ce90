public import Model

/// One condition on a label, as Prometheus and Alertmanager write it: `severity=~"critical|warning"`.
///
/// A label that is absent has the empty value. Regular expressions must match the whole value.
public struct Matcher: Sendable {
    public enum Operation: String, Sendable, Codable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    public let name: String
    public let operation: Operation
    public let value: String
    private let pattern: Pattern?

    /// Throws where `value` is not a valid pattern of an operation that takes one.
    public init(_ name: String, _ operation: Operation, _ value: String) throws(Fault) {
        self.name = name
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual: pattern = nil
        case .matches, .notMatches:
            do throws(Fault) {
                pattern = try Pattern(value, anchored: true)
            } catch {
                throw Fault(error.code, "label \(name): \(error.message)", hint: error.hint)
            }
        }
    }

    public func matches(_ labels: Labels) -> Bool { matches(value: labels[name] ?? "") }

    public func matches(value other: String) -> Bool {
        switch operation {
        case .equal: other == value
        case .notEqual: other != value
        case .matches: pattern?.matches(other) ?? false
        case .notMatches: !(pattern?.matches(other) ?? true)
        }
    }

    /// A label that is absent satisfies it.
    public var matchesEmpty: Bool { matches(value: "") }
}

extension Matcher: Hashable {
    public static func == (left: Matcher, right: Matcher) -> Bool {
        left.name == right.name && left.operation == right.operation && left.value == right.value
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}

extension Matcher: CustomStringConvertible {
    /// Reads back as the same matcher.
    public var description: String { "\(name)\(operation.rawValue)\(value.quotedForPrometheus)" }
}

extension Matcher {
    /// Reads a list such as `alertname="DiskFull", mount=~"/var|/srv"`, in braces or not.
    ///
    /// As in Alertmanager, a value may stand without quotes where it holds no blank and none of `"'\`,{}=!~`. Every
    /// matcher of the list must match; an empty list is refused, because it would match everything.
    public static func parseList(_ text: String) throws(Fault) -> [Matcher] {
        var reader = MatcherReader(text)
        return try reader.list()
    }
}

private struct MatcherReader {
    private let text: String
    private let characters: [Character]
    private var position = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    private var current: Character? { position < characters.count ? characters[position] : nil }

    mutating func list() throws(Fault) -> [Matcher] {
        skipBlanks()
        let braced = take("{")
        var matchers: [Matcher] = []
        skipBlanks()
        while let character = current, character != "}" {
            matchers.append(try matcher())
            skipBlanks()
            guard take(",") else { break }
            skipBlanks()
        }
        if braced {
            guard take("}") else { throw problem("expected \",\" or \"}\"") }
            skipBlanks()
        }
        guard current == nil else { throw problem("expected \",\" or the end") }
        guard !matchers.isEmpty else {
            throw Fault(
                "matcher.empty",
                "a matcher such as severity=\"critical\" is missing; an empty list would match everything")
        }
        return matchers
    }

    private mutating func matcher() throws(Fault) -> Matcher {
        let start = position
        let name = takeWhile { $0 == "_" || $0 == ":" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
        guard let first = name.first, !first.isNumber else {
            position = start
            throw problem("expected a label's name")
        }
        skipBlanks()
        guard let operation = takeOperation() else { throw problem("expected =, !=, =~ or !~ behind \"\(name)\"") }
        skipBlanks()
        let value = try take("\"") ? quoted() : bare(name)
        return try Matcher(name, operation, value)
    }

    private mutating func takeOperation() -> Matcher.Operation? {
        for operation in [Matcher.Operation.matches, .notMatches, .notEqual, .equal] {
            let word = Array(operation.rawValue)
            if characters[position...].starts(with: word) {
                position += word.count
                return operation
            }
        }
        return nil
    }

    /// The rest of a value behind its opening quote; `\"`, `\\` and `\n` are escapes, other backslashes stay.
    private mutating func quoted() throws(Fault) -> String {
        let opening = position - 1
        var value = ""
        while let character = current {
            position += 1
            switch character {
            case "\"": return value
            case "\\":
                switch current {
                case "\"": value.append("\"")
                case "\\": value.append("\\")
                case "n": value.append("\n")
                case let other?: value += "\\\(other)"
                case nil: continue
                }
                position += 1
            default: value.append(character)
            }
        }
        position = opening
        throw problem(
            "the quote is never closed",
            hint: "In a YAML list [a=\"b\", …] a matcher that holds a comma stands in single quotes as a whole")
    }

    private mutating func bare(_ name: String) throws(Fault) -> String {
        let value = takeWhile { !"\",{}'`=!~\\".contains($0) && !$0.isWhitespace }
        guard !value.isEmpty else { throw problem("expected a value in double quotes for \"\(name)\"") }
        return value
    }

    private mutating func take(_ character: Character) -> Bool {
        guard current == character else { return false }
        position += 1
        return true
    }

    private mutating func takeWhile(_ belongs: (Character) -> Bool) -> String {
        let start = position
        while let character = current, belongs(character) { position += 1 }
        return String(characters[start..<position])
    }

    private mutating func skipBlanks() { _ = takeWhile(\.isWhitespace) }

    private func problem(_ message: String, hint: String? = nil) -> Fault {
        Fault("matcher.syntax", "\(message) at character \(position + 1) of matcher \(excerpt(text))", hint: hint)
    }
}
