import Testing

@testable import Delivery

@Suite struct RelativePathTests {
    @Test(arguments: [
        ("src/a.py", "src/a.py"), ("./src//a.py", "src/a.py"), ("a", "a"), ("src/./b/c.é", "src/b/c.é"),
        (".gitignore", ".gitignore"), ("..a/b", "..a/b"), ("src/.github", "src/.github"),
    ])
    func isNormalised(text: String, path: String) throws {
        #expect(try RelativePath(text).description == path)
    }

    @Test(arguments: [
        "", "/", "/etc/passwd", "..", "../a", "src/../../a", "src/..", "src/", ".", "./", "src/.", ".git/config",
        "a/.git/hooks/x", ".GIT/config", ".git./x", "git~1/x", "a\\b", "..\\a", "a\u{0}b", "a\nb", "a\u{202e}b",
        "a\u{200b}b", "/\u{301}etc", String(repeating: "a/", count: 600) + "b", String(repeating: "n", count: 256),
    ])
    func isRefused(text: String) {
        #expect(throws: RelativePath.Refusal.self) { try RelativePath(text) }
    }

    /// A character that combines with the slash hides it from a split by characters.
    @Test func aCombiningSlashIsASlash() throws {
        #expect(throws: RelativePath.Refusal.self) { try RelativePath("..\u{2f}\u{301}x/../../y") }
        #expect(try RelativePath("a/\u{301}b").parts.count == 2)
    }

    @Test func foldersAreNamed() throws {
        #expect(try RelativePath("a/b/c.py").folders == ["a", "a/b"])
        #expect(try RelativePath("c.py").folders.isEmpty)
    }
}
