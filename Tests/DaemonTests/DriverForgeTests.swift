import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon
@testable import Delivery

/// A pull request over a real repository: what a person could not see, or nobody tested, is neither opened nor merged.
@Suite("The driver and the local forge") struct DriverForgeTests {
    private let folder: Folder
    private let git: Git
    private let path: String
    private let base: String
    private static let mine = "refs/heads/nightshift/4f2a-1"

    init() async throws {
        folder = try Folder()
        git = try Git()
        path = folder.file("web.git")
        _ = try await git.run(["init", "--quiet", "--bare", "--template=", "--", path], Git.Setting())
        base = try await Self.commit(git, path, [("100644", "docs/a.md", Array("1\n".utf8))], on: "refs/heads/main")
    }

    /// Files, each in the folder `docs`, as a commit of the branch; nothing else is in it.
    private static func commit(
        _ git: Git, _ path: String, _ files: [(mode: String, name: String, bytes: [UInt8])], on branch: String,
        from parent: String? = nil
    ) async throws -> String {
        let index = path + ".index"
        try await StateFolder.remove(index)
        var records = ""
        for file in files {
            let blob = try await git.run(
                ["hash-object", "-w", "--stdin"], Git.Setting(repository: path, input: file.bytes))
            records += "\(file.mode) \(blob.line)\t\(file.name)\n"
        }
        let setting = Git.Setting(repository: path, index: index, input: Array(records.utf8))
        _ = try await git.run(["update-index", "--index-info"], setting)
        let tree = try await git.run(["write-tree"], Git.Setting(repository: path, index: index)).line
        let commit = try await git.run(
            ["commit-tree", tree, "-m", "A commit"] + (parent.map { ["-p", $0] } ?? []), in: path)
        _ = try await git.run(["update-ref", branch, commit.line], in: path)
        return commit.line
    }

    private func fix() throws -> Runbook {
        try DriverStage.fix(
            """
            - name: review
              agent: {role: review}
              timeout: 10m
            - name: open
              forge:
                open: '{{ $params.project }}'
                commit: '{{ $steps.review.result.commit }}'
                title: Fix it
                body: It is fixed.
            - name: merge
              forge:
                merge-when-approved: '{{ $params.project }}'
                pr: '{{ $steps.open.result.id }}'
                expires: 5m
                policy: $steps.open.result.low_risk
                show: It is fixed.
              timeout: 1m
            """)
    }

    /// Has the change reviewed with this finding, opened, and merged where the project's policy lets it.
    private func deliver(_ head: String, line: Double = 3) async throws -> DriverStage {
        var changed = DriverDevelopTests.project
        changed.repository.url = path
        changed.approveProduction = .lowRisk(paths: ["docs/**"], lines: 50)
        let (project, world, definition) = (changed, DriverWorld(), try fix())
        world.with { $0.installed = [definition] }
        let desk = WorkDesk(clock: world.clock)
        let development = Development(
            desk: desk, projects: { [project] },
            roles: { [RoleFile(name: "review", path: "review.md", text: "---")] }, git: git)
        let stage = try DriverStage(world, ledger: try Ledger.inMemory(), development: development)
        try await stage.open(DriverStage.incident())
        await stage.play { _ in await desk.attendance.tasks > 0 }
        guard case .tasks(let tasks, _) = try await desk.poll(running: []), let task = tasks.first else { return stage }
        await desk.remove(task.key)
        let finding: JSONValue = [
            "severity": "note", "path": "docs/a.md", "line": .number(line), "text": "It is short.",
        ]
        await stage.driver.workFinished(task.key, .done(["commit": .string(head), "findings": .array([finding])]))
        await stage.play()
        return stage
    }

    private func tip() async throws -> String { try await git.run(["rev-parse", "main"], in: path).line }

    @Test("a change that is small, whole and on top of the branch is opened and merged as it is")
    func merged() async throws {
        let head = try await Self.commit(
            git, path, [("100644", "docs/a.md", Array("2\n".utf8))], on: Self.mine, from: base)
        let stage = try await deliver(head)
        #expect(try await stage.ends("4f2a").last??.kind == .resolved)
        #expect(try await tip() == head, "the commit that was tested")
    }

