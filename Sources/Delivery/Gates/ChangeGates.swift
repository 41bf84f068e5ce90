public import Model
public import Text

/// The checks of a change that need no test run: it is made from edits here, or not at all.
public struct ChangeGates: Sendable {
    public let policy: PathPolicy
    private let secrets: SecretScan
    private let limits: EditLimits
    /// What only the test runner writes.
    private let reportMarks: [String]

    public init(_ project: Project, masking: Masking, limits: EditLimits = EditLimits()) throws(Fault) {
        policy = try PathPolicy(project)
        secrets = SecretScan(masking)
        self.limits = limits
        let report: String? =
            switch project.report {
            case .junit(let path): path
            case .tap("-"): nil
            case .tap(let path): path
            }
        reportMarks = [report.map { String($0.split(separator: "/").last ?? "") }, "<testcase", "<testsuite"]
            .compactMap { $0 }.filter { !$0.isEmpty }
    }

    /// What the edits make of the tree, once every check has passed.
    public func change(
        _ edits: [Edit], as role: ChangeRole, in tree: some SourceTree
    ) throws(GateFailure) -> Change {
        try policy.check(edits, as: role)
        let change = try EditSet(edits).applied(to: tree, limits: limits)
        try check(change, as: role)
        return change
    }

    /// The same checks of a change that exists already.
    public func check(_ change: Change, as role: ChangeRole) throws(GateFailure) {
        guard !change.isEmpty else { throw GateFailure(.noChange, "nothing is changed") }
        for file in change.files { try policy.check(file, as: role) }
        for file in change.files {
            if role == .test, let failure = TestWeakening.failure(in: file) { throw failure }
            if let failure = forgery(in: file) { throw failure }
            if role == .fix, let failure = Self.testAware(file) { throw failure }
            if let failure = secrets.failure(in: file, isTest: role == .test) { throw failure }
            if let failure = Self.hidden(in: file) { throw failure }
        }
    }

    /// A change that speaks of the test report may write it: what the gates believe must come from the test runner.
    private func forgery(in file: FileChange) -> GateFailure? {
        Self.first(of: reportMarks, in: file).map { found in
            GateFailure(
                .buildFiles,
                "\(found.place) speaks of the test report (\(found.mark)), which only the test runner writes",
                evidence: found.lines)
        }
    }

    /// A fix that asks whether a test is running passes for the test's sake.
    private static func testAware(_ file: FileChange) -> GateFailure? {
        let before = Array((file.before ?? "").utf8)
        let marks = runnerMarks.filter { ByteSearch.all(Array($0.utf8), in: before, max: 1).isEmpty }
        return first(of: marks, in: file).map { found in
            GateFailure(
                .testsPass, "\(found.place) asks whether it runs under a test (\(found.mark)); a fix holds everywhere",
                evidence: found.lines)
        }
    }

    /// What only a test runner sets.
    private static let runnerMarks = [
        "PYTEST_", "pytest", "unittest", "JEST_WORKER_ID", "VITEST", "NODE_TEST_CONTEXT", "testing.Testing()",
        "XCTestConfigurationFilePath", "BATS_", "GTEST_", "RUST_TEST_", "CTEST_", "HARNESS_ACTIVE",
    ]

    /// What a person approves is what they read: nothing new may hide, move or turn round what stands beside it.
    private static func hidden(in file: FileChange) -> GateFailure? {
        for hunk in Hunk.all(in: file) {
            for (index, line) in hunk.added.enumerated() {
                guard let name = HiddenCharacters.first(in: line) else { continue }
                return GateFailure(
                    .hidden,
                    "\(file.path):\(hunk.after.lowerBound + index + 1) has the character \(name), which shows nothing and "
                        + "could hide text from who reads it; where it is needed, write it as an escape",
                    evidence: hunk.excerptLines.map { HiddenCharacters.shown(in: $0) })
            }
        }
        return nil
    }

    private static func first(
        of marks: [String], in file: FileChange
    ) -> (place: String, mark: String, lines: [String])? {
        for hunk in Hunk.all(in: file) {
            for (index, line) in hunk.added.enumerated() {
                guard let mark = marks.first(where: { line.contains($0) }) else { continue }
                return ("\(file.path):\(hunk.after.lowerBound + index + 1)", mark, hunk.excerptLines)
            }
        }
        return nil
    }
}
