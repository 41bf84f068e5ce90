import FoundationEssentials
import Synchronization
import Testing

@testable import Delivery

@Suite struct FixGatesTests {
    static func failure<T>(_ body: () async throws -> T) async -> GateFailure? {
        do {
            _ = try await body()
            return nil
        } catch let failure as GateFailure {
            return failure
        } catch {
            return GateFailure(.schema, "another error: \(error)")
        }
    }

    static func tests(_ line: String) -> Change {
        Change([FileChange(path: "tests/bank.t", before: Bank.tests, after: Bank.tests + line)])
    }

    @Test func aDefectIsReproduced() async throws {
        let bench = Bank.bench()
        let shown = try await Bank.gates(bench).reproduces(times: 10)
        #expect(shown.newTests == ["races"])
        #expect(shown.base.stable == ["pays": .passed, "reads": .passed, "lists": .passed])
        #expect(shown.times == 10 && bench.count == 12)
    }

    @Test(arguments: [
        ("test easy passes\n", "easy passes in run 1 of 10"), ("test setup error\n", "breaks with an error"),
        ("test later skip\n", "is skipped"), ("# test\n", "add no test"), ("broken\n", "did not run"),
        ("test races flips\n", "passes in run"), ("test races needs lock\ntest also passes\n", "also passes"),
    ])
    func whatDoesNotReproduceIsStopped(line: String, says: String) async {
        let failure = await Self.failure { try await Bank.gates(Bank.bench(), Self.tests(line)).reproduces(times: 10) }
        #expect(failure?.gate == .reproduces)
        #expect(failure?.text.contains(says) ?? false, "\(failure?.text ?? "reproduced")")
    }

    @Test func anOldTestThatIsChangedIsNoticed() async {
        let weaker = Bank.change("tests/bank.t", "test lists needs all\n", "test lists fails\ntest races needs lock\n")
        let failure = await Self.failure { try await Bank.gates(Bank.bench(), weaker).reproduces(times: 3) }
        #expect(failure?.gate == .reproduces)
        #expect(failure?.evidence == ["lists: passed at the base, failed"])
    }

    @Test func aBaseWithoutAReportIsTheRepositorysFault() async {
        let failure = await Self.failure {
            try await Bank.gates(Bank.bench(["src/x.py": "exit early\n"])).reproduces(times: 3)
        }
        #expect(failure?.gate == .repository)
        #expect(failure?.text.contains("left no test report") ?? false)
        #expect(failure?.evidence == ["12 tests PASSED"])
    }

    /// A test that flips at the base stops nothing, but must go on running.
    @Test func aFlakyTestIsNamed() async throws {
        let bench = Bank.bench(["tests/flaky.t": "test sometimes flips\n"])
        let gates = Bank.gates(bench)
        let shown = try await gates.reproduces(times: 5)
        #expect(shown.base.flaky == ["sometimes"])
        let result = try await gates.passes(Bank.fix, after: shown, times: 5)
        #expect(result.flaky == ["sometimes"] && result.passed == ["lists", "pays", "races", "reads"])
        let hidden = Bank.change("src/bank.py", "    take\n", "    lock\n    take\nhide sometimes\n")
        let failure = await Self.failure { try await gates.passes(hidden, after: shown, times: 5) }
        #expect(failure?.gate == .testsKept)
    }

    /// One that only begins to flip later is tried at the base again.
    @Test func aSuspectIsTriedAtTheBaseAgain() async throws {
        let bench = Bank.bench(["tests/flaky.t": "test sometimes flips\n"])
        let gates = FixGates(bench, tests: Bank.newTest, baseRuns: 1)
        let shown = try await gates.reproduces(times: 6)
        #expect(shown.base.flaky == ["sometimes"] && shown.base.runs == 7)
    }

