/// Runs a project's tests on trees that are made from its base revision.
public protocol TestBench: Sendable {
    /// Runs the test command once, in a fresh copy of the base with the change on it.
    ///
    /// However the command ends, its run is returned; an end by a bound of the sandbox as well.
    /// - Throws: where no run could be had (gate `sandbox` or `repository`).
    func run(_ change: Change) async throws(GateFailure) -> TestRun
}

/// What the tests of the base say, before anything is changed.
public struct Baseline: Sendable, Hashable, Codable {
    /// Each test's status in every run, by name.
    public var stable: [String: TestRun.Status]
    /// Tests that were not the same in every run, or not in every run: neither their passing nor their failing proves
    /// anything. They must go on running.
    public var flaky: Set<String>
    public var runs: Int

    public init(_ runs: [TestRun]) {
        self.runs = runs.count
        var seen: [String: Set<TestRun.Status>] = [:]
        var counts: [String: Int] = [:]
        for run in runs {
            for (name, status) in run.tests {
                seen[name, default: []].insert(status)
                counts[name, default: 0] += 1
            }
        }
        stable = seen.filter { $0.value.count == 1 && counts[$0.key] == runs.count }.compactMapValues(\.first)
        flaky = Set(seen.keys).subtracting(stable.keys)
        sometimes = Set(counts.filter { $0.value < runs.count }.keys)
    }

    /// Those of the flaky that were missing in some run: their names may change, so they need not be there.
    public var sometimes: Set<String>

    public var names: Set<String> { Set(stable.keys).union(flaky) }
    /// Tests that ran, rather than being skipped, and so must go on running.
    var kept: Set<String> {
        Set(stable.filter { $0.value != .skipped }.keys).union(flaky).subtracting(sometimes)
    }
    public func names(_ status: TestRun.Status) -> Set<String> { Set(stable.filter { $0.value == status }.keys) }
}

/// What was shown before the fix: the new tests fail, the old ones do as they did.
public struct Reproduction: Sendable, Hashable, Codable {
    public var base: Baseline
    public var newTests: [String]
    public var times: Int
    /// The end of what the last run printed.
    public var output: String
}
