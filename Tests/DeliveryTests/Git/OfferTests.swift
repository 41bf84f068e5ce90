import FoundationEssentials
import Glibc
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

    private func branch() async throws -> CommitID? {
        try await repository.git.reference(item.branch.reference, in: repository.path)
    }

    @Test func anOfferIsMadeOnce() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let commit = try await commit(worktree, "2\n")
        #expect(try await branch() == nil)
        #expect(try await repository.receive(commit, of: worktree) == .made)
        #expect(try await repository.receive(commit, of: worktree) == .known)
        #expect(try await branch() == commit)
        #expect(
            try await repository.lines(["for-each-ref", "--format=%(refname)"])
                == ["refs/heads/main", "refs/heads/nightshift/1a2b3c4d-1"])
    }

    @Test func anotherCommitReplacesOursOnlyWhenSaid() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let first = try await commit(worktree, "2\n")
        let second = try await commit(worktree, "3\n")
        try await repository.receive(first, of: worktree)
        #expect(
            try await fault { try await repository.receive(second, of: worktree) }?.code == "repository.branch-conflict"
        )
        #expect(try await fault { try await repository.receive(second, of: worktree, replacing: base) } != nil)
        #expect(try await branch() == first)
        #expect(try await repository.receive(second, of: worktree, replacing: first) == .replaced)
        #expect(try await repository.receive(second, of: worktree, replacing: first) == .known)
    }

    @Test func aBranchOfSomebodyElseIsRefused() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let ours = try await commit(worktree, "2\n")
        let theirs = try await repository.commit(["x": "theirs\n"], on: item.branch.text, from: base)
        #expect(
            try await fault { try await repository.receive(ours, of: worktree) }?.code == "repository.branch-conflict")
        try await mirror.update()
        let fault = try await fault { _ = try await mirror.worktree(item, at: base) }
        #expect(fault?.code == "repository.branch-conflict")
        #expect(fault?.message.contains(theirs.short) == true)
    }

    @Test func ourOwnBranchIsKnownAgainAfterAllIsLost() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let ours = try await commit(worktree, "2\n")
        try await repository.receive(ours, of: worktree)
        try await StateFolder.remove(repository.state)
        let mirror = try await repository.mirror()
        let again = try await mirror.worktree(item, at: base)
        #expect(try await commit(again, "2\n") == ours)
        #expect(try await repository.receive(ours, of: again) == .known)
    }

    @Test func aBranchOfAnotherItemIsNotOurs() async throws {
        let other = try await mirror.worktree(ItemName("other-1"), at: base)
        let commit = try await commit(other, "2\n")
        _ = try await repository.git.run(
            ["fetch", "--quiet", other.repository, "\(commit):\(item.branch.reference)"],
            Git.Setting(repository: repository.path, fetches: true))
        try await mirror.update()
        #expect(try await fault { _ = try await mirror.worktree(item, at: base) }?.code == "repository.branch-conflict")
    }

    @Test func aRepositoryThatIsGoneIsNamed() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let commit = try await commit(worktree, "2\n")
        try FileManager.default.removeItem(atPath: repository.path)
        #expect(try await fault { try await repository.receive(commit, of: worktree) }?.code == "repository.gone")
    }

    @Test func whatIsNotAWholeChangeIsNotTakenIn() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let first = try await commit(worktree, "2\n")
        let offer = try await worktree.offer(first)
        let forge = try await LocalForge(repository.project().repository, git: repository.git)
        let other = try await worktree.offer(try await commit(worktree, "3\n"))
        var flipped = offer.pack
        flipped[flipped.count / 2] ^= 0xff
        // A commit without its tree and files: whole in itself, but its links lead nowhere.
        let alone = try await repository.git.run(
            ["pack-objects", "--stdout", "--quiet"],
            Git.Setting(repository: worktree.repository, input: Array("\(first)\n".utf8)))
        let wrong = [
            offer.pack.prefix(offer.pack.count - 9), flipped, other.pack, Data(alone.output), Data(),
            Data("PACK".utf8), Data(count: BranchOffer.packMax + 1),
        ]
        for (number, pack) in wrong.enumerated() {
            let fault = try await fault {
                _ = try await forge.receive(BranchOffer(commit: first, replacing: nil, pack: Data(pack)), as: item)
            }
            #expect(fault?.code == "repository.offer", "\(number): \(String(describing: fault))")
            #expect(try await branch() == nil, "\(number)")
        }
        #expect(try await forge.receive(offer, as: item) == .made)
        #expect(try await repository.lines(["rev-parse", "main"]) == [base.text])
    }

    /// A few hundred kilobytes that say of a file that it has 300 MiB.
    @Test func aPackThatGrowsDoesNotTakeTheMemory() async throws {
        var inner = repository.git
        inner.wall = .seconds(300)
        let zeros = repository.folder.path + "/zeros"
        try StateFolder.write("", to: zeros)
        try #require(truncate(zeros, 300 << 20) == 0)
        let worktree = try await mirror.worktree(item, at: base)
        let place = worktree.repository
        let blob = try await inner.run(["hash-object", "-w", "--no-filters", "--", zeros], in: place).line
        let tree = try await inner.run(
            ["mktree"], Git.Setting(repository: place, input: Array("100644 blob \(blob)\tzeros\n".utf8)))
        let commit = try await worktree.commit(TreeID(tree.line), message: "Grow", date: TestRepository.date)
        let offer = try await worktree.offer(commit)
        #expect(offer.pack.count < 1 << 20)
        let forge = try await LocalForge(repository.project().repository, git: repository.git)
        #expect(try await forge.receive(offer, as: item) == .made, "it is written as it comes, and not held")
        let fault = try await fault { _ = try await forge.facts(of: item.branch, into: BranchName("main")) }
        #expect(fault?.code == "git.failed" && fault?.message.contains("memory") == true, "\(fault as Any)")
    }

    @Test func aChangeWithoutBoundIsNotOffered() async throws {
        let worktree = try await mirror.worktree(item, at: base)
        let words = (0..<(BranchOffer.packMax / 4)).map { _ in UInt64.random(in: .min ... .max) }
        let noise = words.withUnsafeBytes { Data($0) }.base64EncodedString()
        let large = try await commit(worktree, noise)
        #expect(try await fault { _ = try await worktree.offer(large) }?.code == "repository.size")
    }
}
