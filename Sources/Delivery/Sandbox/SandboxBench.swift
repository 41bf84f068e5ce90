public import Model

/// Runs a project's test command in the sandbox, each time on a tree that is laid out from nothing.
///
/// One run at a time: there is one worktree. git's folder is there to be read, so that builds can ask for the revision.
public struct SandboxBench: TestBench {
    public let project: Project
    public let worktree: Worktree
    let sandbox: Sandbox
    let limits: SandboxLimits
    let reading: [Sandbox.Reading]

    /// - Parameter reading: more than the system's folders, such as a toolchain.
    public init(
        project: Project, worktree: Worktree, sandbox: Sandbox, limits: SandboxLimits? = nil,
        reading: [Sandbox.Reading] = []
    ) {
        self.project = project
        self.worktree = worktree
        self.sandbox = sandbox
        self.limits = limits ?? SandboxLimits(project.sandbox)
        self.reading = reading
    }

    public func run(_ change: Change) async throws(GateFailure) -> TestRun {
        do {
            let base = try await worktree.baseTree()
            try await worktree.reset(to: change.isEmpty ? base : worktree.record(change, over: base))
            let reportPath = try reportPath()
            // One that is committed, or comes with the change, is not this run's.
            if let reportPath { try WorktreeFiles(worktree.directory).remove(reportPath) }
            let report = try await sandbox.run(
                project.test, worktree: worktree.directory, limits: limits,
                environment: [
                    // The folder is another user's where root runs this.
                    "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
                ],
                reading: reading + [.init(worktree.repository, at: Sandbox.worktree + "/.git")])
            let output = report.standardOutput
            var run = TestRun(
                project.report, file: try reportPath.map(reportFile) ?? .missing,
                output: output.isWhole ? output.bytes : output.tail, ending: Self.ending(report))
            let errors = String(decoding: report.standardError.bytes.suffix(Self.tailMax), as: UTF8.self)
            if !errors.isEmpty { run.tail += (run.tail.isEmpty ? "" : "\n") + errors }
            return run
        } catch {
            throw GateFailure(error)
        }
    }

    private static let tailMax = 4096

    /// The report's path in the worktree; nil where it is standard output.
    private func reportPath() throws(Fault) -> String? {
        switch project.report {
        case .tap("-"): nil
        case .tap(let path), .junit(let path): try Worktree.checked(path)
        }
    }

    private func reportFile(_ path: String) throws(Fault) -> ReportFile {
        switch try WorktreeFiles(worktree.directory, bytesMax: TestRun.reportBytesMax).entry(at: path) {
        case .file(let bytes): .bytes(bytes)
        case .tooLarge: .tooLarge
        // A link is not followed: it may lead to what the tests themselves could not read.
        case .absent, .folder, .link, .special: .missing
        }
    }

    private static func ending(_ report: SandboxReport) -> TestRun.Ending {
        switch report.end {
        case .exit(let code): .exit(Int(code))
        case .signal(let number): .signal(Int(number))
        case .limit: .limit(String(report.ending.trimmingPrefix("was stopped: ")))
        }
    }
}

extension GateFailure {
    /// A fault of git's, of the sandbox's or of the forge's, under the gate that it belongs to.
    public init(_ fault: Fault) {
        let gate: Gate =
            switch fault.code.prefix(while: { $0 != "." }) {
            case "repository", "git", "revision": .repository
            case "forge": .forge
            default: .sandbox
            }
        self.init(gate, fault.description)
    }
}
