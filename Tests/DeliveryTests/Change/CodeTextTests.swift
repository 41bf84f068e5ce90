import Testing

@testable import Delivery

@Suite struct CodeTextTests {
    struct Case: CustomStringConvertible, Sendable {
        var path: String
        var before: String
        var after: String
        var commentsOnly: Bool
        var description: String { "\(path): \(before) | \(after)" }

        init(_ path: String, _ before: String, _ after: String, _ commentsOnly: Bool) {
            self.path = path
            self.before = before
            self.after = after
            self.commentsOnly = commentsOnly
        }
    }

    static let cases: [Case] = [
        Case("a.py", "x = 1\n", "# why\nx = 1  # one\n\n", true),
        Case("a.py", "x = 1\n", "x = 2\n", false),
        Case("a.py", "x = '#a'\n", "x = '#b'\n", false),
        Case(
            "a.py", "def f():\n    pass\n", "def f():\n    \"\"\"What it does.\n\n    And why.\n    \"\"\"\n    pass\n",
            true),
        Case("a.py", "x = \"\"\"\n# a\n\"\"\"\n", "x = \"\"\"\n# b\n\"\"\"\n", false),
        Case("a.py", "f(\n\"\"\"a\"\"\"\n)\n", "f(\n\"\"\"b\"\"\"\n)\n", false),
        Case("a.py", "x = \\\n\"\"\"a\"\"\"\n", "x = \\\n\"\"\"b\"\"\"\n", false),
        Case("a.py", "\"\"\"a\"\"\".x()\n", "\"\"\"b\"\"\".x()\n", false),
        Case("a.py", "x = 1\n", "  x = 1\n", false),
        Case("a.py", "x = 1\n", "#!/usr/bin/env python\nx = 1\n", false),
        Case("a.py", "x = '''a\n\n\nb'''\n", "x = '''a\n\nb'''\n", false),
        Case("a.py", "x = \"it's\" # a\n", "x = \"it's\" # b\n", true),
        Case("a.c", "int a;\n", "/* a\n   number */\nint a; // yes\n", true),
        Case("a.c", "#define A 1\n", "#define A 2\n", false),
        Case("a.c", "a = b/*c*/d;\n", "a = b d;\n", true),
        Case("a.c", "a = bd;\n", "a = b/**/d;\n", false),
        Case("a.c", "s = \"/*\"; x = 1; // */\n", "s = \"/*\"; x = 2; // */\n", false),
        Case("a.c", "c = '\"'; x(); // a\n", "c = '\"'; y(); // a\n", false),
        Case("a.c", "f(); // a \\\ng();\n", "f(); // b \\\ng();\n", false),
        Case("a.c", "int a;\n", "int a; /* open\n", false),
        Case("a.go", "x := `// a`\n", "x := `// b`\n", false),
        Case("a.go", "x := 1\n", "// x counts.\nx := 1\n", true),
        Case("a.go", "package a\n", "//go:build linux\npackage a\n", false),
        Case("a.go", "// #include <a>\nimport \"C\"\n", "// #include <b>\nimport \"C\"\n", false),
        Case("a.js", "x = /[/*]/.test(s); y = 1; /* a */\n", "x = /[/*]/.test(s); y = 2; /* a */\n", false),
        Case("a.js", "x = a / b; // c\n", "x = a / b; // d\n", true),
        Case("a.ts", "f(x)\n", "// @ts-ignore\nf(x)\n", false),
        Case("a.swift", "let a = 1\n", "/// A.\n/* b /* c */ d */\nlet a = 1\n", true),
        Case("a.swift", "let a = #\"x // a\"#\n", "let a = #\"x // b\"#\n", false),
        Case("a.swift", "let a = \"\"\"\n    // a\n    \"\"\"\n", "let a = \"\"\"\n    // b\n    \"\"\"\n", false),
        Case("a.rs", "fn f<'a>(x: &'a str) {} // a\n", "fn f<'a>(x: &'a str) {} // b\n", true),
        Case("a.rs", "let c = '\"'; // a\n", "let c = '\"'; // b\n", true),
        Case("a.rs", "let s = r#\"// a\"#;\n", "let s = r#\"// b\"#;\n", false),
        Case("A.java", "int a;\n", "/** A. */\nint a;\n", true),
        Case("a.sh", "echo a#b\n", "echo a#c\n", false),
        Case("a.sh", "echo ${x#y} # a\n", "echo ${x#y} # b\n", true),
        Case("a.sh", "cat <<EOF\n# a\nEOF\n", "cat <<EOF\n# b\nEOF\n", false),
        Case("a.sh", "cat <<-'E'\n\t# a\n\tE\ntrue # a\n", "cat <<-'E'\n\t# a\n\tE\ntrue # b\n", true),
        Case("a.sh", "x=\"\n# a\n\"\n", "x=\"\n# b\n\"\n", false),
        Case("a.sh", "echo \\\" # a\n", "echo \\\" # b\n", true),
        Case("a.sh", "#!/bin/sh\n", "#!/bin/bash\n", false),
        Case("a.rb", "x = \"#{a}\"\n", "x = \"#{b}\"\n", false),
        Case("a.rb", "x = 1\n", "# a\nx = 1 # b\n", true),
        Case("a.rb", "x = <<~SQL\n  # a\nSQL\n", "x = <<~SQL\n  # b\nSQL\n", false),
        Case("a.yaml", "a: 1\n", "# why\na: 1 # b\n", true),
        Case("a.yaml", "a: |\n  # x\nb: 1\n", "a: |\n  # y\nb: 1\n", false),
        Case("a.yaml", "a: |\n  x\nb: 1 # c\n", "a: |\n  x\nb: 1 # d\n", true),
        Case("a.yaml", "a: don't # c\n", "a: don't # d\n", true),
        Case("a.yaml", "a: 'x # c'\n", "a: 'x # d'\n", false),
        Case("a.xyz", "# a\n", "# b\n", false),
        Case("a.py", "", "# a\n", true),
    ]

    @Test(arguments: cases) func comments(item: Case) throws {
        let path = try RelativePath(item.path)
        #expect(CodeText.differsInCommentsOnly(path, item.before, item.after) == item.commentsOnly)
        #expect(CodeText.differsInCommentsOnly(path, item.after, item.before) == item.commentsOnly)
    }

    @Test(arguments: [
        ("README.md", true), ("docs/a.rst", true), ("docs/a.txt", true), ("a.txt", false), ("requirements.txt", false),
        ("LICENSE", true), ("src/readme.py", false), ("CMakeLists.txt", false),
    ])
    func documents(path: String, isOne: Bool) throws {
        #expect(CodeText.isDocument(try RelativePath(path)) == isOne)
    }

    /// Whatever the text, it ends, and a change of a word outside of everything is seen.
    @Test(arguments: ["py", "c", "go", "js", "swift", "rs", "java", "sh", "rb", "yaml", "toml", "sql"])
    func hostileTexts(ending: String) throws {
        let path = try RelativePath("a." + ending)
        let pieces = [
            "\"", "'", "`", "/*", "*/", "//", "#", "\n", "\\", "<<E", "E", "|", ": ", "\"\"\"", "(", "/", "r#\"", "x",
        ]
        var random = Seeded(state: 42)
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            #expect(!CodeText.differsInCommentsOnly(path, "word\n" + text, "other\n" + text))
        }
    }
}
