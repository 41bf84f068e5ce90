import Model
import Testing

@testable import Series

@Suite struct PromQLTestFileTests {
    static let load = """
        load 1m
          a{x="1"} 0+10x10
          a{x="2"} _ 1x2 stale
          h{x="3"} {{schema:0 sum:1 count:1}}x5


        """

    static let rangeVector =
        "eval instant at 2m a[2m]\n  expect range vector from 1m to 2m step 1m\n  a{x=\"1\"} 10 20\n"

    /// Each is one case: right where it is written so, and wrong where it is not.
    @Test(arguments: [
        ("eval instant at 5m a\n  a{x=\"1\"} 50", 1, 0, 0),
        ("eval instant at 5m a\n  a{x=\"1\"} 51", 0, 1, 0),
        ("eval instant at 5m a\n  a{x=\"2\"} 50", 0, 1, 0),
        ("eval instant at 5m a", 0, 1, 0),
        ("eval instant at 5m b", 1, 0, 0),
        ("eval instant at 5m b\n  b 1", 0, 1, 0),
        ("eval instant at 5m 1+1\n  2", 1, 0, 0),
        ("eval instant at 5m 1+1\n  3", 0, 1, 0),
        ("eval instant at 5m 1+1\n  {} 2", 0, 1, 0),
        ("eval instant at 5m vector(2)\n  2", 0, 1, 0),
        ("eval instant at 1m sort(a)\n  expect ordered\n  a{x=\"2\"} 1\n  a{x=\"1\"} 10", 1, 0, 0),
        ("eval_ordered instant at 1m sort_desc(a)\n  a{x=\"2\"} 1\n  a{x=\"1\"} 10", 0, 1, 0),
        ("eval instant at 1m \"a\"\n  expect string 'a'", 1, 0, 0),
        ("eval instant at 1m \"a\"\n  expect string \"b\"", 0, 1, 0),
        (
            rangeVector + "  a{x=\"2\"} 1 1",
            1, 0, 0
        ),
        (
            rangeVector + "  a{x=\"2\"} 1 _",
            0, 1, 0
        ),
        ("eval range from 0 to 2m step 1m a * 2\n  {x=\"1\"} 0 20 40\n  {x=\"2\"} _ 2 2", 1, 0, 0),
        ("eval range from 0 to 2m step 1m a * 2\n  {x=\"1\"} 0 20 40\n  {x=\"2\"} 2 2", 0, 1, 0),
        ("eval range from 0 to 2m step 1m a{x=\"1\"}\n  a{x=\"1\"} 0 10 20 30", 0, 1, 0),
        ("eval instant at 1m a + on() a\n  expect fail", 1, 0, 0),
        ("eval_fail instant at 1m a + on() a", 1, 0, 0),
        ("eval instant at 1m topk(NaN, a)\n  expect fail msg: Parameter value is NaN", 1, 0, 0),
        ("eval instant at 1m topk(NaN, a)\n  expect fail msg: another", 0, 1, 0),
        ("eval_fail instant at 1m topk(NaN, a)\n  expected_fail_regexp value.*NaN", 1, 0, 0),
        ("eval_fail instant at 1m topk(NaN, a)\n  expected_fail_message value", 0, 1, 0),
        ("eval instant at 1m a{x=\"1\"}\n  expect fail", 0, 1, 0),
        ("eval instant at 1m quantile(2, b)\n  expect warn", 1, 0, 0),
        ("eval instant at 1m quantile(2, b)\n  expect no_warn", 0, 1, 0),
        ("eval instant at 1m quantile(2, b)\n  expect warn regex: got 3", 0, 1, 0),
        ("eval instant at 1m quantile(1, b)\n  expect warn", 0, 1, 0),
        ("eval instant at 2m rate(a{x=\"1\"}[2m])\n  expect info\n  expect no_warn\n  {x=\"1\"} 0.16666667", 1, 0, 0),
        ("eval instant at 1m h", 0, 0, 1),
        ("eval instant at 1m count({__name__=~\".+\"})\n  {} 3", 0, 0, 1),
        ("eval instant at 1m info(a)", 0, 0, 1),
        ("eval instant at 1m a +\n  expect fail", 1, 0, 0),
        ("eval instant at 1m a +", 0, 1, 0),
        ("clear\n\neval instant at 1m a", 1, 0, 0),
        ("load 1m\n  b 7\n\neval instant at 1m b\n  b 7", 1, 0, 0),
        ("load_with_nhcb 1m\n  c_bucket{le=\"1\"} 7\n\neval instant at 1m c_bucket\n  c_bucket{le=\"1\"} 7", 1, 0, 0),
        ("load_with_nhcb 1m\n  c_bucket{le=\"1\"} 7\n\neval instant at 1m c", 0, 0, 1),
    ]) func aCaseIsJudged(_ text: String, _ passed: Int, _ failed: Int, _ skipped: Int) throws {
        let report = try PromQLTestFile.run(Self.load + text + "\n", file: "x.test")
        #expect([report.passed, report.failed, report.skipped] == [passed, failed, skipped], "\(report.lines)")
        #expect(report.lines.count == failed + skipped)
    }

