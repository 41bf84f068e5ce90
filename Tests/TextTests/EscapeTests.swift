import Testing
import Text

@Suite struct EscapeTests {
    @Test(arguments: [
        ("web.service", "web.service"), ("a\"b", #"a\x22b"#), ("a'b`c", #"a\x27b\x60c"#), ("a\\b\nc", #"a\\b\nc"#),
        ("\t\0", #"\x09\x00"#), ("ä", "ä"),
    ])
    func aPromQLStringStaysOne(text: String, escaped: String) {
        #expect(Escape.promQLString(text) == escaped)
        #expect(!escaped.contains { "\"'`\n".contains($0) })
    }

    @Test(arguments: [
        ("a-b_c.d~9", "a-b_c.d~9"), ("a b/c?d=e&f%#", "a%20b%2Fc%3Fd%3De%26f%25%23"), ("ä", "%C3%A4"),
        ("\0\n", "%00%0A"),
    ])
    func aURLComponentKeepsOnlyWhatIsUnreserved(text: String, escaped: String) {
        #expect(Escape.urlComponent(text) == escaped)
    }

    @Test(arguments: [("<a href=\"x\">'&", "&lt;a href=&#34;x&#34;&gt;&#39;&amp;"), ("ä", "ä"), ("\0", "\u{FFFD}")])
    func htmlIsText(text: String, escaped: String) {
        #expect(Escape.html(text) == escaped)
    }

    @Test(arguments: ["a.b*c", "(x)[y]{z}", "\\d^$|?+", "ä\n"])
    func aPatternMatchesItsText(text: String) throws {
        #expect(try Pattern(Escape.pattern(text), anchored: true).matches(text))
        #expect(try !Pattern(Escape.pattern(text), anchored: true).matches(text + "x"))
    }
}
