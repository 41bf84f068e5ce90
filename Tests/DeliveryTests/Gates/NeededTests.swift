import Delivery
import Testing

@Suite struct NeededTests {
    static func need(_ fix: Change, _ bench: SimulatedBench = Bank.bench()) async throws -> NeedProof {
        let gates = Bank.gates(bench)
        let shown = try await gates.reproduces(times: 2)
        let result = try await gates.passes(fix, after: shown, times: 2)
        return try await gates.needed(fix, after: shown, result, tries: 2)
    }

    @Test func anUnrelatedEditIsNamed() async {
        let fix = Change([
            FileChange(
                path: "src/bank.py", before: Bank.source,
                after: Bank.source.replacing("    take\n", with: "    lock\n    take\n")
                    .replacing("    all\n", with: "    all\n    sorted\n"))
        ])
        let failure = await FixGatesTests.failure { try await Self.need(fix) }
        #expect(failure?.gate == .needed)
        #expect(failure?.evidence == ["src/bank.py:13", "+    sorted"])
    }

    @Test func commentsAndDocumentsAreExempt() async throws {
        let fix = Change([
            FileChange(
                path: "src/bank.py", before: Bank.source,
                after: "# The bank.\n" + Bank.source.replacing("    take\n", with: "    lock\n    take\n")),
            FileChange(path: "README.md", before: nil, after: "It locks.\n"),
        ])
        let proof = try await Self.need(fix)
        #expect(proof.parts.map(\.part) == ["src/bank.py:3"])
        #expect(proof.exempt == ["README.md:1", "src/bank.py:1"])
    }

    /// Two hunks that need each other are undone together as well: nothing needs both.
    @Test(arguments: [
        ("src/bank.py", "src/bank.py:7, src/bank.py:9"), ("src/other.py", "src/other.py:1, src/other.py:3"),
    ])
    func hunksThatNeedOnlyEachOther(path: String, place: String) async {
        // Without one of the two the source is broken: no report.
        let pairs = PairedBench(Bank.base.merging(["src/other.py": "a\nb\nc\n"]) { $1 })
        let source = Bank.source.replacing("    take\n", with: "    lock\n    take\n")
        var fix = Bank.fix
        if path == "src/bank.py" {
            let after = source.replacing("def get\n    read\nend", with: "left get\n    read\nright")
            fix = Change([FileChange(path: path, before: Bank.source, after: after)])
        } else {
            fix = fix.then(Change([FileChange(path: path, before: "a\nb\nc\n", after: "left\nb\nright\n")]))
        }
        let gates = FixGates(pairs, tests: Bank.newTest)
        let failure = await FixGatesTests.failure {
            let shown = try await gates.reproduces(times: 1)
            let result = try await gates.passes(fix, after: shown, times: 1)
            return try await gates.needed(fix, after: shown, result, tries: 1)
        }
        #expect(failure?.gate == .needed)
        #expect(failure?.text.contains(place) ?? false, "\(failure?.text ?? "needed")")
    }

    @Test func aFlakyFailureIsNoNeed() async {
        let bench = Bank.bench(["tests/flaky.t": "test sometimes flips\n"])
        let fix = Bank.fix.then(Change([FileChange(path: "src/more.py", before: nil, after: "more\n")]))
        #expect(await FixGatesTests.failure { try await Self.need(fix, bench) }?.evidence.first == "src/more.py:1")
    }

    @Test func tooManyHunksAreTooMany() async {
        let wide = (0..<200).map { "word\($0)\nkeep\($0)\n" }.joined()
        let bench = Bank.bench(["src/wide.py": wide])
        let fix = Bank.fix.then(
            Change([FileChange(path: "src/wide.py", before: wide, after: wide.replacing("word", with: "term"))]))
        let failure = await FixGatesTests.failure { try await Self.need(fix, bench) }
        #expect(failure?.gate == .needed && failure?.text.contains("201 hunks") ?? false)
    }
}

/// A source that has `left` without `right`, or the other way round, does not run.
private struct PairedBench: TestBench {
    let bench: SimulatedBench

    init(_ base: [String: String]) { bench = SimulatedBench(base) }

    func run(_ change: Change) async throws(GateFailure) -> TestRun {
        let text = change.files.compactMap(\.after).joined()
        guard text.contains("left") == text.contains("right") else {
            return TestRun(tests: [:], ending: .exit(2), problem: .empty)
        }
        return try await bench.run(change)
    }
}
