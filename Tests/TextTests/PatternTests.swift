import Model
import Testing
import Text

@Suite struct PatternTests {
    @Test(arguments: [
        ("a+b", "xaab", true), ("^a+b", "xaab", false), ("a.b", "a\nb", false), ("(?s)a.b", "a\nb", true),
        ("a$", "a\n", false),
        ("(?m)a$", "a\nb", true), ("^ä.$", "äé", true), ("\\pL{2}", "éü", true), ("(?i)ERROR", "error", true),
        ("", "", true),
        ("\u{0}b", "a\u{0}b", true), ("[[:digit:]]", "x7", true), ("a|b", "b", true), ("\\bnginx\\b", "a nginx.", true),
    ])
    func matchesAsRE2Does(source: String, text: String, matches: Bool) throws {
        #expect(try Pattern(source).matches(text) == matches)
    }

    @Test(arguments: [
        ("a|ab", "ab", true), ("a", "ab", false), ("a.*", "a\nb", true), ("", "", true), ("", "a", false),
        (".+", "", false),
        ("5..", "503", true), ("5..", "5031", false),
    ])
    func anchoredPatternsSpanTheText(source: String, text: String, matches: Bool) throws {
        #expect(try Pattern(source, anchored: true).matches(text) == matches)
    }

    @Test(arguments: [
        (
            #"Killed process (?P<pid>\d+) \((?P<comm>[^)]+)\)"#, "Killed process 12 (stress) x",
            ["pid": "12", "comm": "stress"]
        ),
        (#"Killed process (?<pid>\d+)"#, "Killed process 12", ["pid": "12"]),
        ("(?<a>x)|(?<b>y)", "y", ["b": "y"]), ("(?<a>x*)", "y", ["a": ""]), ("(x)", "x", [:]),
    ])
    func namedGroupsAreGiven(source: String, text: String, groups: [String: String]) throws {
        #expect(try Pattern(source).firstMatch(in: text) == groups)
    }

    @Test func whatDoesNotMatchGivesNoGroups() throws {
        #expect(try Pattern("(?<a>x)").firstMatch(in: "y") == nil)
        #expect(try Pattern("(?<a>x)").groups(in: "y") == nil)
        #expect(try Pattern("(x)|(ü)").groups(in: "aü") == ["ü", nil, "ü"])
        #expect(try Pattern("(?<b>x)(?<a>y)(z)").groupNames == ["b", "a"])
        #expect(
            try Pattern(String(repeating: "(a)", count: 30)).groups(in: String(repeating: "a", count: 30))?.count == 31)
    }