    @Test("a finding at a line that is no number of a line has none", arguments: [1e300, -1e300, 2.5])
    func lines(line: Double) async throws {
        let head = try await Self.commit(
            git, path, [("100644", "docs/a.md", Array("2\n".utf8))], on: Self.mine, from: base)
        let stage = try await deliver(head, line: line)
        let words = try await stage.ledger.read { try $0.words(on: "4f2a-1") }
        #expect(words.first { $0.kind == .review }?.text == "note docs/a.md It is short.")
        #expect(try await tip() == head)
    }

    @Test(
        "where the branch is past what is deployed the reader is told, and what goes on is the commit that was tested")
    func ahead() async throws {
        let head = try await Self.commit(
            git, path, [("100644", "docs/a.md", Array("2\n".utf8))], on: Self.mine, from: base)
        let files = [("100644", "docs/a.md", Array("1\n".utf8)), ("100644", "docs/b.md", Array("2\n".utf8))]
        let moved = try await Self.commit(git, path, files, on: "refs/heads/main", from: base)
        let stage = try await deliver(head)
        #expect(try await stage.ends("4f2a").last??.kind == .resolved)
        let parents = try await git.run(["rev-list", "--parents", "-1", "main"], in: path).line.split(separator: " ")
        #expect(parents.dropFirst().map(String.init) == [moved, head])
        let words = try await stage.ledger.read { try $0.words(on: "4f2a-1") }
        #expect(words.contains { $0.kind == .check && $0.text.contains("main is 1 commit past what is deployed") })
        #expect(words.last?.text == head, "what is deployed")
    }

    @Test("a branch that has changed the same lines since gets no pull request")
    func conflict() async throws {
        let head = try await Self.commit(
            git, path, [("100644", "docs/a.md", Array("2\n".utf8))], on: Self.mine, from: base)
        let moved = try await Self.commit(
            git, path, [("100644", "docs/a.md", Array("3\n".utf8))], on: "refs/heads/main", from: base)
        let stage = try await deliver(head)
        let end = try #require(try await stage.ends("4f2a").last ?? nil)
        #expect(end.kind == .escalated)
        #expect(end.text.contains("forge: main has changed the same lines of docs/a.md since"), "\(end.text)")
        #expect(try await tip() == moved)
        #expect(try await stage.ledger.read { try $0.pullRequests() }.isEmpty)
    }

    @Test(
        "a change that nobody could see whole gets no pull request, whatever the policy",
        arguments: [
            ([0x61, 0, 0x62], "what git takes for binary is not shown: docs/b"),
            (Array(repeating: 0x78, count: 1 << 20), "it is larger than 1MiB: of docs/b not all is shown"),
        ] as [([UInt8], String)])
    func unseen(bytes: [UInt8], words: String) async throws {
        let files = [("100644", "docs/a.md", Array("1\n".utf8)), ("100644", "docs/b", bytes)]
        let head = try await Self.commit(git, path, files, on: Self.mine, from: base)
        let stage = try await deliver(head)
        let end = try #require(try await stage.ends("4f2a").last ?? nil)
        #expect(end.kind == .escalated)
        #expect(end.text.contains("forge: nobody could see all of the change: \(words)"), "\(end.text)")
        #expect(try await tip() == base)
    }

    @Test("a program is not low risk: a person is asked, and where nobody answers nothing is merged")
    func mode() async throws {
        let files = [("100644", "docs/a.md", Array("1\n".utf8)), ("100755", "docs/b", Array("x\n".utf8))]
        let head = try await Self.commit(git, path, files, on: Self.mine, from: base)
        let stage = try await deliver(head)
        #expect(try await stage.ends("4f2a").last??.kind == .escalated)
        #expect(try await tip() == base)
        #expect(try await stage.ledger.read { try $0.pullRequests() }.map(\.isLowRisk) == [false])
    }
}
