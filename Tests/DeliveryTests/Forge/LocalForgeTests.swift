import Model
import Testing

@testable import Delivery

@Suite struct LocalForgeTests {
    let repository: TestRepository
    let forge: LocalForge
    let main: BranchName
    let branch: BranchName
    let base: CommitID

    init() async throws {
        repository = try await TestRepository()
        base = try await repository.commit(["a": "1\n2\n3\n", "b": "1\n"])
        forge = try await LocalForge(repository.project().repository, git: repository.git)
        main = try BranchName("main")
        branch = try BranchName("nightshift/1a-1")
    }

    private func merge(_ head: CommitID) async throws -> LocalForge.Merge {
        try await forge.merge(branch, expecting: head, into: main, message: "Merge 1a-1", date: TestRepository.date)
    }

    @Test func onlyABareRepositoryOnThisHostServes() async throws {
        let folder = try TestFolder()
        _ = try await repository.git.run(["init", "--quiet", "--", folder.path], Git.Setting())
        for url in [folder.path, folder.path + "/.git", "https://example.org/a.git", "/nonexistent"] {
            let fault = try await fault {
                _ = try await LocalForge(.init(url: url, branch: "main"), git: repository.git)
            }
            #expect(fault?.code == "forge.repository" || fault?.code == "repository.gone", "\(url)")
        }
    }

    @Test func aBranchHasFacts() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["b": "2\n"])
        let facts = try await forge.facts(of: branch, into: main)
        #expect(facts.head == head && facts.base == tip && facts.mergeBase == base && facts.commits == 1)
        #expect(facts.diff.files == [.init(path: "a", added: 1, removed: 1, isBinary: false)])
        #expect(facts.diff.text.contains("-2\n+two\n") && facts.conflicts.isEmpty)
        #expect(
            try await fault { _ = try await forge.facts(of: BranchName("absent"), into: main) }?.code == "forge.branch")
    }

    @Test func aMainThatStoodStillMovesForward() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        #expect(try await forge.merged(head, into: main) == nil)
        #expect(try await merge(head) == .merged(commit: head, how: .forward))
        #expect(try await merge(head) == .merged(commit: head, how: .known))
        try await repository.commit(["b": "later\n"])
        #expect(try await forge.merged(head, into: main) == head)
        #expect(try await repository.lines(["rev-list", "--count", "main"]) == ["3"])
    }

    @Test func aMainThatMovedGetsAMergeCommit() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["b": "2\n"])
        guard case .merged(let commit, .commit) = try await merge(head) else {
            Issue.record("no merge commit")
            return
        }
        #expect(
            try await repository.lines(["log", "-1", "--format=%P|%s|%ce", "main"])
                == ["\(tip) \(head)|Merge 1a-1|nightshift@localhost"])
        #expect(try await repository.lines(["show", "main:a"]) == ["1", "two", "3"])
        #expect(try await repository.lines(["show", "main:b"]) == ["2"])
        // Asked again, also after others went on, and where the branch is gone.
        try await repository.commit(["b": "later\n"])
        #expect(try await merge(head) == .merged(commit: commit, how: .known))
        _ = try await repository.git.run(["update-ref", "-d", branch.reference], in: repository.path)
        #expect(try await merge(head) == .merged(commit: commit, how: .known))
    }

    @Test func aHeadThatChangedIsRefused() async throws {
        let approved = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let changed = try await repository.commit(["a": "evil\n"], on: branch.text)
        #expect(try await merge(approved) == .refused(.headChanged(now: changed)))
        _ = try await repository.git.run(["update-ref", "-d", branch.reference], in: repository.path)
        #expect(try await merge(approved) == .refused(.headChanged(now: nil)))
        #expect(try await forge.head(of: main) == base)
    }

    @Test func aConflictIsRefusedWithItsFiles() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n", "b": "2\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["a": "1\nzwei\n3\n"])
        #expect(try await merge(head) == .refused(.conflict(files: ["a"])))
        #expect(try await forge.head(of: main) == tip)
        #expect(try await forge.facts(of: branch, into: main).conflicts == ["a"])
    }

    @Test func anUnknownCommitIsNotMerged() async throws {
        let unknown = try CommitID(String(repeating: "1", count: 40))
        #expect(try await forge.merged(unknown, into: main) == nil)
        #expect(try await merge(unknown) == .refused(.headChanged(now: nil)))
    }

    @Test func twoMergesAtOnceBothLand() async throws {
        let other = try BranchName("nightshift/1b-1")
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let otherHead = try await repository.commit(["b": "2\n"], on: other.text, from: base)
        async let first = forge.merge(
            branch, expecting: head, into: main, message: "one", date: TestRepository.date)
        async let second = forge.merge(
            other, expecting: otherHead, into: main, message: "two", date: TestRepository.date)
        let ends = try await [first, second]
        for end in ends {
            guard case .merged = end else {
                Issue.record("\(end)")
                continue
            }
        }
        #expect(try await repository.lines(["show", "main:a", "main:b"]) == ["1", "two", "3", "2"])
        #expect(try await repository.lines(["rev-list", "--count", "main"]) == ["4"])
    }

    @Test func aStaleLockIsAFaultNotAMerge() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        try repository.folder.write("", to: "project.git/refs/heads/main.lock")
        #expect(try await merge(head) == .refused(.busy))
        #expect(try await forge.head(of: main) == base)
    }
}
