/// Whether edits of tests only add: no line of an existing test changed or removed, nothing switched off.
///
/// Code cannot see every way to weaken a test by adding; `reproduces` compares each old test by name, and review reads it.
enum TestWeakening {
    /// Of one file of tests; nil where it only adds.
    static func failure(in file: FileChange) -> GateFailure? {
        guard file.after != nil else {
            return GateFailure(.testsKept, "\(file.path) is deleted; tests stay")
        }
        for hunk in Hunk.all(in: file) {
            let isEndWithoutNewline = hunk.removed.count == 1 && endsWithOnly(hunk)
            guard hunk.removed.isEmpty || isEndWithoutNewline else {
                return GateFailure(
                    .testsKept, "\(hunk) changes or removes lines of an existing test; only add tests",
                    evidence: hunk.excerptLines)
            }
            if let found = skipMark(in: hunk) {
                return GateFailure(
                    .testsKept, "\(file.path):\(found.line) switches tests off (\(found.mark)); a test must run",
                    evidence: hunk.excerptLines)
            }
            if let before = file.before, let found = redefinition(in: hunk, of: before) {
                return GateFailure(
                    .testsKept,
                    "\(file.path):\(found.line) defines \(found.name) again, which takes the old one's place",
                    evidence: hunk.excerptLines)
            }
            if file.before != nil, let line = earlyEnd(in: hunk) {
                return GateFailure(
                    .testsKept, "\(file.path):\(line) ends the code around it early; only add whole tests",
                    evidence: hunk.excerptLines)
            }
        }
        return nil
    }

    /// Whether the removed line is the file's last one, which only got a line end.
    private static func endsWithOnly(_ hunk: Hunk) -> Bool {
        guard let removed = hunk.removed.first, let first = hunk.added.first,
            removed.utf8.last != UInt8(ascii: "\n")
        else { return false }
        return first.utf8.elementsEqual(removed.utf8 + [UInt8(ascii: "\n")])
            || first.utf8.elementsEqual(removed.utf8 + Array("\r\n".utf8))
    }

    private static func skipMark(in hunk: Hunk) -> (line: Int, mark: String)? {
        for (index, line) in hunk.added.enumerated() {
            if let mark = skipMarks.first(where: { stands($0, in: line) }) {
                return (hunk.after.lowerBound + index + 1, mark)
            }
        }
        return nil
    }

    /// Whether the mark is in the line, and, where it begins with a letter, begins a word there.
    private static func stands(_ mark: String, in line: String) -> Bool {
        let bytes = Array(line.utf8)
        let startsWord = mark.first?.isLetter ?? false
        return ByteSearch.all(Array(mark.utf8), in: bytes, max: 8).contains { at in
            guard startsWord, at > 0 else { return true }
            let before = bytes[at - 1]
            let isWord =
                before == UInt8(ascii: "_") || before == UInt8(ascii: ".") || before >= 0x80
                || Character(Unicode.Scalar(before)).isLetter || Character(Unicode.Scalar(before)).isNumber
            return !isWord
        }
    }

    /// As in pytest, unittest, go, jest and mocha, JUnit, Swift Testing, Rust, RSpec, gtest.
    private static let skipMarks = [
        "pytest.mark.skip", "pytest.mark.xfail", "mark.skip", "mark.xfail", "pytest.skip(", "pytest.xfail(",
        "pytest.exit(", "pytest.importorskip(", "unittest.skip", "unittest.expectedFailure", "SkipTest",
        "self.skipTest(",
        "@skip", "@expectedFailure", "t.Skip(", "t.Skipf(", "t.SkipNow(", "b.Skip(", "it.skip(", "test.skip(",
        "describe.skip(", "context.skip(", "it.todo(", "test.todo(", "it.only(", "test.only(", "describe.only(", "xit(",
        "xdescribe(", "xtest(", "fit(", "fdescribe(", "@Disabled", "@Ignore", "#[ignore", ".disabled(",
        "XCTSkip", "GTEST_SKIP", "DISABLED_", "collect_ignore", "assumeTrue(", "assumeFalse(", "withKnownIssue",
        "__test__ =", "os._exit(", "sys.exit(0", "os.Exit(0", "process.exit(0", "std::process::exit(0", "_exit(0",
    ]

    /// A line without indentation that defines, sets or deletes what the file defined before.
    private static func redefinition(in hunk: Hunk, of before: String) -> (line: Int, name: String)? {
        let known = Set(Hunk.lines(before).compactMap { defined(Array($0)) })
        for (index, line) in hunk.added.enumerated() {
            let bytes = Array(line.utf8)
            let words = words(bytes)
            let isSet = words.count > 1 && words[1] == "="
            let name = defined(bytes) ?? (isSet ? words[0] : words.first == "del" ? words.dropFirst().first : nil)
            if let name, known.contains(name) { return (hunk.after.lowerBound + index + 1, name) }
        }
        return nil
    }

    /// The name after `def`, `class`, `func` and the like, or before `()` as in a shell; only without indentation.
    private static func defined(_ line: [UInt8]) -> String? {
        let words = words(line)
        guard let first = words.first else { return nil }
        if ["def", "class", "func", "function", "fn", "sub"].contains(first), words.count > 1 { return words[1] }
        if first == "async", words.count > 2 { return words[2] }
        return words.count > 2 && words[1] == "(" && words[2] == ")" ? first : nil
    }

    /// Words and signs up to the tenth; none where the line is indented.
    private static func words(_ line: [UInt8]) -> [String] {
        guard let first = line.first, first > 0x20 else { return [] }
        var words: [String] = []
        var rest = line[...]
        while let byte = rest.first, words.count < 10 {
            let word = rest.prefix { CodeText.isWord($0) }
            if !word.isEmpty {
                words.append(String(decoding: word, as: UTF8.self))
            } else if byte > 0x20 {
                words.append(String(decoding: [byte], as: UTF8.self))
            }
            rest = rest.dropFirst(max(1, word.count))
        }
        return words
    }

    /// The line of an inserted statement that leaves the code which was there before it.
    private static func earlyEnd(in hunk: Hunk) -> Int? {
        let indentations = hunk.added.map { line in line.utf8.prefix { $0 == 0x20 || $0 == 0x09 }.count }
        let full = hunk.added.indices.filter { !hunk.added[$0].utf8.allSatisfy { $0 <= 0x20 } }
        guard let least = full.map({ indentations[$0] }).min() else { return nil }
        for index in full where indentations[index] == least {
            let code = String(Substring(hunk.added[index].utf8.dropFirst(least)))
            let word = String(code.prefix { $0.isLetter || $0 == "_" })
            let rest = code.dropFirst(word.count).first
            let isWhole = rest.map { !($0.isNumber || $0 == "." || $0 == "=") } ?? true
            if ["return", "exit", "break", "continue", "goto", "raise", "throw"].contains(word), isWhole {
                return hunk.after.lowerBound + index + 1
            }
        }
        return nil
    }
}
