public import Model
import Text

/// Unit tests of rules, in the format of `promtool test rules`, with journal entries (`input_logs`) beside series.
public enum RuleTests {
    /// Runs every test of a file; `loadRules` gives the text of a rule file that it names, as it is written there.
    ///
    /// One test (an item of `tests`) passes or fails as a whole; each failure is a line with its place, what was
    /// expected and what was there. Throws where the file, or a rule file, is wrong.
    public static func run(
        _ text: String, file: String, loadRules: (String) throws(Diagnostics) -> String
    ) throws(Diagnostics) -> TestReport {
        let tests = try RuleTestFile.parse(text, file: file)
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        var sources: [(path: String, text: String)] = []
        for rules in tests.ruleFiles {
            let isAbsolute = rules.name.hasPrefix("/") || folder.isEmpty
            sources.append((isAbsolute ? rules.name : "\(folder)/\(rules.name)", try loadRules(rules.name)))
        }
        let rules = try RuleSet.parse(sources)
        var report = TestReport()
        for test in tests.tests {
            var trial = RuleTestRun(test, file: tests, rules: rules)
            let failures = trial.run()
            report += TestReport(
                lines: failures.map(\.description), passed: failures.isEmpty ? 1 : 0, failed: failures.isEmpty ? 0 : 1)
        }
        return report
    }
}
