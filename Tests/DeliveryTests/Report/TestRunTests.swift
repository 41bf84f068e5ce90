import Testing

@testable import Delivery

@Suite struct TestRunTests {
    static let junit = Array("<testsuite><testcase name='a'/></testsuite>".utf8)

    @Test func aReportGivesNames() {
        let run = TestRun(.junit("j.xml"), file: .bytes(Self.junit), output: Array("1 passed\n".utf8), ending: .exit(0))
        #expect(run.tests == ["a": .passed])
        #expect(run.problem == nil && run.tail == "1 passed\n")
    }

    /// What a command prints and how it exits proves nothing.
    @Test(arguments: [
        (ReportFile.missing, ReportProblem.missing), (.tooLarge, .tooLarge), (.bytes([]), .empty),
        (.bytes(Array("<testsuite/>".utf8)), .empty),
    ])
    func withoutAReportNothingPassed(file: ReportFile, problem: ReportProblem) {
        let run = TestRun(.junit("j.xml"), file: file, output: Array("12 tests PASSED\n".utf8), ending: .exit(0))
        #expect(run.problem == problem && run.tests.isEmpty)
    }

    @Test func outputCanBeTheReport() {
        let output = Array("1..1\nok 1 - a\n".utf8)
        #expect(TestRun(.tap("-"), file: .missing, output: output, ending: .exit(0)).tests == ["a": .passed])
        #expect(TestRun(.tap("t.tap"), file: .bytes(output), output: [], ending: .exit(0)).tests == ["a": .passed])
        #expect(TestRun(.tap("t.tap"), file: .missing, output: output, ending: .exit(0)).problem == .missing)
    }

    @Test func theTailIsBounded() {
        let output = Array(String(repeating: "0123456789\n", count: 100_000).utf8)
        let run = TestRun(.junit("j.xml"), file: .missing, output: output, ending: .signal(9))
        #expect(run.tail.utf8.count <= 4096 && run.tail.hasPrefix("0123456789\n"))
    }

    @Test func aNumberedNameDoesNotHideAnother() {
        var names = TestNames()
        for name in ["a", "a #2", "a", "a"] { names.add(name, .passed) }
        #expect(names.tests.keys.sorted() == ["a", "a #2", "a #3", "a #4"])
    }
}
