public import FoundationEssentials
public import Model

/// A commit that is offered as the item's branch, with what it adds to the base.
///
/// Whoever works on a change cannot write to the project's repository: it hands this over, and the forge takes it in.
public struct BranchOffer: Sendable, Hashable, Codable {
    public var commit: CommitID
    /// The commit of ours that the branch has now, where it is to be replaced.
    public var replacing: CommitID?
    /// A thin pack, as `git pack-objects --thin` writes it, without the objects of the base.
    public var pack: Data

    public init(commit: CommitID, replacing: CommitID?, pack: Data) {
        self.commit = commit
        self.replacing = replacing
        self.pack = pack
    }

    /// Bytes of a pack.
    public static let packMax = 4 << 20
}

extension Worktree {
    /// Makes the offer of a commit; nothing leaves this worktree.
    ///
    /// - Throws: `repository.size` where the change takes more than `BranchOffer.packMax`.
    public func offer(_ commit: CommitID, replacing old: CommitID? = nil) async throws(Fault) -> BranchOffer {
        let answer = try await git.run(
            ["pack-objects", "--revs", "--thin", "--stdout", "--quiet"],
            Git.Setting(
                repository: repository, input: Array("\(commit)\n^\(base)\n".utf8),
                outputMax: BranchOffer.packMax + 1, cuts: true))
        guard answer.isWhole, answer.output.count <= BranchOffer.packMax else {
            throw Fault(
                "repository.size",
                "the change is more than \(ByteSize(bytes: BranchOffer.packMax).literal) and is not offered",
                hint: "A fix is small; keep large files out of it")
        }
        return BranchOffer(commit: commit, replacing: old, pack: Data(answer.output))
    }
}
