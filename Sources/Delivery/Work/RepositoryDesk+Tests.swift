import Model
import Text

extension RepositoryDesk {
    /// The new tests fail, in each run, and the old ones do as they did.
    func reproduces(_ item: Item, _ standing: ItemRecord, times: Int) async throws(GateFailure) -> Outcome {
        let gates = try await gates(item, standing)
        let shown = try await gates.reproduces(times: times)
        var record = standing
        record.shown = shown
        record.proven = nil
        let failing = shown.base.names(.failed).union(shown.base.names(.error))
        let result = told(
            passed: shown.base.names(.passed).count, failed: failing.count + shown.newTests.count,
            tests: shown.base.names.count + shown.newTests.count, new: shown.newTests, output: shown.output)
        do throws(Fault) { return try done(.object(result), item, record) } catch { throw GateFailure(error) }
    }

    /// With the fix every test passes that must, in each run, and no part of the fix can be left out.
    func passes(_ item: Item, _ standing: ItemRecord, times: Int) async throws(GateFailure) -> Outcome {
        guard let shown = standing.shown else {
            throw GateFailure(.reproduces, "it was not shown that the tests as they are fail before the fix")
        }
        guard let tests = standing.tests, let fix = standing.fix else {
            throw GateFailure(.noChange, "there is no fix to test")
        }
        let gates = try await gates(item, standing)
        let result = try await gates.passes(fix, after: shown, times: times)
        let proof = try await gates.needed(fix, after: shown, result, tries: min(max(1, times), Self.triesMax))
        var record = standing
        record.proven = ItemRecord.Proven(result: result, proof: proof)
        let report = ChangeReport(tests: tests, fix: fix, shown: shown, result: result, proof: proof)
        var told = told(
            passed: result.passed.count, failed: result.stillFailing.count,
            tests: shown.base.names.count + shown.newTests.count, new: shown.newTests, output: result.output)
        told["report"] = .array(report.lines.map { .string(masking.mask($0)) })
        do throws(Fault) { return try done(.object(told), item, record) } catch { throw GateFailure(error) }
    }

    /// How often a part that was taken out is tested before it counts as not needed.
    private static let triesMax = 3

    private func gates(_ item: Item, _ record: ItemRecord) async throws(GateFailure) -> FixGates<SandboxBench> {
        guard let tests = record.tests else {
            throw GateFailure(.reproduces, "no test of the defect was put in its place")
        }
        do throws(Fault) {
            let bench = SandboxBench(
                project: item.project, worktree: try await item.worktree(record), sandbox: try sandbox.get())
            return FixGates(bench, tests: tests)
        } catch {
            throw GateFailure(error)
        }
    }

    private func told(
        passed: Int, failed: Int, tests: Int, new: [String], output: String
    ) -> [String: JSONValue] {
        [
            "passed": .number(Double(passed)), "failed": .number(Double(failed)), "tests": .number(Double(tests)),
            "new_tests": .array(new.map { .string(masking.mask($0)) }), "output": .string(masking.mask(output)),
        ]
    }
}
