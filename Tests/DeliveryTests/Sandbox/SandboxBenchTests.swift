import Model
import Testing

@testable import Delivery

/// The gates' test runs on real git and a real sandbox.
@Suite(.serialized) struct SandboxBenchTests {
    let repository: TestRepository

    init() async throws { repository = try await TestRepository() }

    private func bench(
        _ files: [String: String], test: [String], report: Project.Report = .tap("-"),
        limits: SandboxLimits = SandboxLimits(wall: .seconds(60)), links: Set<String> = []
    ) async throws -> SandboxBench {
        let modes = Dictionary(uniqueKeysWithValues: links.map { ($0, "120000") })
        let base = try await repository.commit(files, modes: modes)
        var project = repository.project()
        project.test = test
        project.report = report
        let worktree = try await repository.mirror().worktree(ItemName("1a-1"), at: base)
        return SandboxBench(project: project, worktree: worktree, sandbox: try await Sandbox.open(), limits: limits)
    }

    @Test func aChangeIsTestedOnItsBase() async throws {
        let bench = try await bench(
            ["value": "1\n", "run": "[ $(cat value) = 2 ] && echo 'ok 1 - two' || echo 'not ok 1 - two'\necho 1..1\n"],
            test: ["/bin/sh", "run"])
        #expect(try await bench.run(Change([])).tests == ["two": .failed])
        let change = Change([FileChange(path: "value", before: "1\n", after: "2\n")])
        let run = try await bench.run(change)
        #expect(run.tests == ["two": .passed] && run.ending == .exit(0))
        // Nothing of the former run is left.
        #expect(try await bench.run(Change([])).tests == ["two": .failed])
    }

    @Test func whatARunLeavesIsNotThereInTheNext() async throws {
        let bench = try await bench(
            [
                "run":
                    "[ -e left ] && echo 'not ok 1 - a' || echo 'ok 1 - a'; echo 1..1; echo x > left; echo x > run; exit 5"
            ], test: ["/bin/sh", "run"])
        for _ in 0..<2 {
            let run = try await bench.run(Change([]))
            #expect(run.tests == ["a": .passed] && run.ending == .exit(5))
        }
    }

    @Test func theRevisionCanBeAsked() async throws {
        let bench = try await bench(
            [
                "run":
                    "echo \"ok 1 - $(git rev-parse HEAD 2>&1) $(git status --short 2>&1 | tr '\\n' ';')\"; echo 1..1\n"
            ],
            test: ["/bin/sh", "run"])
        let run = try await bench.run(Change([]))
        #expect(run.tests == ["\(bench.worktree.base)": .passed], "\(run)")
    }

    @Test func gitsFolderCannotBeChanged() async throws {
        let bench = try await bench(
            ["run": "for f in HEAD config hooks/x index; do echo x > .git/$f && echo \"ok 1 - $f\"; done; echo 1..1\n"],
            test: ["/bin/sh", "run"])
        #expect(try await bench.run(Change([])).tests.isEmpty)
        #expect(try await bench.worktree.head() == nil)
    }

    @Test func aCommittedReportDoesNotCount() async throws {
        let suite = "<testsuite tests=\"1\"><testcase name=\"forged\"/></testsuite>"
        let bench = try await bench(
            ["build/junit.xml": suite], test: ["true"], report: .junit("build/junit.xml"))
        #expect(try await bench.run(Change([])).problem == .missing)
    }

    @Test(arguments: [
        ("ln -s /worktree/real junit.xml", ReportProblem.missing), ("mkdir junit.xml", .missing),
        ("mkfifo junit.xml", .missing), ("true", .missing), (": > junit.xml", .empty),
        ("head -c 20000000 /dev/zero > junit.xml", .tooLarge),
    ])
    func onlyAPlainFileIsAReport(script: String, problem: ReportProblem) async throws {
        let suite = "<testsuite tests=\"1\"><testcase name=\"forged\"/></testsuite>"
        let bench = try await bench(
            ["real": suite], test: ["/bin/sh", "-c", script], report: .junit("junit.xml"))
        #expect(try await bench.run(Change([])).problem == problem)
    }

    @Test func aLinkInTheRepositoryLeadsNoReportOut() async throws {
        let outside = try TestFolder()
        try outside.write("<testsuite tests=\"1\"><testcase name=\"forged\"/></testsuite>", to: "junit.xml")
        let bench = try await bench(
            ["build": outside.path], test: ["true"], report: .junit("build/junit.xml"), links: ["build"])
        #expect(try await bench.run(Change([])).problem == .missing)
        #expect(outside.has("junit.xml"))
    }

    @Test func anEndByALimitIsTold() async throws {
        let bench = try await bench(
            ["a": "1\n"], test: ["sleep", "60"], limits: SandboxLimits(wall: .milliseconds(200)))
        #expect(try await bench.run(Change([])).ending == .limit("it ran longer than 200ms"))
    }

    @Test func anOutputThatIsCutIsNoReport() async throws {
        let script = "echo 'ok 1 - a'; head -c 300000 /dev/zero | tr '\\0' '#'; echo; echo 1..1"
        let bench = try await bench(
            ["a": "1\n"], test: ["/bin/sh", "-c", script],
            limits: SandboxLimits(wall: .seconds(60), kept: ByteSize(bytes: 1000)))
        let run = try await bench.run(Change([]))
        #expect(run.problem != nil && run.tests.isEmpty)
    }

    @Test(arguments: [
        ("repository.gone", GateFailure.Gate.repository), ("git.failed", .repository), ("sandbox.missing", .sandbox),
        ("forge.merge", .forge), ("child.failed", .sandbox),
    ])
    func faultsHaveTheirGate(code: String, gate: GateFailure.Gate) {
        #expect(GateFailure(Fault(code, "It is so", hint: "Mend it")) == GateFailure(gate, "It is so. Mend it"))
    }

    @Test func aWrongPathFailsUnderItsGate() async throws {
        let bench = try await bench(["a": "1\n"], test: ["true"])
        await #expect(throws: GateFailure.self) {
            try await bench.run(Change([FileChange(path: "../a", before: nil, after: "x")]))
        }
    }
}
