import Model
import Testing
import Text

@Suite struct MappingTests {
    enum Mode: String, CaseIterable { case observe, approve, auto }

    static let keys = ["name", "for", "size", "count", "ratio", "on", "mode", "args", "labels", "steps"]

    /// All problems of reading `text` by `read`, and what `read` gave.
    static func reading<T>(_ text: String, _ read: (Mapping) -> T?) throws -> (value: T?, problems: [String]) {
        let problems = Problems()
        let node = try #require(try YAML.parse(text, file: "f"))
        let value = Mapping(node, "the rule", keys: keys, notYet: ["parallel"], problems).flatMap(read)
        return (value, problems.all.map(\.description))
    }

    @Test func readsEachType() throws {
        let text = """
            name: 12
            for: 1h30m
            size: 64KiB
            count: -3
            ratio: 2e8
            on: true
            mode: auto
            args: [a, 2]
            labels: {a: b, c: "d"}
            steps: [{x: 1}]
            """
        let (_, problems) = try Self.reading(text) { mapping -> Bool? in
            #expect(mapping.string("name") == "12")
            #expect(mapping.duration("for") == .seconds(5400))
            #expect(mapping.size("size") == ByteSize(bytes: 65536))
            #expect(mapping.integer("count", in: -5...5) == -3)
            #expect(mapping.number("ratio") == 2e8)
            #expect(mapping.bool("on") == true)
            #expect(mapping.choice("mode", as: Mode.self) == .auto)
            #expect(mapping.strings("args") == ["a", "2"])
            #expect(mapping.strings("name") == ["12"])
            #expect(
                mapping.stringMap("labels")?.map { "\($0.name.text ?? "")=\($0.value.text ?? "")" } == ["a=b", "c=d"])
            #expect(mapping.list("steps")?.count == 1)
            #expect(mapping.keyPlace("for")?.description == "f:2:1")
            return true
        }
        #expect(problems == [])
    }

    @Test func whatIsAbsentOrEmptyIsNilWithoutAProblem() throws {
        let (_, problems) = try Self.reading("name:\n") { mapping -> Bool? in
            #expect(mapping["name"] == nil)
            #expect(mapping.string("name") == nil)
            #expect(mapping.duration("for") == nil)
            #expect(mapping.list("steps") == nil)
            return true
        }
        #expect(problems == [])
    }

    @Test(arguments: [
        ("fro: 5m", "f:1:1: error: unknown key \"fro\" in the rule; did you mean \"for\"?"),
        (
            "a: 1\nstpes: []",
            "f:1:1: error: unknown key \"a\" in the rule|f:2:1: error: unknown key \"stpes\" in the rule; did you mean \"steps\"?"
        ),
        ("parallel: []", "f:1:1: error: \"parallel\" is not in this version"),
        ("- a", "f:1:1: error: the rule needs a mapping (key: value), not a list"),
        ("text", "f:1:1: error: the rule needs a mapping (key: value), not text"),
    ])
    func theShapeIsChecked(text: String, expected: String) throws {
        #expect(try Self.reading(text) { _ in true }.problems.joined(separator: "|") == expected)
    }

    @Test(arguments: [
        ("name: [a]", "f:1:7: error: \"name\" needs text, not a list"),
        ("for: 5 m", "f:1:6: error: \"for\" needs a duration such as 30s or 1h30m, not \"5 m\""),
        ("for: ''", "f:1:6: error: \"for\" needs a duration such as 30s or 1h30m, not \"\""),
        ("size: 10MB", "f:1:7: error: \"size\" needs a size such as 64KiB or 200MiB, not \"10MB\""),
        ("count: 9", "f:1:8: error: \"count\" needs a whole number from 1 to 5, not \"9\""),
        ("count: 0x3", "f:1:8: error: \"count\" needs a whole number from 1 to 5, not \"0x3\""),
        ("count: 1.0", "f:1:8: error: \"count\" needs a whole number from 1 to 5, not \"1.0\""),
        ("ratio: nan", "f:1:8: error: \"ratio\" needs a number, not \"nan\""),
        ("ratio: 1e999", "f:1:8: error: \"ratio\" needs a number, not \"1e999\""),
        ("on: yes", "f:1:5: error: \"on\" needs true or false, not \"yes\""),
        ("mode: atuo", "f:1:7: error: \"mode\" needs observe, approve or auto, not \"atuo\"; did you mean \"auto\"?"),
        ("mode: {}", "f:1:7: error: \"mode\" needs observe, approve or auto, not a mapping"),
        ("args: {a: b}", "f:1:7: error: \"args\" needs text or a list of texts, not a mapping"),
        ("args: [a, [b]]", "f:1:11: error: an item of \"args\" needs text, not a list"),
        ("labels: [a]", "f:1:9: error: \"labels\" needs a mapping of names to text, not a list"),
        ("labels: {a: {}}", "f:1:13: error: \"a\" in \"labels\" needs text, not a mapping"),
        ("steps: a", "f:1:8: error: \"steps\" needs a list, not text"),
    ])
    func aValueOfTheWrongTypeIsToldWithWhatIsExpected(text: String, expected: String) throws {
        let (_, problems) = try Self.reading(text) { mapping -> Bool? in
            _ = mapping.string("name")
            _ = mapping.duration("for")
            _ = mapping.size("size")
            _ = mapping.integer("count", in: 1...5)
            _ = mapping.number("ratio")
            _ = mapping.bool("on")
            _ = mapping.choice("mode", as: Mode.self)
            _ = mapping.strings("args")
            _ = mapping.stringMap("labels")
            _ = mapping.list("steps")
            return true
        }
        #expect(problems == [expected])
    }

    @Test(arguments: [
        ("for: 5m", "f:1:1: error: the rule needs \"name\""),
        ("name:", "f:1:1: error: \"name\" of the rule is empty"),
    ])
    func whatIsRequiredIsMissed(text: String, expected: String) throws {
        #expect(try Self.reading(text) { $0.string("name", required: true) }.problems == [expected])
    }

    @Test(arguments: [
        (Int.min...Int.max, "a whole number"), (1...Int.max, "a whole number, at least 1"),
        (Int.min...7, "a whole number, at most 7"), (2...3, "a whole number from 2 to 3"),
    ])
    func aRangeIsToldInWords(range: ClosedRange<Int>, words: String) throws {
        let problems = try Self.reading("count: x") { $0.integer("count", in: range) }.problems
        #expect(problems == ["f:1:8: error: \"count\" needs \(words), not \"x\""])
    }

    @Test func aLongValueIsCutInTheSentence() throws {
        let problems = try Self.reading("for: " + String(repeating: "x", count: 5000)) { $0.duration("for") }.problems
        #expect(problems.first?.count ?? 0 < 200)
    }

    /// Text from a file reaches a terminal only without its power over it.
    @Test(arguments: [
        ("\\e[31mred", "\"\u{FFFD}[31mred\""), ("a\\nb\\tc", "\"a b c\""), ("a\\u202Eb", "\"a\u{FFFD}b\""),
        ("\\u009B", "\"\u{FFFD}\""), ("ä…", "\"ä…\""),
    ])
    func anExcerptIsHarmless(text: String, shown: String) throws {
        let problems = try Self.reading("for: \"\(text)\"") { $0.duration("for") }.problems
        #expect(problems == ["f:1:6: error: \"for\" needs a duration such as 30s or 1h30m, not \(shown)"])
    }

    @Test func problemsAreThrownInTheOrderOfTheirLines() {
        let problems = Problems()
        #expect(throws: Never.self) { try problems.throwIfAny() }
        problems.add(SourcePlace(file: "f", line: 9, column: 1), "later")
        problems.add(SourcePlace(file: "f", line: 2, column: 5), "second")
        problems.add(SourcePlace(file: "f", line: 2, column: 1), "first")
        do throws(Diagnostics) {
            try problems.throwIfAny()
            Issue.record("nothing was thrown")
        } catch { #expect(error.all.map(\.message) == ["first", "second", "later"]) }
    }
}
