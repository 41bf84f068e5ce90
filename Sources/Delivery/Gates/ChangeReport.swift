/// What was checked of a fix, with numbers, for the person who approves it.
public struct ChangeReport: Sendable, Hashable, Codable, CustomStringConvertible {
    public var lines: [String]

    public init(tests: Change, fix: Change, shown: Reproduction, result: FixResult, proof: NeedProof) {
        let old = shown.base.names.count
        var lines = [
            "paths: \(counted(fix.files.count, "file")) changed (\(listed(fix.paths))), "
                + "\(counted(tests.files.count, "file")) of tests (\(listed(tests.paths))); "
                + "\(counted(tests.then(fix).lines, "line")) in all",
            "reproduces: \(listed(shown.newTests)) failed in \(shown.times) of \(counted(shown.times, "run")) before the "
                + "fix; \(counted(old, "old test")) as at the base",
            "tests-kept: all \(counted(shown.base.kept.count, "test")) that ran before ran in \(result.times) of "
                + counted(result.times, "run"),
            "tests-pass: \(counted(result.passed.count, "test")) passed in \(result.times) of "
                + "\(counted(result.times, "run")), \(shown.newTests.count) of them new",
        ]
        lines += proof.parts.map { "needed: without \($0.part): \($0.breaks)" }
        if !proof.exempt.isEmpty { lines.append("not proven by tests (comments, documents): \(listed(proof.exempt))") }
        if !result.stillFailing.isEmpty {
            lines.append("failed before and fail still: \(listed(result.stillFailing, max: 10))")
        }
        if !result.repaired.isEmpty { lines.append("failed before and pass now: \(listed(result.repaired, max: 10))") }
        if !result.flaky.isEmpty {
            lines.append("flaky at the base, so they prove nothing: \(listed(result.flaky, max: 10))")
        }
        self.lines = lines
    }

    public var description: String { lines.joined(separator: "\n") }
}
