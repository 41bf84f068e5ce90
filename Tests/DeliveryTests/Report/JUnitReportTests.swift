import Testing

@testable import Delivery

@Suite struct JUnitReportTests {
    static func read(_ text: String) throws(ReportProblem) -> [String: TestRun.Status] {
        try JUnitReport.read(Array(text.utf8))
    }

    static let pytest = """
        <?xml version="1.0" encoding="utf-8"?>
        <testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.1">
        <testcase classname="tests.test_bank" name="test_pay" time="0.001" />
        <testcase classname="tests.test_bank" name="test_race[2-&lt;x&gt;]" time="0.001"><failure message="assert 1 == 2
        &#10;E  &quot;why&quot;">def test_race():
        &gt;   assert 1 == 2</failure></testcase>
        <testcase classname="tests.test_bank" name="test_db"><error message="failed on setup">no &amp; db</error></testcase>
        <testcase classname="tests.test_bank" name="test_old"><skipped type="pytest.skip" message="later"/></testcase>
        </testsuite></testsuites>

        """

    @Test func pytestsReport() throws {
        #expect(
            try Self.read(Self.pytest) == [
                "tests.test_bank.test_pay": .passed, "tests.test_bank.test_race[2-<x>]": .failed,
                "tests.test_bank.test_db": .error, "tests.test_bank.test_old": .skipped,
            ])
    }

    static let reports: [(text: String, tests: [String: TestRun.Status])] = [
        (
            """
            <testsuites tests="2"><testsuite tests="2" name="example.com/pay"><properties><property name="go.version"
            value="1.24"></property></properties><testcase classname="pay" name="TestPay/refund"></testcase>
            <testcase classname="pay" name="TestRace"><failure message="Failed" type=""><![CDATA[=== RUN <TestRace>
            ]] > </testcase> ]]></failure></testcase></testsuite></testsuites>
            """, ["pay.TestPay/refund": .passed, "pay.TestRace": .failed]
        ),
        (
            "<testsuite name='s'><testcase name='a' classname='C'/><testcase name='a' classname='C'><failure/></testcase></testsuite>",
            ["C.a": .passed, "C.a #2": .failed]
        ),
        (
            "<testsuites><testsuite name='outer'><testsuite name='inner'><testcase name='a'/></testsuite><testcase name='b'/>"
                + "</testsuite><testsuite name='next'><testcase name='a'/></testsuite></testsuites>",
            ["outer.inner.a": .passed, "outer.b": .passed, "next.a": .passed]
        ),
        (
            "<testsuites><testsuite name='G'><testcase name='A' status='run' result='completed' classname='G'/>"
                + "<testcase name='B' status='notrun' result='suppressed' classname='G'/></testsuite></testsuites>",
            ["G.A": .passed, "G.B": .skipped]
        ),
        (
            "<testsuite><testcase name='f' status='fail'/><testcase name='d' status='disabled'/></testsuite>",
            ["f": .failed, "d": .skipped]
        ),
        (
            "\u{feff}<testsuite><!-- a -- > b --><testcase name='a'><system-out><failure/></system-out><skipped/><error/>"
                + "<failure/></testcase></testsuite><!-- end -->\n",
            ["a": .error]
        ),
        ("<testsuite><testcase name='a'><system-err>x<failure/></system-err></testcase></testsuite>", ["a": .passed]),
        ("<testsuite><testcase name='&#x41;&#66;é'/></testsuite>", ["ABé": .passed]),
    ]

    @Test(arguments: 0..<reports.count) func readsOthers(index: Int) throws {
        #expect(try Self.read(Self.reports[index].text) == Self.reports[index].tests)
    }

    @Test(arguments: [
        "PASSED", "{\"tests\": 1}", "<html><testcase name='a'/></html>", "<testsuite><testcase/></testsuite>",
        "<testsuite><testcase name=''/></testsuite>", "<testsuite><testcase name='a'></testsuite>",
        "<testsuite></testsuite><testsuite><testcase name='a'/></testsuite>", "<testsuite name=a/>",
        "<testsuite name='a' name='b'/>", "<testsuite name='a'title='b'/>", "<testsuite>&nope;</testsuite>",
        "<testsuite>&#0;</testsuite>", "<testsuite>&#xd800;</testsuite>", "<testsuite>& </testsuite>",
        "<testsuite name='<'/>", "<testsuite/>text", "text<testsuite/>", "<testsuite></testsuit>",
        "<testsuite><testcase name='a'><b></testcase></b></testsuite>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><testsuite>&b;</testsuite>", "<1a/>", "<testsuite a/>",
        "<testsuite><testcase name='a'><testcase name='b'/></testcase></testsuite>",
        "<![CDATA[a]]><testsuite/>",
    ])
    func malformedIsRefused(text: String) {
        let problem = #expect(throws: ReportProblem.self) { try Self.read(text) }
        guard case .malformed = problem else {
            Issue.record("\(text): \(String(describing: problem))")
            return
        }
    }

    @Test func bytesThatAreNoTextAreRefused() {
        #expect(throws: ReportProblem.malformed(line: 1, "it is not UTF-8")) {
            try JUnitReport.read(Array("<testsuite name='".utf8) + [0xff] + Array("'/>".utf8))
        }
    }

    @Test func depthAndAttributesAreBounded() {
        let deep = String(repeating: "<testsuite>", count: 100_000)
        #expect(throws: ReportProblem.malformed(line: 1, "elements nested too deep")) { try Self.read(deep) }
        let wide = "<testsuite " + (0..<100).map { "a\($0)='' " }.joined() + "/>"
        #expect(throws: ReportProblem.malformed(line: 1, "too many attributes")) { try Self.read(wide) }
        #expect(throws: ReportProblem.tooLarge) {
            try JUnitReport.read([UInt8](repeating: 0x20, count: TestRun.reportBytesMax + 1))
        }
    }

    /// A report that ends early is never taken for a whole one.
    @Test func everyPrefixIsRefused() {
        let bytes = Array(Self.pytest.utf8)
        let whole = bytes.lastIndex(of: UInt8(ascii: ">")) ?? 0
        for count in 0...whole {
            #expect(throws: ReportProblem.self) { try JUnitReport.read(Array(bytes[..<count])) }
        }
    }

    @Test func anyChangedByteIsReadOrRefused() {
        var random = Seeded(state: 3)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = Array(Self.pytest.utf8)
            for _ in 0..<3 {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...127, using: &random)
            }
            do throws(ReportProblem) {
                let tests = try JUnitReport.read(bytes)
                #expect(tests.count <= 4)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 200)
    }
}
