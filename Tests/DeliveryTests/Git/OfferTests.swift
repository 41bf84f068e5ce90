import FoundationEssentials
import Model
import Testing

@testable import Delivery

@Suite struct OfferTests {
    let repository: TestRepository
    let mirror: Mirror
    let item: ItemName
    let base: CommitID

    init() async throws {
        repository = try await TestRepository()
        base = try await repository.commit(["a": "1\n"])
        mirror = try await repository.mirror()
        item = try ItemName("1a2b3c4d-1")
    }

    private func commit(_ worktree: Worktree, _ text: String) async throws -> CommitID {
        let tree = try await worktree.record(
            Change([FileChange(path: "a", before: "1\n", after: text)]), over: worktree.baseTree())
        return try await worktree.commit(tree, message: "Fix", date: TestRepository.date)
    }

    @Test func anOfferIsMadeOnce() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let commit = try await commit(worktree, "2\n")
        #expect(try await worktree.offered() == nil)
        #expect(try await worktree.offer(commit) == .made)
        #expect(try await worktree.offer(commit) == .known)
        #expect(try await worktree.offered() == commit)
        #expect(
            try await repository.lines(["for-each-ref", "--format=%(refname)"])
                == ["refs/heads/main", "refs/heads/nightshift/1a2b3c4d-1"])
    }

    @Test func anotherCommitReplacesOursOnlyWhenSaid() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let first = try await commit(worktree, "2\n")
        let second = try await commit(worktree, "3\n")
        _ = try await worktree.offer(first)
        #expect(try await fault { _ = try await worktree.offer(second) }?.code == "repository.branch-conflict")
        #expect(try await fault { _ = try await worktree.offer(second, replacing: base) } != nil)
        #expect(try await worktree.offered() == first)
        #expect(try await worktree.offer(second, replacing: first) == .replaced)
        #expect(try await worktree.offer(second, replacing: first) == .known)
    }

    @Test func aBranchOfSomebodyElseIsRefused() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let ours = try await commit(worktree, "2\n")
        let theirs = try await repository.commit(["x": "theirs\n"], on: item.branch.text, from: base)
        #expect(try await fault { _ = try await worktree.offer(ours) }?.code == "repository.branch-conflict")
        try await mirror.update()
        let fault = try await fault { _ = try await mirror.worktree(item, at: base) }
        #expect(fault?.code == "repository.branch-conflict")
        #expect(fault?.message.contains(theirs.short) == true)
    }

    @Test func ourOwnBranchIsKnownAgainAfterAllIsLost() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let ours = try await commit(worktree, "2\n")
        _ = try await worktree.offer(ours)
        try await StateFolder.remove(repository.state)
        let mirror = try await repository.mirror()
        let again = try await mirror.worktree(item, at: base)
        #expect(try await commit(again, "2\n") == ours)
        #expect(try await again.offer(ours) == .known)
    }

    @Test func aBranchOfAnotherItemIsNotOurs() async throws {
        let other = try await mirror.worktree(ItemName("other-1"), at: base)
        let commit = try await commit(other, "2\n")
        _ = try await repository.git.run(
            ["fetch", "--quiet", other.repository, "\(commit):\(item.branch.reference)"], in: repository.path)
        try await mirror.update()
        #expect(try await fault { _ = try await mirror.worktree(item, at: base) }?.code == "repository.branch-conflict")
    }

    @Test func aRepositoryThatIsGoneIsNamed() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let commit = try await commit(worktree, "2\n")
        try FileManager.default.removeItem(atPath: repository.path)
        #expect(try await fault { _ = try await worktree.offer(commit) }?.code == "repository.gone")
    }
}
