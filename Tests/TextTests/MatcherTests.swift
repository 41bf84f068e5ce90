import Model
import Testing
import Text

@Suite struct MatcherTests {
    @Test(arguments: [
        (Matcher.Operation.equal, "a", "a", true), (.equal, "a", "b", false), (.equal, "", "", true),
        (.notEqual, "a", "b", true),
        (.notEqual, "a", "a", false), (.matches, "a|b", "b", true), (.matches, "a", "ab", false),
        (.matches, ".+", "", false),
        (.matches, "a.*", "a\nb", true), (.notMatches, "a|b", "c", true), (.notMatches, "a|b", "a", false),
        (.notMatches, "x", "", true),
    ])
    func eachOperationDecides(operation: Matcher.Operation, value: String, label: String, matches: Bool) throws {
        let matcher = try Matcher("l", operation, value)
        #expect(matcher.matches(value: label) == matches)
        #expect(matcher.matches(["l": label, "other": "x"]) == matches)
    }

    @Test(arguments: [
        (
            #"alertname="MemoryLeak", severity=~"critical|warning""#,
            [#"alertname="MemoryLeak""#, #"severity=~"critical|warning""#]
        ),
        (#"{a="b"}"#, [#"a="b""#]), (#" { a = "b" , c != "d" , } "#, [#"a="b""#, #"c!="d""#]), ("a!~b", [#"a!~"b""#]),
        ("severity=critical", [#"severity="critical""#]), (#"a="x, y}""#, [#"a="x, y}""#]),
        (#"a="q\"\\\n\d""#, [#"a="q\"\\\n\\d""#]),
        (#"a="""#, [#"a="""#]), ("a=b,c=d", [#"a="b""#, #"c="d""#]), (#"a=~"[0-9]{2}""#, [#"a=~"[0-9]{2}""#]),
    ])
    func readsAlertmanagersLists(text: String, matchers: [String]) throws {
        let list = try Matcher.parseList(text)
        #expect(list.map(\.description) == matchers)
        #expect(try Matcher.parseList(list.map(\.description).joined(separator: ", ")) == list)
    }

    @Test(arguments: [
        ("", "a matcher such as severity=\"critical\" is missing; an empty list would match everything"),
        ("{}", "a matcher such as severity=\"critical\" is missing; an empty list would match everything"),
        ("=\"b\"", "expected a label's name at character 1 of matcher \"=\"b\"\""),
        ("1a=\"b\"", "expected a label's name at character 1 of matcher \"1a=\"b\"\""),
        ("a b", "expected =, !=, =~ or !~ behind \"a\" at character 3 of matcher \"a b\""),
        ("a==\"b\"", "expected a value in double quotes for \"a\" at character 3 of matcher \"a==\"b\"\""),
        ("a=", "expected a value in double quotes for \"a\" at character 3 of matcher \"a=\""),
        ("a=\"b\" c=\"d\"", "expected \",\" or the end at character 7 of matcher \"a=\"b\" c=\"d\"\""),
        ("{a=\"b\"", "expected \",\" or \"}\" at character 7 of matcher \"{a=\"b\"\""),
        ("a=\"b\"}", "expected \",\" or the end at character 6 of matcher \"a=\"b\"}\""),
        (
            "a=\"b",
            "the quote is never closed at character 3 of matcher \"a=\"b\". "
                + "In a YAML list [a=\"b\", …] a matcher that holds a comma stands in single quotes as a whole"
        ),
        ("a='b'", "expected a value in double quotes for \"a\" at character 3 of matcher \"a='b'\""),
        ("a=~\"(\"", "label a: pattern \"(\" is not valid: missing ) at \"(\""),
        (",", "expected a label's name at character 1 of matcher \",\""),
        ("a=b,,c=d", "expected a label's name at character 5 of matcher \"a=b,,c=d\""),
    ])
    func aBadListIsToldWhere(text: String, message: String) {
        do throws(Fault) {
            _ = try Matcher.parseList(text)
            Issue.record("it was accepted")
        } catch { #expect(error.description == message) }
    }

    @Test(arguments: 0..<4)
    func randomListsNeverCrash(seed: UInt64) {
        var random = FixedRandom(seed: seed)
        let pieces = ["a", "=", "!", "~", "\"", "\\", ",", "{", "}", " ", "(", "ü", "n", "\n", "'"]
        for _ in 0..<1000 {
            let text = (0..<random.below(14)).map { _ in pieces[random.below(pieces.count)] }.joined()
            do throws(Fault) {
                let list = try Matcher.parseList(text)
                #expect(!list.isEmpty)
                let again = try Matcher.parseList(list.map(\.description).joined(separator: ","))
                #expect(again == list)
            } catch { #expect(!error.message.isEmpty) }
        }
    }
}
