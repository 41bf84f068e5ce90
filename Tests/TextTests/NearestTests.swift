import Testing
import Text

@Suite struct NearestTests {
    static let words = ["alert", "expr", "for", "labels", "annotations", "keep_firing_for", "on", "run"]

    @Test(arguments: [
        ("lables", "labels"), ("Alert", "alert"), ("exp", "expr"), ("foo", "for"), ("anotation", "annotations"),
        ("keep_firing", "keep_firing_for"), ("keep", nil), ("keep_fire_for", "keep_firing_for"), ("ofr", "for"),
        ("no", "on"), ("zzz", nil),
        ("", nil),
        ("annotations", "annotations"), ("x", nil),
    ])
    func suggestsOnlyWhatIsNear(word: String, expected: String?) {
        #expect(nearest(word, among: Self.words) == expected)
    }

    @Test func aHugeWordIsNearToNothing() {
        #expect(nearest(String(repeating: "a", count: 1 << 20), among: Self.words) == nil)
    }
}
