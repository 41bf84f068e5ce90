import Testing

@testable import Delivery

@Suite struct TestWeakeningTests {
    static let before = "import bank\n\ndef test_a():\n    x = 1\n    assert x\n\ndef test_b():\n    assert 2\n"

    static func gate(_ after: String?, before: String? = before, path: String = "tests/test_a.py") -> String? {
        TestWeakening.failure(in: FileChange(path: path, before: before, after: after))?.description
    }

    @Test(arguments: [
        before + "\ndef test_c():\n    assert 3\n",
        before.replacing("import bank\n", with: "import bank\nimport threading\n"),
        before + "\nclass TestMore:\n    def test_a(self):\n        assert test_b is test_a\n",
        before.replacing("def test_b", with: "def test_c():\n    return check()\n\ndef test_b"),
    ])
    func addingIsGood(after: String) {
        #expect(Self.gate(after) == nil)
    }

    @Test func aMissingLineEndMayBeAdded() {
        #expect(Self.gate("a\nb\nc\n", before: "a\nb") == nil)
        #expect(Self.gate("a\nbc\n", before: "a\nb") != nil)
    }

    @Test(arguments: [
        nil, "", before.replacing("    assert x\n", with: ""), before.replacing("assert x", with: "assert True"),
        before.replacing("def test_a", with: "@unittest.skip('x')\ndef test_a"),
        before.replacing("    x = 1\n", with: "    return\n    x = 1\n"),
        before.replacing("def test_a", with: "def _test_a"), before + "    pytest.skip('later')\n",
        before + "\ndef test_b():\n    pass\n", before + "\ntest_b = print\n", before + "del test_a\n",
        before + "\nimport os\nos._exit(0)\n", before + "collect_ignore = ['test_b.py']\n",
    ])
    func weakeningIsSeen(after: String?) {
        #expect(Self.gate(after)?.hasPrefix("tests-kept: tests/test_a.py") ?? false)
    }

    @Test(arguments: [
        "func TestA(t *testing.T) {\n\tt.Skip(\"x\")\n}\n", "it.skip('a', () => {})\n", "xit('a')\n", "fit('a')\n",
        "@Disabled\nvoid a() {}\n", "#[ignore]\nfn a() {}\n", "@Test(.disabled()) func a() {}\n",
        "TEST(A, DISABLED_b) {}\n",
    ])
    func newTestsThatDoNotRun(text: String) {
        #expect(Self.gate(text, before: nil) != nil)
    }

    @Test(arguments: ["model.fit(x)\n", "profit(1)\n", "rows.iter().skip(1)\n", "exit_code = 1\n", "latest.Skip(1)\n"])
    func wordsThatOnlyLookLikeIt(text: String) {
        #expect(Self.gate("a\n" + text, before: "a\n") == nil)
    }
}
