import Model
import Testing
import Text

@testable import Delivery

/// A small project on real git, with a defect that a test can show, and the desk that works on it.
struct RepositoryStage {
    let repository: TestRepository
    let daemon: FakeDaemon
    let base: CommitID
    let project: Project

    static let runner = """
        n=0
        bad=0
        for t in tests/*.sh; do
            n=$((n + 1))
            if /bin/sh "$t"; then echo "ok $n - ${t##*/}"; else echo "not ok $n - ${t##*/}"; bad=1; fi
        done
        echo "1..$n"
        exit $bad

        """
    static let files = [
        "run": runner, "src/double.sh": "# Twice the number.\necho $(($1 + 2))\n",
        "src/words.sh": "echo 'no such account is known to this bank'\n",
        "tests/two.sh": "[ \"$(/bin/sh src/double.sh 2)\" = 4 ]\n",
    ]
    static let test = edits([("tests/three.sh", "", "[ \"$(/bin/sh src/double.sh 3)\" = 6 ]\n")])
    static let fix = edits([("src/double.sh", "$1 + 2", "$1 * 2")])

    init() async throws {
        repository = try await TestRepository()
        base = try await repository.commit(Self.files)
        var project = repository.project()
        project.test = ["/bin/sh", "run"]
        project.sandbox.wall = .seconds(60)
        project.sendsCode = true
        project.sendsLogs = true
        self.project = project
        daemon = FakeDaemon(repository: project.repository)
    }

    static func edits(_ edits: [(path: String, search: String, replace: String)]) -> JSONValue {
        .array(
            edits.map {
                ["path": .string($0.path), "search": .string($0.search), "replace": .string($0.replace)]
            })
    }

    func desk(sandbox: Result<Sandbox, Fault>? = nil) async throws -> RepositoryDesk {
        let sandbox = if let sandbox { sandbox } else { Result<Sandbox, Fault>.success(try await Sandbox.open()) }
        return RepositoryDesk(
            line: daemon, state: repository.state, sandbox: sandbox, masking: try Masking(), clock: quickClock())
    }

    static let noSandbox = Result<Sandbox, Fault>.failure(Fault("sandbox.missing", "bubblewrap is not installed"))

    func task(_ path: String, run: String = "r1", attempt: Int = 1, revision: String? = nil) -> WorkTask {
        .sample(path, run: run, attempt: attempt, project: project, revision: revision)
    }

    /// The whole way, in the pipeline's order.
    static let way: [(path: String, work: RepositoryWork)] = [
        ("checkout", .checkout), ("put-test", .apply(edits: test, as: .test)),
        ("reproduces", .test(expect: .fails, times: 2)), ("put-fix", .apply(edits: fix, as: .fix)),
        ("proven", .test(expect: .passes, times: 2)), ("commit", .commit(message: "Fix the double")),
    ]

    /// Goes that way up to a step; each must be done.
    func go(_ desk: RepositoryDesk, through last: String) async throws {
        for (path, work) in Self.way {
            let outcome = await desk.perform(task(path), work)
            try #require(outcome.result != nil, "\(path): \(outcome)")
            if path == last { return }
        }
    }

    var record: String { "state/records/1a2b3c4d-1.json" }
    func branch() async throws -> [String] {
        try await repository.lines(["log", "--format=%H %P", "nightshift/1a2b3c4d-1"])
    }
}

extension Outcome {
    var result: JSONValue? { if case .done(let result) = self { result } else { nil } }
    /// What is before the colon of a failure.
    var gate: String? {
        if case .failed(let text) = self { text.split(separator: ":").first.map(String.init) } else { nil }
    }
}
