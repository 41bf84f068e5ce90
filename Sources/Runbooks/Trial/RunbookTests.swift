public import Model
import Series
import Text

/// Tests of a runbook (`X.test.yaml` beside `X.yaml`): given an incident and how each step ends, which effects it has,
/// in which order, and how the run ends.
public enum RunbookTests {
    /// Runs every test of a file against its runbook, over a host that exists in the file only.
    ///
    /// One test passes or fails as a whole; each failure is a line with its place, what was expected and what happened.
    /// Throws where the file itself is wrong.
    public static func run(_ text: String, file: String, runbook: Runbook) throws(Diagnostics) -> TestReport {
        var report = TestReport()
        for test in try RunbookTestFile.parse(text, file: file, runbook: runbook) {
            var trial = RunbookTrial(test)
            trial.run()
            let failures = test.failures(of: trial)
            report += TestReport(
                lines: failures.map(\.description), passed: failures.isEmpty ? 1 : 0, failed: failures.isEmpty ? 0 : 1)
        }
        return report
    }
}

extension RunbookTest {
    func failures(of trial: RunbookTrial) -> [Diagnostic] {
        var failures: [Diagnostic] = []
        func compare(_ what: String, _ expected: String, _ got: String) {
            guard expected != got else { return }
            failures.append(
                Diagnostic(expectPlace, "test \"\(name)\": \(what): expected \(expected), got \(got)\(trial.because)"))
        }
        if let effects {
            compare("effects", "[\(effects.joined(separator: ", "))]", "[\(trial.effects.joined(separator: ", "))]")
        }
        compare("ends", ends.rawValue, trial.state.end?.kind.rawValue ?? "not at all")
        if let `guard` { compare("guard", `guard`, trial.state.end?.guard ?? "none") }
        return failures
    }
}
