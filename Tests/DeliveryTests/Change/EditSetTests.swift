import Testing

@testable import Delivery

@Suite struct EditSetTests {
    static let tree: MemoryTree = {
        var tree = MemoryTree(files: [
            "src/bank.py": "def pay(a):\n    a.sum -= 1\n    log(a)\n\ndef get(a):\n    log(a)\n",
            "src/dos.txt": "one\r\ntwo\r\nthree\r\n",
            "src/mixed.txt": "one\r\ntwo\nthree\r\n",
            "aaa": "aaa",
        ])
        tree.entries["bin"] = .file([0x7f, 0x45, 0x00, 0x01])
        tree.entries["latin"] = .file([0x63, 0xe9, 0x0a])
        tree.entries["huge"] = .tooLarge(bytes: 9_000_000)
        tree.entries["out"] = .link(to: "/etc")
        tree.entries["passwd"] = .link(to: "../../etc/passwd")
        tree.entries["pipe"] = .special
        return tree
    }()

    struct Case: CustomStringConvertible, Sendable {
        var name: String
        var edits: [Edit]
        var after: [String: String] = [:]
        var failure: GateFailure.Gate?
        var says = ""
        var description: String { name }
    }

    static func edit(_ path: String, _ search: String, _ replace: String) -> Edit {
        Edit(path: path, search: search, replace: replace)
    }

    static let good: [Case] = [
        Case(
            name: "one place", edits: [edit("src/bank.py", "a.sum -= 1", "with lock:\n        a.sum -= 1")],
            after: [
                "src/bank.py":
                    "def pay(a):\n    with lock:\n        a.sum -= 1\n    log(a)\n\ndef get(a):\n    log(a)\n"
            ]),
        Case(name: "a new file", edits: [edit("src/new/x.py", "", "x = 1\n")], after: ["src/new/x.py": "x = 1\n"]),
        Case(
            name: "a new file, then an edit of it",
            edits: [edit("n.py", "", "x = 1\n"), edit("./n.py", "1", "2")], after: ["n.py": "x = 2\n"]),
        Case(
            name: "each edit sees those before it",
            edits: [edit("aaa", "aaa", "b"), edit("aaa", "b", "cd"), edit("aaa", "d", "")], after: ["aaa": "c"]),
        Case(
            name: "CRLF is kept", edits: [edit("src/dos.txt", "one\ntwo\n", "1\n2\n")],
            after: ["src/dos.txt": "1\r\n2\r\nthree\r\n"]),
        Case(
            name: "CRLF that is given is kept", edits: [edit("src/dos.txt", "two\r\n", "2\r\n")],
            after: ["src/dos.txt": "one\r\n2\r\nthree\r\n"]),
        Case(
            name: "mixed line ends are taken as they are", edits: [edit("src/mixed.txt", "two\nthree", "2\n3")],
            after: ["src/mixed.txt": "one\r\n2\n3\r\n"]),
        Case(
            name: "a file that two edits leave as it was is not in the change",
            edits: [edit("aaa", "aaa", "b"), edit("aaa", "b", "aaa"), edit("n", "", "n")], after: ["n": "n"]),
    ]

    @Test(arguments: good) func applies(item: Case) throws {
        let change = try EditSet(item.edits).applied(to: Self.tree)
        #expect(Dictionary(uniqueKeysWithValues: change.files.map { ($0.path, $0.after) }) == item.after)
        #expect(change.files.allSatisfy { ($0.before == nil) == (Self.tree.entries[$0.path] == nil) })
    }

