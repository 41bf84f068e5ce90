public import Model

extension LocalForge {
    /// What became of a merge; a refusal changed nothing.
    public enum Merge: Sendable, Hashable, Codable {
        /// The target branch has the head.
        case merged(Way)
        case refused(Refusal)

        public enum Way: String, Sendable, Codable {
            /// The target had nothing of its own since they parted.
            case forward
            /// By a merge commit; `head` is one of its parents.
            case commit
            /// It was merged before.
            case known
        }
    }

    /// Why nothing was merged.
    public enum Refusal: Sendable, Hashable, Codable, CustomStringConvertible {
        /// The branch has another commit than the one that was approved, or is gone.
        case headChanged(now: CommitID?)
        /// The target has another commit than the one that was approved.
        case targetMoved(now: CommitID)
        /// The target has changed the same lines since they parted.
        case conflict(files: [String])
        /// Somebody holds one of the branches.
        case busy

        public var description: String {
            switch self {
            case .headChanged(let now?): "the branch has changed: its head is \(now.short) now"
            case .headChanged(nil): "the branch is gone"
            case .targetMoved(let now): "the target branch has moved to \(now.short) since this was approved"
            case .conflict(let files): "the target branch has changed the same lines of \(listed(files))"
            case .busy: "another process holds one of the two branches; try again"
            }
        }
    }

    /// Brings `head`, the head of a branch, into the target, which is at `base`: by moving it forward, or by a merge
    /// commit where the target has commits of its own. What is deployed is `head`, and not that commit.
    ///
    /// May be called again after a death at any point: what was merged is found, not merged twice.
    public func merge(
        _ branch: BranchName, expecting head: CommitID, into target: BranchName, at base: CommitID, message: String,
        date: Timestamp
    ) async throws(Fault) -> Merge {
        for _ in 0..<3 {
            if try await has(head, in: target) { return .merged(.known) }
            let now = try await git.reference(branch.reference, in: repository)
            guard now == head else { return .refused(.headChanged(now: now)) }
            let tip = try await self.head(of: target)
            guard tip == base else { return .refused(.targetMoved(now: tip)) }
            var (next, way) = (head, Merge.Way.forward)
            if try await !git.isAncestor(base, of: head, in: repository) {
                let (tree, conflicts) = try await mergedTree(base, head)
                guard conflicts.isEmpty else { return .refused(.conflict(files: conflicts)) }
                let made = try await git.run(
                    ["commit-tree", tree.text, "-p", base.text, "-p", head.text, "-F", "-"],
                    Git.Setting(repository: repository, date: date, input: Array(message.utf8)))
                (next, way) = (try CommitID(made.line), .commit)
            }
            // Both in one transaction: neither branch may have moved since they were looked at.
            let moves = [
                "start", "verify \(branch.reference) \(head)", "update \(target.reference) \(next) \(base)", "prepare",
                "commit", "",
            ]
            let answer = try await git.run(
                ["update-ref", "--stdin"],
                Git.Setting(
                    repository: repository, input: Array(moves.joined(separator: "\n").utf8), accepts: [0, 1, 128]))
            if answer.exit == 0 { return .merged(way) }
            guard answer.errors.contains("cannot lock ref") else {
                throw Fault("forge.merge", "\(target) could not be moved: \(answer.complaint)")
            }
        }
        return .refused(.busy)
    }

    /// Whether a commit is on a branch already.
    public func has(_ commit: CommitID, in target: BranchName) async throws(Fault) -> Bool {
        let known = try await git.run(
            ["cat-file", "-e", "\(commit)^{commit}"], Git.Setting(repository: repository, accepts: [0, 1, 128]))
        guard known.exit == 0 else { return false }
        return try await git.isAncestor(commit, of: try await head(of: target), in: repository)
    }
}
