import Model
import Testing
import Text

@Suite struct YAMLTests {
    /// A node as a short notation: quoted text in single quotes, lists in brackets, mappings in braces.
    static func shape(_ node: YAMLNode?) -> String {
        switch node?.content {
        case nil: "none"
        case .scalar(let text, let quoted): quoted ? "'\(text)'" : text
        case .sequence(let items): "[" + items.map(shape).joined(separator: ", ") + "]"
        case .mapping(let pairs):
            "{" + pairs.map { "\(shape($0.key)): \(shape($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    @Test(arguments: [
        ("", "none"),
        ("# only a comment\n", "none"),
        ("---\n", "none"),
        ("a", "a"),
        ("on: yes\nport: 0x1F\nnull: ~", "{on: yes, port: 0x1F, null: ~}"),
        ("a:\nb: ''", "{a: , b: ''}"),
        ("a: 'it''s'\nb: \"x\\ty\"", "{a: 'it's', b: 'x\ty'}"),
        ("a: {b: [1, \"2\"], c: d}", "{a: {b: [1, '2'], c: d}}"),
        ("a:\n- b: c\n  d: e\n- f", "{a: [{b: c, d: e}, f]}"),
        ("a: |\n  one\n    two\n", "{a: one\n  two\n}"),
        ("a: >-\n  one\n  two\n", "{a: one two}"),
        (
            "---\nexpr: sum by (job) (rate(x{code=~\"5..\"}[5m])) > 0.5\n",
            "{expr: sum by (job) (rate(x{code=~\"5..\"}[5m])) > 0.5}"
        ),
        ("on: [a=\"b\", c=~\"d|e\"]", "{on: [a=\"b\", c=~\"d|e\"]}"),
    ])
    func readsWhatConfigurationNeeds(text: String, shape: String) throws {
        #expect(Self.shape(try YAML.parse(text, file: "f")) == shape)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3", "f:3:1: error: key \"a\" occurs twice in this mapping, first in line 1"),
        ("a: 1\n'a': 3", "f:2:1: error: key \"a\" occurs twice in this mapping, first in line 1"),
        ("x: &name 1", "f:1:4: error: anchors (&name) are not allowed; write the value out where it is used"),
        (
            "x: *name",
            "f:1:4: error: aliases (*name) are not allowed; write the value out, or quote text that begins with *"
        ),
        ("<<: {a: 1}", "f:1:1: error: merge keys (<<) are not allowed; write the keys out"),
        ("x: !!str 1", "f:1:4: error: tags (!!str) are not allowed; each key's type is known"),
        ("x: !mine {}", "f:1:4: error: tags (!mine) are not allowed; each key's type is known"),
        ("a: 1\n---\nb: 1", "f:2:1: error: a second document begins here; a file holds one document"),
        ("a:\n\tb: 1", "f:2:1: error: a tab cannot indent; use spaces"),
        ("? [a]\n: 1", "f:1:3: error: a key must be text; a template must stand in quotes: '{{ … }}'"),
        ("unit: {{ $labels.unit }}", "f:1:8: error: a key must be text; a template must stand in quotes: '{{ … }}'"),
        ("a: b: c", "f:1:5: error: a \":\" cannot stand here; quote text that holds \": \", or mend the indentation"),
        ("a: 1\nb\nc: 2", "f:2:1: error: this line has no \":\"; write \"key: value\", or mend the indentation"),
        (
            "a:\n  b: 1\n c: 2",
            "f:3:2: error: this does not fit the mapping begun in line 1; mend the indentation or the quotes"
        ),
        (
            "- a\nb: 2",
            "f:2:1: error: this does not fit the list begun in line 1; begin an item with \"- \" in the same column"
        ),
        ("a: [1, 2", "f:1:4: error: this list is never closed; end it with \"]\""),
        ("a: {b: 1\n\n", "f:1:4: error: this mapping is never closed; end it with \"}\""),
        ("a: [1, 2}", "f:1:9: error: expected \",\" or \"]\" in the list begun in line 1"),
        ("a: \"open\nb: 1", "f:1:4: error: this quoted text is never closed"),
        ("a: 'open", "f:1:4: error: this quoted text is never closed"),
        ("a: \"\\d+\"", "f:1:5: error: unknown escape in \"…\"; write \\\\ for a backslash, or use '…'"),
        ("a: - b", "f:1:4: error: a list item (\"- \") cannot begin here; put it on a line of its own"),
        ("a: @b", "f:1:4: error: a value cannot begin with \"@\"; quote it"),
        ("a: `b`", "f:1:4: error: a value cannot begin with \"`\"; quote it"),
        ("a: * 2", "f:1:4: error: a value cannot begin with \"*\"; quote it"),
        ("a: & 2", "f:1:4: error: a value cannot begin with \"&\"; quote it"),
        ("a: [b, ,]", "f:1:8: error: a value is missing here, or it must be quoted"),
        ("ü: ok\na: \u{1}", "f:2:4: error: a control character stands here; write it as an escape in \"…\""),
        ("'a'\nb: c", "f:2:1: error: the document has ended before this; mend the indentation"),
        ("a: %b", "f:1:4: error: a value cannot begin with \"%\"; quote it"),
    ])
    func refusesWithThePlaceAndASentence(text: String, message: String) {
        #expect(Self.problem(text) == message)
    }