    @Test func aFixPasses() async throws {
        let bench = Bank.bench(["tests/old.t": "test broken-before fails\ntest repaired needs lock\ntest off skip\n"])
        let gates = Bank.gates(bench)
        let shown = try await gates.reproduces(times: 2)
        let result = try await gates.passes(Bank.fix, after: shown, times: 10)
        #expect(result.passed == ["lists", "pays", "races", "reads", "repaired"])
        #expect(result.stillFailing == ["broken-before"] && result.repaired == ["repaired"])
        let proof = try await gates.needed(Bank.fix, after: shown, result, tries: 2)
        #expect(proof.parts.map(\.part) == ["src/bank.py:2"])
        #expect(["races", "repaired"].contains(proof.parts.first?.breaks ?? ""))
        let report = ChangeReport(tests: Bank.newTest, fix: Bank.fix, shown: shown, result: result, proof: proof)
        #expect(
            report.lines.contains("reproduces: races failed in 2 of 2 runs before the fix; 6 old tests as at the base"))
        #expect(report.lines.contains("failed before and fail still: broken-before"))
    }

    @Test(arguments: [
        ("    take\n", "    take\nlint\n", GateFailure.Gate.testsPass, "the new test does not pass"),
        ("    give\n", "    lock\n", .testsPass, "breaks 1 test in run 1 of 10 with the fix: pays"),
        ("    take\n", "    lock\nexit early\n", .testsPass, "proves nothing (exit 0): it left no test report"),
        ("    take\n", "    lock\nbroken\n", .testsPass, "proves nothing (exit 2)"),
        ("    take\n", "    lock\nhang\n", .testsPass, "stopped: 10 minutes of wall time"),
        ("    take\n", "    lock\nlint\n", .testsPass, "ended with exit 1"),
        ("    take\n", "    lock\ncrash\n", .testsPass, "ended with signal 11"),
        ("    take\n", "    take\nforge\n", .testsPass, "although its file was broken on purpose"),
        ("    take\n", "    lock\nhide reads\n", .testsKept, "1 test that ran before did not run"),
        ("    take\n", "    lock\nhide races\n", .testsKept, "did not run in run 1 of 10 with the fix: races"),
    ])
    func aWrongFixIsStopped(search: String, replace: String, gate: GateFailure.Gate, says: String) async throws {
        let gates = Bank.gates(Bank.bench())
        let shown = try await gates.reproduces(times: 2)
        let fix = Bank.change("src/bank.py", search, replace)
        let failure = await Self.failure { try await gates.passes(fix, after: shown, times: 10) }
        #expect(failure?.gate == gate)
        #expect(failure?.text.contains(says) ?? false, "\(failure?.text ?? "passed")")
    }

    @Test(arguments: [("test lists needs all\n", ""), ("test lists needs all", "test lists skip")])
    func deletedAndSkippedTestsAreMissed(search: String, replace: String) async throws {
        let gates = Bank.gates(Bank.bench())
        let shown = try await gates.reproduces(times: 2)
        let after = Bank.tests + "test races needs lock\n"
        let bad = Change([
            FileChange(path: "tests/bank.t", before: after, after: after.replacing(search, with: replace))
        ])
        let failure = await Self.failure { try await gates.passes(Bank.fix.then(bad), after: shown, times: 2) }
        #expect(failure?.gate == .testsKept && failure?.evidence.first == "lists")
    }

    @Test func cancelledWorkStops() async {
        let bench = CancellingBench(bench: Bank.bench(), atRun: 3)
        let failure = await Self.failure { try await FixGates(bench, tests: Bank.newTest).reproduces(times: 10) }
        #expect(failure?.gate == .sandbox && bench.bench.count == 3)
    }

    /// What was shown may be stored between two steps.
    @Test func aReproductionTravelsAsJSON() async throws {
        let bench = Bank.bench(["tests/flaky.t": "test sometimes flips\n"])
        let shown = try await Bank.gates(bench).reproduces(times: 2)
        let json = try JSONEncoder().encode(shown)
        #expect(try JSONDecoder().decode(Reproduction.self, from: json) == shown)
    }

    /// Each run's tests, one after the other, whatever the change.
    static func scripted(_ runs: [TestRun]) -> FixGates<ScriptedBench> {
        FixGates(ScriptedBench(runs), tests: Bank.newTest)
    }

    static let base = TestRun(tests: ["a": .passed], ending: .exit(0))
    static let shown = TestRun(tests: ["a": .passed, "new": .failed], ending: .exit(1))
    static let good = TestRun(tests: ["a": .passed, "new": .passed], ending: .exit(0))

    @Test func newTestsMustBeTheSameInEachRun() async {
        let other = TestRun(tests: ["a": .passed, "newer": .failed], ending: .exit(1))
        let failure = await Self.failure {
            try await Self.scripted([Self.base, Self.base, Self.shown, other]).reproduces(times: 2)
        }
        #expect(failure?.text == "the new tests are not the same in each run: new, newer")
    }

    @Test func aTestThatNobodyKnowsMustNotFail() async {
        var odd = Self.good
        odd.tests["generated"] = .failed
        odd.ending = .exit(1)
        let gates = Self.scripted([Self.base, Self.base, Self.shown, odd])
        let failure = await Self.failure {
            try await gates.passes(Bank.fix, after: try await gates.reproduces(times: 1), times: 1)
        }
        #expect(failure?.gate == .testsPass && failure?.evidence == ["generated"])
    }

    /// A test whose name changes from run to run at the base need not be there.
    @Test func namesThatChangeNeedNotStay() async throws {
        var one = Self.base
        one.tests["at 0x1"] = .passed
        var two = Self.base
        two.tests["at 0x2"] = .passed
        let gates = Self.scripted([one, two, Self.shown, Self.good, Self.base])
        let shown = try await gates.reproduces(times: 1)
        #expect(shown.base.flaky == ["at 0x1", "at 0x2"])
        #expect(try await gates.passes(Bank.fix, after: shown, times: 1).passed == ["a", "new"])
    }

    /// All pass without the hunk, but the command dies: that is a failure too.
    @Test func aCrashWithoutAHunkShowsThatItIsNeeded() async throws {
        var crash = Self.good
        crash.ending = .signal(11)
        let gates = Self.scripted([Self.base, Self.base, Self.shown, Self.good, Self.base, crash])
        let shown = try await gates.reproduces(times: 1)
        let result = try await gates.passes(Bank.fix, after: shown, times: 1)
        let proof = try await gates.needed(Bank.fix, after: shown, result, tries: 1)
        #expect(proof.parts.map(\.breaks) == ["signal 11"])
    }

    @Test func anEmptyFixIsNoFix() async throws {
        let gates = Bank.gates(Bank.bench())
        let shown = try await gates.reproduces(times: 1)
        #expect(await Self.failure { try await gates.passes(Change([]), after: shown, times: 1) }?.gate == .noChange)
    }
}

/// Its task is cancelled while the run of this number goes on.
private struct CancellingBench: TestBench {
    let bench: SimulatedBench
    let atRun: Int

    func run(_ change: Change) async throws(GateFailure) -> TestRun {
        let run = try await bench.run(change)
        if bench.count == atRun { withUnsafeCurrentTask { $0?.cancel() } }
        return run
    }
}

/// Answers with these runs in order, and with the last one from then on.
final class ScriptedBench: TestBench {
    private let runs: Mutex<[TestRun]>

    init(_ runs: [TestRun]) { self.runs = Mutex(runs) }

    func run(_ change: Change) async throws(GateFailure) -> TestRun {
        runs.withLock { runs in runs.count > 1 ? runs.removeFirst() : runs[0] }
    }
}
