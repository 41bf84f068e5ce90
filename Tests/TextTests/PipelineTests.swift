import Model
import Testing
import Text

@Suite struct PipelineTests {
    static func value(_ source: String) throws -> JSONValue {
        try Pipeline(parsing: source, at: SourcePlace(file: "f", line: 3, column: 9)).evaluate(TemplateTests.scope)
    }

    @Test(arguments: [
        ("eq $steps.dump-state.result.exit 1", JSONValue.bool(true)), ("$params.list", .array(["a", "b"])),
        ("$value", .number(0.0523)),
        ("len $params.list | eq 2", .bool(true)), ("not (eq $labels.job \"web\")", .bool(false)), ("nil", .null),
        ("(toTime 0)", .string("1970-01-01T00:00:00.000Z")),
        ("or $params.flag false", .bool(true)), ("  \"x\"  ", .string("x")),
    ])
    func evaluatesToAValue(source: String, expected: JSONValue) throws {
        #expect(try Self.value(source) == expected)
    }

    @Test(arguments: [
        (
            "{{ eq 1 1 }}",
            "f:3:9: error: braces do not belong here; this is a pipeline such as: eq $steps.NAME.result.exit 0"
        ),
        ("", "f:3:9: error: a value is missing at the end"),
        ("if 1", "f:3:9: error: {{ if }} is an action of its own and cannot stand here"),
        ("eq 1 1)", "f:3:15: error: \")\" cannot stand here"),
        ("$x := 1", "f:3:9: error: a condition sets no variables"),
        ("eq $x ==", "f:3:15: error: there are no operators in templates; write eq A B"),
    ])
    func isRefusedWithItsPlace(source: String, message: String) {
        do throws(Diagnostic) {
            _ = try Pipeline(parsing: source, at: SourcePlace(file: "f", line: 3, column: 9))
            Issue.record("it was accepted")
        } catch { #expect(error.description == message) }
    }

    @Test func placesAreExactInsideYAML() throws {
        let node = try #require(YAMLTests.scalar(in: try YAML.parse("if: 'eq $x foo'", file: "f"), containing: "foo"))
        #expect(throws: Diagnostic(SourcePlace(file: "f", line: 1, column: 12), "unknown function \"foo\"")) {
            try Pipeline(node)
        }
        let list = try #require(try YAML.parse("[a]", file: "f"))
        #expect(throws: Diagnostic(list.place, "a condition is text, not a list")) { try Pipeline(list) }
        #expect(throws: Diagnostic(list.place, "a template is text, not a list")) { try Template(list) }
    }

    @Test func aSkippedStepsResultIsAFault() {
        #expect(throws: Fault.self) { try Self.value("eq $steps.review.result.blocking 0") }
    }

    @Test(arguments: [
        (JSONValue.null, false), (.bool(false), false), (.bool(true), true), (.number(0), false), (.number(-1), true),
        (.string(""), false), (.string("false"), true), (.array([]), false), (.array([0]), true), (.object([:]), false),
        (.object(["a": 0]), true),
    ])
    func truthIsGos(value: JSONValue, isTrue: Bool) {
        #expect(Pipeline.isTrue(value) == isTrue)
    }
}