    @Test func aLineNamesThePlaceAndWhy() throws {
        let report = try PromQLTestFile.run(
            Self.load + "eval instant at 5m a\n  a{x=\"1\"} 51\n\neval instant at 5m info(a)\n", file: "dir/x.test")
        #expect(
            report.lines == [
                "dir/x.test:6: failed: a: {__name__=\"a\", x=\"1\"}: expected 51.0, got 50.0",
                "dir/x.test:9: skipped: info(a): \"info\" is not in this version",
            ])
    }

    @Test(arguments: [
        ("lod 1m\n", "x.test:1:1: error: \"lod\" is no command; expected load, clear or eval"),
        ("load\n", "x.test:1:1: error: expected load STEP or load_with_nhcb STEP"),
        ("load 1m\n  a{ 1\n", "x.test:2:1: error: the series' closing brace is missing"),
        ("load 1m\n  a 1 2y\n", "x.test:2:1: error: unexpected \"y\" in the series' values"),
        ("eval instant at 1q a\n", "x.test:1:1: error: \"1q\" is no duration such as 5m"),
        ("eval sometime a\n", "x.test:1:1: error: expected eval instant or eval range"),
        ("eval range from 1m to 2m a\n", "x.test:1:1: error: expected eval range from A to B step S EXPRESSION"),
        ("eval instant at 1m a\n  expect nothing\n", "x.test:2:1: error: \"nothing\" cannot be expected"),
    ]) func aWrongFileNamesItsLine(_ text: String, _ message: String) {
        let error = #expect(throws: Diagnostics.self) { try PromQLTestFile.run(text, file: "x.test") }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        ("a 1 2.5e1 -3 +4 .5 inf -Inf NaN", "1.0 25.0 -3.0 4.0 0.5 inf -inf nan"), ("a 1x2 5", "1.0 1.0 1.0 5.0"),
        ("a 1+2x2 1-2x2", "1.0 3.0 5.0 1.0 -1.0 -3.0"), ("a -2-1x1", "-2.0 -3.0"), ("a 1e2-1e1x1", "100.0 90.0"),
        ("a _ _x2 stale stalex1", "_ _ _ s s s"), ("a 0x3", "0.0 0.0 0.0 0.0"), ("a", ""),
        ("a {{count:1}} {{count:1}}x1 {{count:1}}+{{count:2}}x2", "h h h h h h"),
    ]) func seriesValuesAreRead(_ line: String, _ expected: String) throws {
        let values = try SeriesNotation(parsing: line).values.map { value in
            switch value {
            case .number(let number): "\(number)".replacing("nan(0x1)", with: "nan")
            case .missing: "_"
            case .stale: "s"
            case .histogram: "h"
            }
        }
        #expect(values.joined(separator: " ") == expected)
    }

    @Test(arguments: [
        ("a{b=\"c\", 'd'=`e f`}", "{__name__=\"a\", b=\"c\", d=\"e f\"}"), ("{b=\"}\"}", "{b=\"}\"}"), ("{}", "{}"),
        ("{\"a b\",}", "{__name__=\"a b\"}"), ("a:b", "{__name__=\"a:b\"}"),
    ]) func seriesLabelsAreRead(_ text: String, _ expected: String) throws {
        let series = try SeriesNotation(parsing: text + " 1")
        #expect(series.labels.description == expected)
        #expect(series.values == [.number(1)])
    }
}
