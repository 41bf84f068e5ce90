import Model
import Text

/// Reads a schema from JSON and collects what is wrong in it.
struct JSONSchemaReader {
    private(set) var problems: [JSONProblem] = []

    static let keywords = [
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "minimum", "maximum",
        "minLength", "maxLength", "minItems", "maxItems", "pattern", "description",
    ]
    static let depthMax = 16

    mutating func schema(_ json: JSONValue, at path: [String]) -> JSONSchema? {
        guard let members = json.object else {
            add(path, "a schema is an object, not \(json.kindName)")
            return nil
        }
        guard path.count <= Self.depthMax * 2 else {
            add(path, "schemas are nested deeper than \(Self.depthMax)")
            return nil
        }
        for name in members.keys.sorted() where !Self.keywords.contains(name) {
            let near = nearest(name, among: Self.keywords).map { "; did you mean \"\($0)\"?" } ?? ""
            add(path + [name], "unknown keyword \(quoted(name)) in a schema\(near)")
        }
        _ = text(members, "description", path)
        let properties = properties(members, path)
        let isClosed = members["additionalProperties"].map { open(($0, path)) == false } ?? false
        return JSONSchema(
            json: json, kinds: kinds(members, path), properties: properties,
            required: required(members, path, properties: properties, isClosed: isClosed), isClosed: isClosed,
            items: members["items"].flatMap { schema($0, at: path + ["items"]) }.map { [$0] } ?? [],
            values: values(members, path),
            range: bounds(members, "minimum", "maximum", path, whole: false),
            length: bounds(members, "minLength", "maxLength", path, whole: true),
            count: bounds(members, "minItems", "maxItems", path, whole: true), pattern: pattern(members, path))
    }

    private mutating func add(_ path: [String], _ message: String) { problems.append(JSONProblem(path, message)) }

    private mutating func text(_ members: [String: JSONValue], _ name: String, _ path: [String]) -> String? {
        guard let value = members[name] else { return nil }
        if value.string == nil { add(path + [name], "\"\(name)\" needs text, not \(value.kindName)") }
        return value.string
    }

    private mutating func texts(_ members: [String: JSONValue], _ name: String, _ path: [String]) -> [String] {
        guard let value = members[name] else { return [] }
        let texts = value.array?.compactMap(\.string)
        guard let texts, texts.count == value.array?.count, Set(texts).count == texts.count else {
            add(path + [name], "\"\(name)\" needs a list of names, each once")
            return []
        }
        return texts
    }

    private mutating func open(_ at: (value: JSONValue, path: [String])) -> Bool? {
        if at.value.bool == nil {
            add(at.path + ["additionalProperties"], "\"additionalProperties\" needs true or false")
        }
        return at.value.bool
    }

    private mutating func kinds(_ members: [String: JSONValue], _ path: [String]) -> [JSONSchema.Kind] {
        guard let value = members["type"] else { return [] }
        let words = value.string.map { [$0] } ?? texts(members, "type", path)
        var kinds: [JSONSchema.Kind] = []
        for word in words {
            if let kind = JSONSchema.Kind(rawValue: word) {
                kinds.append(kind)
            } else {
                let known = JSONSchema.Kind.allCases.map(\.rawValue)
                let near = nearest(word, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
                add(path + ["type"], "unknown type \(quoted(word))\(near)")
            }
        }
        return kinds
    }

    private mutating func properties(_ members: [String: JSONValue], _ path: [String]) -> [String: JSONSchema] {
        guard let value = members["properties"] else { return [:] }
        guard let named = value.object else {
            add(path + ["properties"], "\"properties\" needs names with schemas, not \(value.kindName)")
            return [:]
        }
        var properties: [String: JSONSchema] = [:]
        for (name, json) in named.sorted(by: { $0.key < $1.key }) {
            properties[name] = schema(json, at: path + ["properties", name])
        }
        return properties
    }

    /// A name that the schema itself rules out would make every value wrong.
    private mutating func required(
        _ members: [String: JSONValue], _ path: [String], properties: [String: JSONSchema], isClosed: Bool
    ) -> [String] {
        let names = texts(members, "required", path)
        let known = (members["properties"]?.object ?? [:]).keys.sorted()
        for name in names where isClosed && !known.contains(name) {
            let near = nearest(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
            add(path + ["required"], "\(quoted(name)) is required, but no property\(near)")
        }
        return names
    }

    private mutating func values(_ members: [String: JSONValue], _ path: [String]) -> [JSONValue]? {
        if let value = members["enum"], value.array?.isEmpty ?? true {
            add(path + ["enum"], "\"enum\" needs a list of values")
        }
        guard let only = members["const"] else { return members["enum"]?.array }
        if members["enum"] != nil { add(path + ["const"], "\"const\" and \"enum\" cannot stand together") }
        return [only]
    }

    private mutating func bounds(
        _ members: [String: JSONValue], _ least: String, _ most: String, _ path: [String], whole: Bool
    ) -> JSONSchema.Bounds {
        var bounds = JSONSchema.Bounds()
        for (name, side) in [(least, \JSONSchema.Bounds.least), (most, \JSONSchema.Bounds.most)] {
            guard let value = members[name] else { continue }
            guard let number = value.number, !whole || (number >= 0 && number == number.rounded()) else {
                add(path + [name], "\"\(name)\" needs a \(whole ? "whole " : "")number")
                continue
            }
            bounds[keyPath: side] = number
        }
        if let least = bounds.least, let most = bounds.most, least > most {
            add(path, "\(shown(least)) at least and \(shown(most)) at most cannot be")
        }
        return bounds
    }

    private mutating func pattern(_ members: [String: JSONValue], _ path: [String]) -> Pattern? {
        guard let source = text(members, "pattern", path) else { return nil }
        do {
            return try Pattern(source)
        } catch {
            add(path + ["pattern"], error.message)
            return nil
        }
    }
}

/// Without `.0` where it is whole.
func shown(_ number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }
