import Model
import Testing

@testable import Agents

@Suite struct JSONSchemaTests {
    private static func problems(_ schema: JSONValue, _ value: JSONValue) throws -> [String] {
        try JSONSchema(schema).validate(value).map(\.description)
    }

    @Test(
        arguments: [
            ([:], nil, []), ([:], ["a": [1]], []),
            (["type": "object"], [], ["$: needs an object, not a list"]),
            (["type": "array"], [:], ["$: needs a list, not an object"]),
            (["type": "string"], 1, ["$: needs text, not a number"]),
            (["type": "number"], "1", ["$: needs a number, not text"]),
            (["type": "number"], 1.5, []),
            (["type": "integer"], 2, []), (["type": "integer"], 1.5, ["$: needs a whole number, not a number"]),
            (["type": "integer"], 1e300, ["$: needs a whole number, not a number"]),
            (["type": "boolean"], 0, ["$: needs true or false, not a number"]),
            (["type": "null"], nil, []), (["type": "null"], false, ["$: needs null, not true or false"]),
            (["type": ["string", "null"]], nil, []),
            (["type": ["string", "null"]], 1, ["$: needs text or null, not a number"]),
            (["enum": ["a", 1]], 1, []), (["enum": ["a", 1]], "b", ["$: needs \"a\", 1, not \"b\""]),
            (["const": "a"], "a", []), (["const": nil], 1, ["$: needs null, not 1"]),
            (["minimum": 0, "maximum": 1], 0.5, []), (["minimum": 0], -1, ["$: needs at least 0"]),
            (["maximum": 1.5], 2, ["$: needs at most 1.5"]), (["maximum": 1], "5", []),
            (["minLength": 2], "é", ["$: needs at least 2 characters"]), (["minLength": 1], "é", []),
            (["maxLength": 1], "ab", ["$: may have at most 1 characters"]),
            (["minItems": 1], [], ["$: needs at least 1 items"]),
            (["maxItems": 1], [1, 2], ["$: may have at most 1 items"]),
            (["pattern": "^a+$"], "aa", []), (["pattern": "^a+$"], "b", ["$: does not match the pattern ^a+$"]),
            (["pattern": "b"], "abc", []),
            (
                ["items": ["type": "string"]], ["a", 1, nil],
                ["$[1]: needs text, not a number", "$[2]: needs text, not null"]
            ),
            (["required": ["a"]], [:], ["$.a: is missing"]),
            (["properties": ["a": ["type": "string"]]], ["b": 1], []),
            (
                ["properties": ["abc": [:]], "additionalProperties": false], ["abd": 1],
                ["$: has the unknown name \"abd\"; did you mean \"abc\"?"]
            ),
            (["additionalProperties": false], ["\n\u{1B}[2J": 1], ["$: has the unknown name \" \u{FFFD}[2J\""]),
            (
                ["properties": ["a": ["items": ["properties": ["b": ["type": "null"]]]]]], ["a": [["b": 1]]],
                ["$.a[0].b: needs null, not a number"]
            ),
        ] as [(JSONValue, JSONValue, [String])])
    func validates(schema: JSONValue, value: JSONValue, problems: [String]) throws {
        #expect(try Self.problems(schema, value) == problems)
    }

    @Test(
        arguments: [
            (1, ["$: a schema is an object, not a number"]),
            (["typ": "string"], ["$.typ: unknown keyword \"typ\" in a schema; did you mean \"type\"?"]),
            (["oneOf": []], ["$.oneOf: unknown keyword \"oneOf\" in a schema"]),
            (["type": "strin"], ["$.type: unknown type \"strin\"; did you mean \"string\"?"]),
            (["type": 1], ["$.type: \"type\" needs a list of names, each once"]),
            (["properties": []], ["$.properties: \"properties\" needs names with schemas, not a list"]),
            (
                ["properties": ["a": ["items": ["x": 1]]]],
                ["$.properties.a.items.x: unknown keyword \"x\" in a schema"]
            ),
            (["required": ["a", "a"]], ["$.required: \"required\" needs a list of names, each once"]),
            (
                ["properties": ["ab": [:]], "required": ["ac"], "additionalProperties": false],
                ["$.required: \"ac\" is required, but no property; did you mean \"ab\"?"]
            ),
            (
                ["additionalProperties": [:]],
                ["$.additionalProperties: \"additionalProperties\" needs true or false"]
            ),
            (["enum": []], ["$.enum: \"enum\" needs a list of values"]),
            (["enum": ["a"], "const": "a"], ["$.const: \"const\" and \"enum\" cannot stand together"]),
            (["minimum": "0"], ["$.minimum: \"minimum\" needs a number"]),
            (["minLength": 1.5], ["$.minLength: \"minLength\" needs a whole number"]),
            (["maxItems": -1], ["$.maxItems: \"maxItems\" needs a whole number"]),
            (["minimum": 2, "maximum": 1], ["$: 2 at least and 1 at most cannot be"]),
            (["pattern": "("], ["$.pattern: pattern \"(\" is not valid: missing ) at \"(\""]),
            (["description": 1], ["$.description: \"description\" needs text, not a number"]),
        ] as [(JSONValue, [String])])
    func refusesWhenRead(schema: JSONValue, problems: [String]) {
        do {
            _ = try JSONSchema(schema)
            Issue.record("it was read")
        } catch {
            #expect(error.all.map(\.description) == problems)
        }
    }

    @Test func depthIsBounded() {
        var schema: JSONValue = [:]
        for _ in 1...200 { schema = ["items": schema] }
        #expect(throws: JSONProblems.self) { try JSONSchema(schema) }
    }

    @Test func problemsAreBounded() throws {
        let many = JSONValue.array([JSONValue](repeating: 1, count: 1000))
        #expect(try Self.problems(["items": ["type": "string"]], many).count == 20)
        let names = JSONValue.object(Dictionary((1...1000).map { ("n\($0)", 1) }) { one, _ in one })
        #expect(try Self.problems(["additionalProperties": false], names).count == 20)
    }
}
