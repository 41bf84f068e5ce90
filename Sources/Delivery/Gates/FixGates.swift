/// The checks of a fix that run tests: gates `reproduces`, `tests-kept`, `tests-pass` and `needed`.
///
/// Everything is judged by the names in the report. Flaky tests: one that flips at the base is known as flaky, must go on
/// running, and neither stops a fix nor proves anything. An old test that misbehaves later, although it was stable at the
/// base, gets the base run again as often as the change is run; only if it flips there as well it counts as flaky. A new
/// test must never flip: it fails in every run before the fix and passes in every run after it.
public struct FixGates<Bench: TestBench>: Sendable {
    let bench: Bench
    /// Over the base: what the test role wrote.
    let tests: Change
    /// How often the base is run to know its tests.
    let baseRuns: Int

    public init(_ bench: Bench, tests: Change, baseRuns: Int = 2) {
        self.bench = bench
        self.tests = tests
        self.baseRuns = max(1, baseRuns)
    }

    /// How the tests of the base behave.
    ///
    /// - Throws: gate `repository` where the base's own tests give no usable report.
    public func baseline() async throws(GateFailure) -> Baseline { Baseline(try await base(times: baseRuns)) }

    func run(_ change: Change) async throws(GateFailure) -> TestRun {
        guard !Task.isCancelled else { throw GateFailure(.sandbox, "the work was cancelled before its tests ended") }
        return try await bench.run(change)
    }

    func base(times: Int) async throws(GateFailure) -> [TestRun] {
        var runs: [TestRun] = []
        for _ in 0..<times {
            let run = try await run(Change([]))
            if let problem = run.problem {
                throw GateFailure(
                    .repository,
                    "the test command proves nothing before any change (\(run.ending)): \(problem.text); "
                        + "the project's `test` and `report` must be put right",
                    evidence: lastLines(run))
            }
            runs.append(run)
        }
        return runs
    }

    /// The base's record once suspects have had their chance to flip at the base too.
    func reconsidered(_ base: Baseline, _ suspects: [String], times: Int) async throws(GateFailure) -> Baseline {
        let more = Baseline(try await self.base(times: max(times, baseRuns)))
        var better = base
        for name in suspects where more.stable[name] != base.stable[name] {
            better.stable[name] = nil
            better.flaky.insert(name)
            if more.sometimes.contains(name) || !more.names.contains(name) { better.sometimes.insert(name) }
        }
        better.runs += more.runs
        return better
    }

    /// Before the fix: the tests that `tests` brings exist, and fail by a check of theirs in each of the runs, while each
    /// old test does as at the base.
    ///
    /// A test that ends by an error rather than a failed check reproduces nothing: its set-up is wrong.
    public func reproduces(times: Int) async throws(GateFailure) -> Reproduction {
        var base = try await baseline()
        var new: Set<String>?
        var output = ""
        for number in 1...max(1, times) {
            let run = try await run(tests)
            let which = "run \(number) of \(times) before the fix"
            if let problem = run.problem {
                throw GateFailure(
                    .reproduces, "\(which) proves nothing (\(run.ending)): \(problem.text)", evidence: lastLines(run))
            }
            let suspects = Self.changed(run, base)
            if !suspects.isEmpty {
                base = try await reconsidered(base, suspects, times: times)
                try checkOld(run, base, which)
            }
            let names = Set(run.tests.keys).subtracting(base.names)
            try checkNew(names, new, run, which)
            new = names
            output = run.tail
        }
        return Reproduction(base: base, newTests: (new ?? []).sorted(), times: max(1, times), output: output)
    }

    /// Old tests whose status is not the base's.
    private static func changed(_ run: TestRun, _ base: Baseline) -> [String] {
        let stable = base.stable.filter { run.tests[$0.key] != $0.value }.keys
        let flaky = base.flaky.subtracting(base.sometimes).filter { run.tests[$0] == nil || run.tests[$0] == .skipped }
        return (Array(stable) + flaky).sorted()
    }

    private func checkOld(_ run: TestRun, _ base: Baseline, _ which: String) throws(GateFailure) {
        let changed = Self.changed(run, base)
        guard !changed.isEmpty else { return }
        let gone = changed.filter { run.tests[$0] == nil && base.stable[$0] != .skipped }
        guard gone.isEmpty else {
            throw GateFailure(
                .reproduces,
                "with the new test \(counted(gone.count, "old test")) did not run in \(which): \(listed(gone)); "
                    + "the new test breaks the suite",
                evidence: proof(gone, run))
        }
        let lines = changed.map { name in
            "\(name): \(base.stable[name]?.rawValue ?? "flaky") at the base, \(run.tests[name]?.rawValue ?? "not there")"
        }
        throw GateFailure(
            .reproduces, "the new test changes what old tests do in \(which): \(listed(lines, max: 3))", evidence: lines
        )
    }

    private func checkNew(
        _ names: Set<String>, _ before: Set<String>?, _ run: TestRun, _ which: String
    ) throws(GateFailure) {
        guard !names.isEmpty else {
            throw GateFailure(
                .reproduces, "the edits add no test that the report names in \(which); give the test a name of its own")
        }
        if let before, before != names {
            let changing = before.symmetricDifference(names).sorted()
            throw GateFailure(.reproduces, "the new tests are not the same in each run: \(listed(changing))")
        }
        for name in names.sorted() {
            switch run.tests[name] ?? .skipped {
            case .failed: continue
            case .passed:
                throw GateFailure(
                    .reproduces, "the new test \(name) passes in \(which): it does not show the defect",
                    evidence: [name])
            case .error:
                throw GateFailure(
                    .reproduces,
                    "the new test \(name) breaks with an error in \(which) rather than failing a check of its own: "
                        + "let it assert what should hold",
                    evidence: proof([name], run))
            case .skipped:
                throw GateFailure(.reproduces, "the new test \(name) is skipped in \(which)", evidence: [name])
            }
        }
    }

    /// Names of tests, and the end of what the run printed.
    func proof(_ names: [String], _ run: TestRun) -> [String] {
        let more = names.count > 10 ? ["… and \(names.count - 10) more"] : []
        return names.prefix(10) + more + lastLines(run)
    }

    /// The last lines that a run printed.
    func lastLines(_ run: TestRun) -> [String] {
        run.tail.split(separator: "\n").suffix(8).map { String($0).prefixed(200) }
    }
}
