public import Model
import Text

/// The shape that a JSON value must have: the part of JSON Schema that roles and tools need.
///
/// `type` (one or a list), `properties`, `required`, `additionalProperties` (true or false), `items`, `enum`, `const`,
/// `minimum`, `maximum`, `minLength`, `maxLength` (in Unicode scalars), `minItems`, `maxItems`, `pattern` (RE2, found
/// anywhere in the text) and `description`. Any other keyword is refused when the schema is read.
public struct JSONSchema: Sendable, Hashable {
    enum Kind: String, Sendable, CaseIterable {
        case object, array, string, number, integer, boolean, null
    }

    /// The schema itself, as a model is shown it.
    public let json: JSONValue
    /// Empty: any.
    let kinds: [Kind]
    let properties: [String: JSONSchema]
    let required: [String]
    let isClosed: Bool
    /// One schema, or none where the items may be anything.
    let items: [JSONSchema]
    /// From `enum` and `const`; nil for any value.
    let values: [JSONValue]?
    let range: Bounds
    let length: Bounds
    let count: Bounds
    let pattern: Pattern?

    /// Both inclusive.
    struct Bounds: Sendable, Hashable {
        var least: Double?
        var most: Double?
    }

    /// Throws every problem of the schema, each with its path in it.
    public init(_ json: JSONValue) throws(JSONProblems) {
        var reader = JSONSchemaReader()
        let schema = reader.schema(json, at: [])
        guard let schema, reader.problems.isEmpty else { throw JSONProblems(all: reader.problems) }
        self = schema
    }

    init(
        json: JSONValue, kinds: [Kind], properties: [String: JSONSchema], required: [String], isClosed: Bool,
        items: [JSONSchema], values: [JSONValue]?, range: Bounds, length: Bounds, count: Bounds, pattern: Pattern?
    ) {
        self.json = json
        self.kinds = kinds
        self.properties = properties
        self.required = required
        self.isClosed = isClosed
        self.items = items
        self.values = values
        self.range = range
        self.length = length
        self.count = count
        self.pattern = pattern
    }
}

/// What does not fit in a JSON value, and where.
public struct JSONProblem: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Names and indices from the root.
    public var path: [String]
    public var message: String

    public init(_ path: [String], _ message: String) {
        self.path = path
        self.message = message
    }

    /// `$.facts[0].kind: MESSAGE`
    public var description: String {
        let place = path.map { $0.allSatisfy(\.isNumber) && !$0.isEmpty ? "[\($0)]" : ".\($0)" }.joined()
        return "$\(place): \(message)"
    }
}

public struct JSONProblems: Error, Sendable, CustomStringConvertible {
    public let all: [JSONProblem]
    public var description: String { all.map(\.description).joined(separator: "\n") }
}

extension JSONValue {
    /// What it is, for a sentence: `text`, `a list`, `an object`, `nothing`.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// In quotes, on one line and cut where it is long, so that no text of a model can pose as something else.
func quoted(_ text: String, max: Int = 60) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(max) {
        switch scalar.properties.generalCategory {
        case .control where scalar.properties.isWhitespace: shown += " "
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: shown += "\u{FFFD}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return "\"\(shown)\(text.unicodeScalars.count > max ? "…" : "")\""
}
