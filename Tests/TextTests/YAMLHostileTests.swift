import Model
import Testing
import Text

/// Input that means harm: everything ends with a node or with a problem, and soon.
@Suite struct YAMLHostileTests {
    static func problem(_ text: String) -> String? { YAMLTests.problem(text) }

    static let deep: [String: String] = [
        "flow lists": String(repeating: "[", count: 200_000),
        "flow mappings": String(repeating: "{a: ", count: 100_000),
        "block lists": String(repeating: "- ", count: 200_000),
        "block mappings": (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        "lists in keys": String(repeating: "? ", count: 200_000),
    ]

    @Test(arguments: [
        ("flow lists", "nested deeper than 32"), ("flow mappings", "nested deeper than 32"),
        ("block lists", "nested deeper than 32"), ("block mappings", "nested deeper than 32"),
        ("lists in keys", "a key must be text"),
    ])
    func deepNestingIsRefused(kind: String, message: String) throws {
        #expect(Self.problem(try #require(Self.deep[kind]))?.contains(message) == true)
    }

    @Test func thirtyTwoLevelsAreAllowed() throws {
        let text = String(repeating: "[", count: 31) + "x" + String(repeating: "]", count: 31)
        #expect(try YAML.parse(text, file: "f") != nil)
        #expect(
            Self.problem("[" + text + "]")?.hasPrefix("f:1:33: error: lists and mappings are nested deeper") == true)
    }

    @Test func aFileOverOneMebibyteIsRefused() throws {
        let line = "a: " + String(repeating: "x", count: (1 << 20) - 3)
        #expect(try YAML.parse(line, file: "f") != nil)
        #expect(Self.problem(line + "x") == "f:1:1: error: the file is larger than 1 MiB; split it")
    }

    @Test func anAliasBombIsRefusedBeforeAnythingIsBuilt() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...30 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += "? [*a30, *a30]\n: 1\n"
        #expect(Self.problem(text)?.hasPrefix("f:1:5: error: anchors") == true)
    }

    @Test func manyKeysAreReadInGoodTime() throws {
        let text = (0..<60_000).map { "key\($0): \($0)\n" }.joined()
        guard case .mapping(let pairs)? = try YAML.parse(text, file: "f")?.content else {
            Issue.record("not a mapping")
            return
        }
        #expect(pairs.count == 60_000)
    }

    /// Random strings over YAML's own characters: each gives a node or a problem inside the file, never a crash.
    @Test(arguments: 0..<8)
    func randomTextNeverCrashes(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        let pieces = [
            "a", "b: ", "- ", "[", "]", "{", "}", ",", "\n", "  ", "\t", "'", "\"", "\\", "#", "&x", "*x", "!", "|",
            ">", "%", "?",
            ":", "---", "...", "ü", "\u{FEFF}", "\u{85}", "\u{2028}", "\r\n", "\r", "~", "<<", "\\u12", "|2-", "\u{0}",
        ]
        for _ in 0..<800 {
            let text = (0..<random.below(30)).map { _ in pieces[random.below(pieces.count)] }.joined()
            do throws(Diagnostics) {
                guard let node = try YAML.parse(text, file: "f") else { continue }
                checkPlaces(node, in: text)
            } catch {
                let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.count
                #expect(error.all.count == 1)
                #expect(error.all.allSatisfy { (1...lines + 1).contains($0.place.line) && $0.place.column >= 1 })
            }
        }
    }

    private func checkPlaces(_ node: YAMLNode, in text: String) {
        #expect(node.place.line >= 1 && node.place.column >= 1)
        switch node.content {
        case .scalar(let scalar, _):
            for offset in 0...scalar.count { #expect(node.place(ofOffset: offset).line >= node.place.line) }
        case .sequence(let items): for item in items { checkPlaces(item, in: text) }
        case .mapping(let pairs):
            for pair in pairs {
                checkPlaces(pair.key, in: text)
                checkPlaces(pair.value, in: text)
            }
        }
    }
}
