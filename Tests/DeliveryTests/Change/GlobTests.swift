import Model
import Testing

@testable import Delivery

@Suite struct GlobTests {
    @Test(arguments: [
        ("src/**", "src/a.py", true), ("src/**", "src/a/b/c.py", true), ("src/**", "src", false),
        ("src/**", "srcs/a.py", false), ("src/*", "src/a.py", true), ("src/*", "src/a/b.py", false),
        ("**/test_*.py", "test_a.py", true), ("**/test_*.py", "a/b/test_a.py", true),
        ("**/test_*.py", "a/testa.py", false), ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "a/x/y/c", false), ("a?c", "abc", true), ("a?c", "aéc", true), ("a?c", "a/c", false),
        ("*.py", "a.py", true), ("*.py", "src/a.py", false), ("**", "a/b", true), ("Makefile", "Makefile", true),
        ("Makefile", "src/Makefile", false), ("*a*b*", "xaxbx", true), ("*a*b", "xaxbx", false),
        ("[ab]", "a", false), ("[ab]", "[ab]", true), ("**/**/x", "x", true), ("a**b", "axb", true),
        ("a**b", "a/b", false), ("SRC/*", "src/a", false),
    ])
    func matches(glob: String, path: String, does: Bool) throws {
        #expect(try Glob(glob).matches(try RelativePath(path)) == does)
    }

    @Test(arguments: ["", "/src/**", "src//x", "src/", "../x", "./src", "a/./b"]) func isRefused(glob: String) {
        #expect(throws: Fault.self) { try Glob(glob) }
    }

    @Test func hostileGlobsAreQuick() throws {
        let path = try RelativePath(Array(repeating: "aaaaaaaaaaaaaaaaaaaaaaab", count: 40).joined(separator: "/"))
        let parts = Array(repeating: "**/*a*a*a*a*a*a*c", count: 20).joined(separator: "/")
        #expect(try !Glob(parts).matches(path))
    }

    @Test func aGlobWithoutAPatternIsLiteral() throws {
        #expect(try Glob("a/b.c").isLiteral && !Glob("a/*").isLiteral && !Glob("a/b?").isLiteral)
    }
}
