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
        /// Of the target since then.
        public var ahead: Int
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
        return BranchFacts(
            head: head, base: base, mergeBase: mergeBase, commits: try await count(mergeBase, head),
            diff: try await git.diff(
                from: mergeBase.text, to: head.text, in: repository, bytesMax: bytesMax),
            ahead: try await count(mergeBase, base))
    }

    /// Files that both sides changed in ways that do not go together.
    public func conflicts(_ facts: BranchFacts) async throws(Fault) -> [String] {
        facts.ahead == 0 ? [] : try await mergedTree(facts.base, facts.head).conflicts
    }

    private func count(_ from: CommitID, _ to: CommitID) async throws(Fault) -> Int {
        let answer = try await git.run(
            ["rev-list", "--count", "--end-of-options", "\(from)..\(to)", "--"], in: repository)
        guard let count = Int(answer.line) else { throw Fault("forge.count", "git counts \(answer.line) commits") }
        return count
    }

    /// The head of a branch.
    public func head(of branch: BranchName) async throws(Fault) -> CommitID {
        guard let head = try await git.reference(branch.reference, in: repository) else {
            throw Fault("forge.branch", "\(repository) has no branch \(branch)")
        }
        return head
    }

    /// The tree that both commits together make.
    ///
    /// It is made in an empty repository over this one's objects: a merge driver that this one's configuration and
    /// attributes name is a program of whoever may write them.
    func mergedTree(_ ours: CommitID, _ theirs: CommitID) async throws(Fault) -> (tree: TreeID, conflicts: [String]) {
        let place = try StateFolder.makeTemporary("nightshift-merge")
        let answer: Result<Git.Answer, Fault>
        do {
            let format = try await git.run(["rev-parse", "--show-object-format"], in: repository).line
            _ = try await git.run(
                ["init", "--quiet", "--bare", "--template=", "--object-format=\(format)", "--", place], Git.Setting())
            answer = .success(
                try await git.run(
                    ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours.text, theirs.text],
                    Git.Setting(
                        repository: place, objects: repository + "/objects", dataMax: Git.readingMax, accepts: [0, 1])))
        } catch {
            answer = .failure(error)
        }
        try await StateFolder.remove(place)
        let made = try answer.get()
        let records = made.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        guard let tree = records.first else { throw Fault("forge.merge", "git made no tree of \(ours) and \(theirs)") }
        return (try TreeID(tree), made.exit == 0 ? [] : Array(records.dropFirst()))
    }

    /// Why a fix of what is deployed could not be merged: that is not on the branch, so the merge would bring more than
    /// the fix. Nil where it is, and where branch or revision are not here, which a checkout says by itself.
    public func strays(_ target: BranchName, from revision: String) async throws(Fault) -> Fault? {
        guard let tip = try await git.reference(target.reference, in: repository),
            let deployed = try await git.commit(named: revision, in: repository),
            try await !git.isAncestor(deployed, of: tip, in: repository)
        else { return nil }
        return Fault(
            "forge.strayed",
            "\(deployed.short) is deployed, which is not on \(target): a merge would bring more than the fix",
            hint: "Bring it to \(target), or deploy what is there; then begin the fix anew")
    }
}