    /// `(?<` is rewritten only where it opens a group.
    @Test(arguments: [
        (#"\(?<a>"#, "(<a>"), ("[(?<a>]", "<"), ("[](?<]", "]"), ("[^](?<]x", "ax"), (#"\Q(?<a>\E"#, "(?<a>"),
        ("[[:alpha:](?<]", "<"),
        (#"\\(?<a>b)"#, "\\b"),
    ])
    func groupsInOtherPlacesAreLeftAlone(source: String, text: String) throws {
        #expect(try Pattern(source).matches(text))
    }

    @Test(arguments: [
        ("(", "missing ) at \"(\""), ("a)", "unexpected ) at \"a)\""),
        ("*a", "no argument for repetition operator at \"*\""), ("[b-a]", "invalid character class range at \"b-a\""),
        ("a**", "bad repetition operator at \"**\""),
        ("a(?=b)", "it looks ahead or behind with \"(?=\", which RE2 does not, so that time stays linear"),
        ("(?<!a)b", "it looks ahead or behind with \"(?<\", which RE2 does not, so that time stays linear"),
        ("(a)\\1", "it refers back with \"\\1\", which RE2 does not, so that time stays linear"),
        ("((a{100}){100}){100}", "it repeats more than 1000 times (nested counts multiply) at \"{100}\""),
        ("a{2000}", "it repeats more than 1000 times (nested counts multiply) at \"{2000}\""),
        ("\\pL{1000}", "it is too large when its repetitions are written out; use smaller counts"),
    ])
    func whatIsNotValidIsExplained(source: String, reason: String) {
        do throws(Fault) {
            _ = try Pattern(source)
            Issue.record("it was accepted")
        } catch { #expect(error.message == "pattern \"\(source)\" is not valid: \(reason)") }
    }

    @Test func twoGroupsOfOneNameAreRefused() {
        for source in ["(?<a>x)|(?<a>y)", "(?P<a>x)(?P<a>y)"] {
            #expect(throws: Fault("pattern.syntax", "pattern \"\(source)\" has two groups of the name \"a\"")) {
                try Pattern(source)
            }
        }
    }

    @Test func theSourceIsBounded() throws {
        #expect(try Pattern(String(repeating: "a", count: 16_384)).matches("a") == false)
        #expect(throws: Fault("pattern.large", "a pattern may be at most 16 KiB long, this one has 16385 bytes")) {
            try Pattern(String(repeating: "a", count: 16_385))
        }
    }

    @Test(arguments: [
        ("a(x*)b", "-ab-axxb-", "$1", "--xx-"), ("a(x*)b", "-ab-axxb-", "$1W", "---"),
        ("a(x*)b", "-ab-axxb-", "${1}W", "-W-xxW-"),
        ("(?<n>x)", "axb", "<$n$$1>", "a<x$1>b"), ("x", "axb", "$9$", "a$b"), ("x", "axb", "${", "a${b"),
        ("x", "axb", "${1", "a${1b"),
        ("x*", "abxc", "-", "-a-b-c-"), ("", "äb", "-", "-ä-b-"), ("a|b", "cc", "x", "cc"), ("^a", "aaa", "b", "baa"),
        (".", "äü", "x", "xx"),
    ])
    func replacesAsGoDoes(source: String, text: String, template: String, expected: String) throws {
        #expect(try Pattern(source).replaceAll(in: text, with: template) == expected)
    }

    @Test func anchoredPatternsReplaceTheWholeText() throws {
        let relabel = try Pattern("(.*):\\d+", anchored: true)
        #expect(relabel.replaceAll(in: "web:9100", with: "$1") == "web")
        #expect(relabel.replaceAll(in: "web:9100/x", with: "$1") == "web:9100/x")
    }

    @Test func bytesThatAreNotUTF8MatchNoCharacterAndLoseNothingElse() throws {
        let bytes: [UInt8] = [0xFF, 0x61, 0xC3, 0x62, 0x63]
        func matches(_ source: String) throws -> Bool {
            let pattern = try Pattern(source)
            return bytes.withUnsafeBufferPointer { pattern.matches($0) }
        }
        #expect(try matches("a"))
        #expect(try matches("bc$"))
        #expect(try !matches("a.b"))
        #expect(try !matches("^.a"))
    }

    @Test func equalityIsOfSourceAndAnchoring() throws {
        #expect(try Pattern("a") == Pattern("a"))
        #expect(try Pattern("a") != Pattern("a", anchored: true))
        #expect(try Set([Pattern("a"), Pattern("a"), Pattern("b")]).count == 2)
    }

    /// Patterns that take a backtracking engine ages; they simply complete.
    @Test(arguments: [
        "(a*)*b", "(a|a)*b", "(a|aa)+$b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)(.*)(.*)(.*)(.*)x", "(a?){50}a{50}b",
        "(x+x+)+y",
    ])
    func catastrophicPatternsComplete(source: String) throws {
        let pattern = try Pattern(source)
        let text = String(repeating: "a", count: 100_000) + "!"
        #expect(!pattern.matches(text))
        #expect(pattern.groups(in: text) == nil)
    }

    @Test(arguments: ["(", "[", "\\8", "(?", "(?P<", "[[:", "x**", "(a|"])
    func aLongBadPatternIsAFault(piece: String) {
        #expect(throws: Fault.self) { try Pattern(String(repeating: piece, count: 16_000 / piece.count)) }
    }

    @Test(arguments: 0..<8)
    func randomPatternsNeverCrash(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        let pieces = [
            "a", "b", "(", ")", "(?<n>", "(?:", "[", "]", "^", "$", "*", "+", "?", "|", ".", "\\", "d", "{2}", "{1,3}",
            "ü", "\\Q", "\\E", "(?i)",
            "[:alpha:]", "-", "\u{0}", "\n", "\\pL", "\\b",
        ]
        for _ in 0..<500 {
            func text(_ count: Int) -> String {
                (0..<random.below(count)).map { _ in pieces[random.below(pieces.count)] }.joined()
            }
            let (source, subject, template) = (text(12), text(12), text(4) + "$1${n}")
            do throws(Fault) {
                let pattern = try Pattern(source)
                #expect(pattern.matches(subject) == (pattern.groups(in: subject) != nil))
                if !pattern.matches(subject) { #expect(pattern.replaceAll(in: subject, with: template) == subject) }
                _ = pattern.replaceAll(in: subject, with: template)
            } catch { #expect(error.code == "pattern.syntax" && !error.message.isEmpty) }
        }
    }
}
