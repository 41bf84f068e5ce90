import Model
import Testing

@testable import Detection

/// Prometheus' own files for promtool, read where they lie beside the checkout.
private enum PromtoolFiles {
    static let folder = "../shared/data/prometheus/promtool"
    static let isThere = Checkout.names(folder).contains("unittest.yml")

    static func text(_ name: String) throws(Diagnostics) -> String { try Checkout.text(folder, name) }
}

/// Each file must end as promtool says.
@Suite(.enabled(if: PromtoolFiles.isThere, "Prometheus' test files are not beside the checkout"))
struct PromtoolTests {
    private func run(_ name: String) throws -> TestReport {
        try RuleTests.run(try PromtoolFiles.text(name), file: name, loadRules: PromtoolFiles.text)
    }

    @Test(arguments: [
        ("rules.yml", 5), ("at-modifier.yml", 1), ("negative-offset.yml", 1),
    ])
    func ruleFilesLoadUnchanged(name: String, count: Int) throws {
        #expect(try RuleSet.parse([(path: name, text: try PromtoolFiles.text(name))]).count == count)
    }

    @Test(arguments: [
        (
            "rules-bad.yml",
            ["rules-bad.yml:12:33: error: this rule's templates cannot read \"$label\"; did you mean \"$labels\"?"]
        ),
        (
            "rules_extrafields.yml",
            [
                "rules_extrafields.yml:7:5: error: unknown key \"namespace\" in the group",
                "rules_extrafields.yml:21:5: error: unknown key \"ownership\" in the group",
            ]
        ),
        (
            "rules_duplicates.yml",
            [
                "rules_duplicates.yml:18:9: error: the record rule \"job:test:count_over_time1m\" occurs twice with the same labels and condition, first in line 6",
                "rules_duplicates.yml:23:9: error: the record rule \"job:test:count_over_time1m\" occurs twice with the same labels and condition, first in line 18",
            ]
        ),
    ])
    func badRuleFilesAreRefusedAtTheirPlace(name: String, problems: [String]) throws {
        do throws(Diagnostics) {
            _ = try RuleSet.parse([(path: name, text: try PromtoolFiles.text(name))])
            Issue.record("\(name) was accepted")
        } catch {
            #expect(error.all.map(\.description) == problems)
        }
    }

    /// Passed and failed tests, as cmd/promtool/unittest_test.go expects them of promtool with all features on.
    @Test(arguments: [
        ("long-period.yml", 1, 0), ("rules_run.yml", 1, 1), ("rules_run_fuzzy.yml", 1, 1), ("bad-promql.yml", 0, 1),
        ("bad-input-series.yml", 0, 1), ("at-modifier-test.yml", 1, 0), ("negative-offset-test.yml", 1, 0),
    ])
    func filesEndAsWithPromtool(name: String, passed: Int, failed: Int) throws {
        let report = try run(name)
        #expect(report.passed == passed, "\(report.lines)")
        #expect(report.failed == failed, "\(report.lines)")
    }

    /// All of unittest.yml passes but for what its first test says of native histograms.
    @Test func nothingButNativeHistogramsIsMissing() throws {
        let report = try run("unittest.yml")
        #expect(report.passed == 4, "\(report.lines)")
        #expect(report.failed == 1)
        #expect(report.lines.allSatisfy { $0.contains("native histograms are not in this version") }, "\(report.lines)")
        let without = try PromtoolFiles.text("unittest.yml").split(separator: "\n", omittingEmptySubsequences: false)
        let plain = withoutHistograms(without.map(String.init)).joined(separator: "\n")
        let rest = try RuleTests.run(plain, file: "unittest.yml", loadRules: PromtoolFiles.text)
        #expect(rest == TestReport(passed: 5), "\(rest.lines)")
    }

    /// Leaves out the items about histograms: each begins with "- series: test_histogram" or "- expr: test_histogram".
    private func withoutHistograms(_ lines: [String]) -> [String] {
        var isInItem = false
        return lines.filter { line in
            let text = line.drop { $0 == " " }
            if text.hasPrefix("- series:") || text.hasPrefix("- expr:") {
                isInItem = text.contains("test_histogram")
            } else if text.isEmpty || text.hasPrefix("#") {
                isInItem = false
            }
            return !isInItem
        }
    }
}
