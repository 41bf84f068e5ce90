import Testing
import Text

/// What could mislead a reader's eye is written out, and nothing else is touched.
@Suite struct HiddenCharactersTests {
    @Test(arguments: [
        ("plain\ttext\nüber 🙂", "plain\ttext\nüber 🙂", nil), ("", "", nil), ("a\r\nb", "a\r\nb", nil),
        ("\u{1B}[8mx", "<U+001B>[8mx", "<U+001B>"), ("a\u{1B}[2Ab", "a<U+001B>[2Ab", "<U+001B>"),
        ("a\rb", "a<U+000D>b", "<U+000D>"), ("a\r", "a<U+000D>", "<U+000D>"), ("a\u{8}b", "a<U+0008>b", "<U+0008>"),
        ("\u{7F}", "<U+007F>", "<U+007F>"), ("\u{9B}8m", "<U+009B>8m", "<U+009B>"),
        ("if \u{202E}x", "if <U+202E>x", "<U+202E>"), ("\u{2066}a\u{2069}", "<U+2066>a<U+2069>", "<U+2066>"),
        ("a\u{200B}b", "a<U+200B>b", "<U+200B>"), ("a\u{2028}b", "a<U+2028>b", "<U+2028>"),
        ("\u{E0041}", "<U+E0041>", "<U+E0041>"), ("e\u{301}\u{202A}", "e\u{301}<U+202A>", "<U+202A>"),
    ])
    func areShown(text: String, shown: String, first: String?) {
        #expect(HiddenCharacters.shown(in: text).unicodeScalars.elementsEqual(shown.unicodeScalars))
        #expect(HiddenCharacters.first(in: text) == first)
    }
}