    static let bad: [Case] = [
        Case(name: "nothing", edits: [], failure: .noChange),
        Case(name: "the same text", edits: [edit("aaa", "aaa", "aaa")], failure: .noChange, says: "same text"),
        Case(
            name: "back and forth", edits: [edit("aaa", "aaa", "b"), edit("aaa", "b", "aaa")], failure: .noChange),
        Case(
            name: "not there", edits: [edit("src/bank.py", "frobnicate()", "x")], failure: .apply, says: "nor anything"),
        Case(
            name: "nearly there", edits: [edit("src/bank.py", "def pay(a):\n  a.sum -= 1", "x")], failure: .apply,
            says: "the same but for spaces and tabs is at line 1"),
        Case(
            name: "similar", edits: [edit("src/bank.py", "    a.sum -= 2\n    log(a)", "x")], failure: .apply,
            says: "the nearest text is at line 2"),
        Case(
            name: "twice", edits: [edit("src/bank.py", "log(a)", "x")], failure: .apply,
            says: "2 times, at the lines 3, 6"),
        Case(name: "overlapping", edits: [edit("aaa", "aa", "b")], failure: .apply, says: "2 times"),
        Case(name: "exists", edits: [edit("src/bank.py", "", "x")], failure: .apply, says: "the file exists"),
        Case(
            name: "made twice", edits: [edit("n", "", "x"), edit("n", "", "y")], failure: .apply,
            says: "the file exists"),
        Case(name: "no such file", edits: [edit("src/none.py", "a", "b")], failure: .apply, says: "no such file"),
        Case(name: "a folder", edits: [edit("src", "a", "b")], failure: .apply, says: "folder"),
        Case(name: "a new file named as a folder", edits: [edit("src", "", "b")], failure: .apply, says: "folder"),
        Case(name: "below a file", edits: [edit("aaa/b", "", "b")], failure: .apply, says: "not a folder"),
        Case(
            name: "below a new file", edits: [edit("n", "", "x"), edit("n/b", "", "b")], failure: .apply,
            says: "not a folder"),
        Case(
            name: "above a new file", edits: [edit("n/b", "", "x"), edit("n", "", "b")], failure: .apply,
            says: "this is a folder"),
        Case(name: "a link", edits: [edit("passwd", "root", "toor")], failure: .apply, says: "symbolic link"),
        Case(name: "through a link", edits: [edit("out/cron.d/x", "", "x")], failure: .apply, says: "symbolic link"),
        Case(name: "a pipe", edits: [edit("pipe", "a", "b")], failure: .apply, says: "not a regular file"),
        Case(name: "a binary", edits: [edit("bin", "E", "F")], failure: .apply, says: "binary"),
        Case(name: "not UTF-8", edits: [edit("latin", "c", "d")], failure: .apply, says: "binary"),
        Case(name: "a binary text", edits: [edit("n", "", "a\u{0}")], failure: .apply, says: "binary"),
        Case(name: "huge", edits: [edit("huge", "a", "b")], failure: .apply, says: "9000000 bytes"),
        Case(name: "out", edits: [edit("../x", "", "x")], failure: .apply, says: "leads out"),
        Case(name: "absolute", edits: [edit("/etc/x", "", "x")], failure: .apply, says: "absolute"),
        Case(name: "git's", edits: [edit(".git/hooks/pre-commit", "", "x")], failure: .apply, says: "git's own"),
        Case(
            name: "a long edit", edits: [edit("n", "", String(repeating: "x", count: 300 << 10))], failure: .apply,
            says: "more than"),
        Case(
            name: "many edits", edits: Array(repeating: edit("n", "", "x"), count: 101), failure: .apply,
            says: "at most 100"),
        Case(name: "unreadable", edits: [edit("unreadable", "a", "b")], failure: .repository, says: "the disk says no"),
        Case(
            name: "one name in two encodings",
            edits: [edit("caf\u{e9}", "", "x"), edit("cafe\u{301}", "y", "z")], failure: .apply, says: "encoding"),
        Case(
            name: "the last of two does not apply", edits: [edit("aaa", "aaa", "b"), edit("aaa", "aaa", "c")],
            failure: .apply, says: "edit 2 of 2, aaa"),
    ]

    @Test(arguments: bad) func isRefused(item: Case) {
        let failure = GateFailure.of { _ = try EditSet(item.edits).applied(to: Self.tree) }
        #expect(failure?.gate == item.failure)
        #expect(failure?.text.contains(item.says) ?? false, "\(failure?.text ?? "applied")")
    }

    @Test func theNearestTextIsShown() throws {
        let edits = EditSet([Self.edit("src/bank.py", "    a.sum -= 2\n    log(a)", "x")])
        let failure = GateFailure.of { _ = try edits.applied(to: Self.tree) }
        #expect(failure?.evidence == ["src/bank.py:2", "    a.sum -= 1", "    log(a)"])
    }

    @Test func allFilesTogetherAreBounded() {
        let edits = (0..<5).map { Self.edit("f\($0)", "", String(repeating: "x", count: 300)) }
        let limits = EditLimits(totalBytesMax: 1000)
        let failure = GateFailure.of { _ = try EditSet(edits).applied(to: Self.tree, limits: limits) }
        #expect(failure?.text.contains("edit 4 of 5") ?? false)
    }

    /// The search finds exactly what trying each place finds.
    @Test(arguments: 0..<200) func searchFindsAll(seed: Int) {
        var random = Seeded(state: UInt64(seed))
        let text = (0..<40).map { _ in UInt8.random(in: 0...1, using: &random) }
        let needle = (0..<Int.random(in: 1...5, using: &random)).map { _ in UInt8.random(in: 0...1, using: &random) }
        let places = (0...(text.count - needle.count)).filter { text[$0..<$0 + needle.count].elementsEqual(needle) }
        #expect(ByteSearch.all(needle, in: text, max: 100) == places)
    }

    @Test func hostileSearchTextsAreLinear() {
        let text = [UInt8](repeating: 0x61, count: 1 << 20)
        let needle = [UInt8](repeating: 0x61, count: 1 << 17) + [0x62]
        #expect(ByteSearch.all(needle, in: text, max: 2).isEmpty)
    }
}