    static func problem(_ text: String) -> String? {
        do throws(Diagnostics) {
            _ = try YAML.parse(text, file: "f")
            return nil
        } catch { return error.description }
    }

    @Test func placesCountCharacters() throws {
        let root = try #require(try YAML.parse("ärger: {ö: 'x'}\nlist:\n  - a\n  - b", file: "f"))
        guard case .mapping(let pairs) = root.content, case .mapping(let inner) = pairs[0].value.content,
            case .sequence(let items) = pairs[1].value.content
        else {
            Issue.record("not the expected shape")
            return
        }
        #expect(root.place.description == "f:1:1")
        #expect(inner[0].key.place.description == "f:1:9")
        #expect(inner[0].value.place.description == "f:1:12")
        #expect(items.map(\.place.description) == ["f:3:5", "f:4:5"])
    }

    /// The mark `^` stands in the text where the place is asked for; it is taken out of the scalar's text to find it.
    @Test(arguments: [
        ("a: up == bad", "bad", "f:1:10"),
        ("a: 'up == bad'", "bad", "f:1:11"),
        ("a: 'it''s bad'", "bad", "f:1:11"),
        ("a: \"\\x41\\u00e4 \\\"bad\"", "bad", "f:1:18"),
        ("a: |\n  one\n    bad\n", "bad", "f:3:5"),
        ("a: |\n\n  one\n\n  two bad\n", "bad", "f:5:7"),
        ("a: >-\n  one\n  two bad\n", "bad", "f:3:7"),
        ("a: >-\n  one\n\n  two\n  bad\n", "bad", "f:5:3"),
        ("a: one\n  two\n  bad", "bad", "f:3:3"),
        ("a: 'one\n\n  two\n  bad'", "bad", "f:4:3"),
        ("a: \"one \\\n  bad\"", "bad", "f:2:3"),
        ("- x\n-   y bad", "bad", "f:2:7"), ("e\u{301}: x e\u{301} bad", "bad", "f:1:10"),
        ("a: >-\n  e\u{301}\n  x\r\n  bad", "bad", "f:4:3"),
    ])
    func findsAPlaceInsideAScalar(text: String, word: String, place: String) throws {
        let node = try #require(Self.scalar(in: try YAML.parse(text, file: "f"), containing: word))
        let content = try #require(node.text)
        let range = try #require(content.firstRange(of: word))
        let offset = content.distance(from: content.startIndex, to: range.lowerBound)
        #expect(node.place(ofOffset: offset).description == place)
    }

    static func scalar(in node: YAMLNode?, containing word: String) -> YAMLNode? {
        switch node?.content {
        case nil: nil
        case .scalar(let text, _): text.contains(word) ? node : nil
        case .sequence(let items): items.lazy.compactMap { scalar(in: $0, containing: word) }.first
        case .mapping(let pairs): pairs.lazy.compactMap { scalar(in: $0.value, containing: word) }.first
        }
    }

    @Test func anOffsetPastTheEndIsThePlaceBehindTheText() throws {
        let node = try #require(try YAML.parse("'abc'", file: "f"))
        #expect(node.place(ofOffset: 3).description == "f:1:5")
        #expect(node.place(ofOffset: 99).description == "f:1:5")
        #expect(node.place(ofOffset: -1).description == "f:1:2")
    }
}
