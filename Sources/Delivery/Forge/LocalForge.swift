public import Model

/// The git side of a forge on this host: branches and merges in the project's bare repository, without a worktree.
///
/// Titles, reviews and approvals are somebody else's; here a commit is merged that the caller was told to merge, or
/// nothing happens.
public struct LocalForge: Sendable {
    public let repository: String
    let git: Git

    /// - Throws: `forge.repository` where there is no bare repository at the path.
    public init(_ repository: Project.Repository, git: Git) async throws(Fault) {
        let address = try RepositoryAddress(repository.url)
        guard let path = address.path else {
            throw Fault(
                "forge.repository", "the local forge needs a repository on this host, not \(address.text)",
                hint: "Set repository.url to the path of a bare repository")
        }
        try address.check()
        let answer = try await git.run(
            ["rev-parse", "--is-bare-repository"], Git.Setting(repository: path, accepts: [0, 128]))
        guard answer.exit == 0, answer.line == "true" else {
            throw Fault(
                "forge.repository", "\(path) is not a bare repository",
                hint: "git clone --bare makes one; a checked-out branch is never moved")
        }
        self.repository = path
        self.git = git
    }

    /// A branch beside the one that it is to be merged into.
    public struct BranchFacts: Sendable, Hashable, Codable {
        public var head: CommitID
        /// The head of the branch that it goes into.
        public var base: CommitID
        /// Where the two parted.
        public var mergeBase: CommitID
        /// Of the branch since then.
        public var commits: Int
        /// From `mergeBase` to `head`.
        public var diff: TreeDiff
    }

    /// - Throws: `forge.branch` where either branch is missing or they have no common past.
    public func facts(
        of branch: BranchName, into target: BranchName, bytesMax: Int = 1 << 20
    ) async throws(Fault) -> BranchFacts {
        let head = try await self.head(of: branch)
        let base = try await self.head(of: target)
        let parted = try await git.run(
            ["merge-base", head.text, base.text], Git.Setting(repository: repository, accepts: [0, 1]))
        guard parted.exit == 0 else {
            throw Fault("forge.branch", "\(branch) and \(target) have no common past")
        }
        let mergeBase = try CommitID(parted.line)
        let count = try await git.run(
            ["rev-list", "--count", "--end-of-options", "\(mergeBase)..\(head)", "--"], in: repository)
        return BranchFacts(
            head: head, base: base, mergeBase: mergeBase, commits: Int(count.line) ?? 0,
            diff: try await git.diff(
                from: mergeBase.text, to: head.text, in: repository, bytesMax: bytesMax))
    }

    /// The head of a branch.
    public func head(of branch: BranchName) async throws(Fault) -> CommitID {
        guard let head = try await git.reference(branch.reference, in: repository) else {
            throw Fault("forge.branch", "\(repository) has no branch \(branch)")
        }
        return head
    }

    /// Why a fix of what is deployed could not be merged as it was tested: the branch is not at what is deployed. Nil
    /// where it is, and where branch or revision are not here, which a checkout says by itself.
    public func strays(_ target: BranchName, from revision: String) async throws(Fault) -> Fault? {
        guard let tip = try await git.reference(target.reference, in: repository),
            let deployed = try await git.commit(named: revision, in: repository), tip != deployed
        else { return nil }
        return Fault(
            "forge.strayed",
            "\(target) is at \(tip.short), but \(deployed.short) is deployed: what a fix is tested on is "
                + "not what it would be merged into",
            hint:
                "Deploy what is on \(target), or take it back there, so that both are the same; then begin the fix anew"
        )
    }
}
