import Testing

@testable import Delivery

@Suite struct TAPReportTests {
    static let good: [(text: String, tests: [String: TestRun.Status])] = [
        ("1..2\nok 1 - one\nnot ok 2 - two\n", ["one": .passed, "two": .failed]),
        ("ok\nnot ok\n1..2", ["test 1": .passed, "test 2": .failed]),
        ("TAP version 13\n1..1\r\nok 1 - a\r\n", ["a": .passed]),
        (
            "1..5\nok 1 a # SKIP no net\nok 2 b # skip\nnot ok 3 c # Todo later\nok 4 d # T\u{4f}DO\nok 5 e #3\n",
            ["a": .skipped, "b": .skipped, "c": .skipped, "d": .skipped, "e #3": .passed]
        ),
        ("1..2\nok 1 - a \\# SKIP b\nok 2 - c\\\\d\n", ["a # SKIP b": .passed, "c\\d": .passed]),
        ("1..2\nok 1 - a\nok 2 - a\n", ["a": .passed, "a #2": .passed]),
        ("noise\n# comment\n1..1\nPASSED\nokay\nok 1 - a\n  ---\n  ok 2 - not a test\n  ...\n", ["a": .passed]),
        ("1..1 # one test\nok 1 - 3 apples\n", ["3 apples": .passed]),
        (
            """
            TAP version 14
            1..2
            # Subtest: parent
                1..2
                ok 1 - child
                not ok 2 - other
            not ok 1 - parent
            ok 2 - last
            """,
            ["parent > child": .passed, "parent > other": .failed, "parent": .failed, "last": .passed]
        ),
        (
            """
            TAP version 14
                # Subtest: inner
                    ok 1 - leaf
                    1..1
                ok 1 - inner
                1..1
            ok 1 - outer
            1..1
            """,
            ["outer > inner > leaf": .passed, "outer > inner": .passed, "outer": .passed]
        ),
        ("1..1\n    ok 1 - indented noise of version 12\nok 1 - a\n", ["a": .passed]),
    ]

    @Test(arguments: 0..<good.count) func reads(index: Int) throws {
        #expect(try TAPReport.read(Array(Self.good[index].text.utf8)) == Self.good[index].tests)
    }

    static let bad: [(text: String, word: String)] = [
        ("", "empty"), ("PASSED\nall 12 tests passed\n", "empty"), ("ok 1 - a\n", "truncated"),
        ("1..3\nok 1 - a\nok 2 - b\n", "truncated"), ("1..1\nok 1 - a\nok 2 - b\n", "malformed"),
        ("ok 1 - a\n1..1\nok 2 - b\n", "malformed"), ("1..2\nok 1 - a\nok 1 - a\n", "malformed"),
        ("1..2\nok 2 - b\nok 1 - a\n", "malformed"), ("1..1\n1..1\nok 1 - a\n", "malformed"),
        ("ok 1 - a\nok 2 - b\n1..1\n", "malformed"), ("ok 1 - a\n1..2\nok 2 - b\n", "malformed"),
        ("1..2\nok 1 - a\nBail out! the database is gone\n", "bailedOut"),
        ("1..1\nok 1 - a\n  ---\n  message: cut", "truncated"),
        ("TAP version 14\n1..1\n    1..2\n    ok 1 - a\nok 1 - p\n", "truncated"),
        ("TAP version 14\n1..1\n    1..1\n    ok 1 - a\n", "truncated"),
        ("TAP version 14\n1..1\nok 1 - p\n    1..1\n    ok 1 - a\n", "truncated"),
    ]

    @Test(arguments: 0..<bad.count) func refuses(index: Int) {
        let problem = #expect(throws: ReportProblem.self) { try TAPReport.read(Array(Self.bad[index].text.utf8)) }
        #expect(problem.map { "\($0)".hasPrefix(Self.bad[index].word) } ?? false, "\(String(describing: problem))")
    }

    @Test func anEmptyPlanIsNoTest() throws {
        #expect(try TAPReport.read(Array("1..0 # SKIP nothing to do\n".utf8)).isEmpty)
    }

    /// Cut after any line, a report with its plan in front or at the end is never taken for whole.
    @Test(arguments: [0, 1, 8]) func everyPrefixIsRefused(index: Int) {
        let lines = Self.good[index].text.split(separator: "\n")
        for count in 0..<lines.count {
            let text = lines[..<count].joined(separator: "\n")
            #expect(throws: ReportProblem.self) { try TAPReport.read(Array(text.utf8)) }
        }
    }

    @Test func anythingIsReadOrRefused() {
        let pieces = [
            "ok", "not ok", " 1", " - a", "\n", "1..2", "    ", "# Subtest", "TAP version 14", "  ---", "  ...", "\\",
            "# SKIP",
        ]
        var random = Seeded(state: 11)
        for _ in 0..<2000 {
            let text = (0..<20).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
            do throws(ReportProblem) {
                let tests = try TAPReport.read(Array(text.utf8))
                #expect(tests.count <= 20)
            } catch {
                #expect(!error.text.isEmpty)
            }
        }
    }
}
