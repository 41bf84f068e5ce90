/// What was shown with the fix.
public struct FixResult: Sendable, Hashable, Codable {
    public var times: Int
    /// Tests that passed in every run, the new ones among them.
    public var passed: [String]
    /// Tests that fail at the base and may go on failing.
    public var stillFailing: [String]
    /// Tests that failed at the base and pass now, the new ones apart.
    public var repaired: [String]
    /// As `Baseline.flaky`, after all runs.
    public var flaky: [String]
    public var output: String
}

extension FixGates {
    /// With the fix, in each of the runs: every test that ran before is there and runs (`tests-kept`); each new test
    /// passes, each old one passes that passed before, and the command ends well (`tests-pass`).
    ///
    /// An exit other than 0 is accepted only where the report names a failing test that may fail: one that failed at the
    /// base, or a flaky one. A last run is a control: where the files of the new tests are broken on purpose, they cannot
    /// pass, so a report that says so is not the test runner's.
    public func passes(_ fix: Change, after shown: Reproduction, times: Int) async throws(GateFailure) -> FixResult {
        guard !fix.isEmpty else { throw GateFailure(.noChange, "the fix changes nothing") }
        let whole = tests.then(fix)
        var base = shown.base
        var passed: Set<String>?
        var output = ""
        for number in 1...max(1, times) {
            let run = try await run(whole)
            let which = "run \(number) of \(times) with the fix"
            if let problem = run.problem {
                throw GateFailure(
                    .testsPass, "\(which) proves nothing (\(run.ending)): \(problem.text)", evidence: lastLines(run))
            }
            try checkKept(run, base, shown.newTests, which)
            let broken = base.names(.passed).filter { run.tests[$0] != .passed }.sorted()
            if !broken.isEmpty { base = try await reconsidered(base, broken, times: times) }
            try checkPassed(run, base, shown.newTests, which)
            let now = Set(run.names(.passed))
            passed = passed?.intersection(now) ?? now
            output = run.tail
        }
        try await control(fix, shown.newTests)
        let all = passed ?? []
        let failing = base.names(.failed).union(base.names(.error))
        return FixResult(
            times: max(1, times), passed: all.sorted(), stillFailing: failing.subtracting(all).sorted(),
            repaired: failing.intersection(all).sorted(), flaky: base.flaky.sorted(), output: output)
    }

    private func control(_ fix: Change, _ new: [String]) async throws(GateFailure) {
        let broken = tests.files.map { file in
            FileChange(path: file.path, before: file.before, after: file.after.map { Self.broken($0, file.path) })
        }
        let run = try await run(Change(broken).then(fix))
        let passing = new.filter { run.tests[$0] == .passed }
        guard passing.isEmpty else {
            throw GateFailure(
                .testsPass,
                "\(listed(passing)) passes by the report although its file was broken on purpose: "
                    + "the report is not what the tests did",
                evidence: proof(passing, run))
        }
    }

    /// A text that no language takes; where a first line of nonsense is only text, nothing else stays.
    private static func broken(_ text: String, _ path: String) -> String {
        let line = ")]} broken on purpose: this test cannot run ({[\n"
        let textual = [".php", ".phpt", ".html", ".md", ".markdown", ".rst", ".txt", ".erb"]
        return textual.contains { path.hasSuffix($0) } ? line : line + text
    }

    private func checkKept(
        _ run: TestRun, _ base: Baseline, _ new: [String], _ which: String
    ) throws(GateFailure) {
        let must = base.kept.union(new)
        let gone = must.filter { run.tests[$0] == nil }.sorted()
        guard gone.isEmpty else {
            throw GateFailure(
                .testsKept, "\(counted(gone.count, "test")) that ran before did not run in \(which): \(listed(gone))",
                evidence: proof(gone, run))
        }
        let skipped = must.filter { run.tests[$0] == .skipped && !base.flaky.contains($0) }.sorted()
        guard skipped.isEmpty else {
            throw GateFailure(
                .testsKept,
                "\(counted(skipped.count, "test")) that ran before was skipped in \(which): \(listed(skipped))",
                evidence: skipped)
        }
    }

    private func checkPassed(
        _ run: TestRun, _ base: Baseline, _ new: [String], _ which: String
    ) throws(GateFailure) {
        let failing = new.filter { run.tests[$0] != .passed }
        guard failing.isEmpty else {
            throw GateFailure(
                .testsPass, "the new test does not pass in \(which): \(listed(failing))",
                evidence: proof(failing, run))
        }
        let broken = base.names(.passed).filter { run.tests[$0] != .passed }.sorted()
        guard broken.isEmpty else {
            throw GateFailure(
                .testsPass, "the fix breaks \(counted(broken.count, "test")) in \(which): \(listed(broken))",
                evidence: proof(broken, run))
        }
        let bad = Set(run.names(.failed) + run.names(.error))
        let mayFail = base.names(.failed).union(base.names(.error)).union(base.flaky)
        let unknown = bad.subtracting(mayFail).sorted()
        guard unknown.isEmpty else {
            throw GateFailure(
                .testsPass, "tests that the base does not have fail in \(which): \(listed(unknown))",
                evidence: proof(unknown, run))
        }
        switch run.ending {
        case .exit(0): break
        case .exit where !bad.isEmpty: break
        default:
            throw GateFailure(
                .testsPass, "the test command ended with \(run.ending) in \(which), though every test passed",
                evidence: lastLines(run))
        }
    }
}
