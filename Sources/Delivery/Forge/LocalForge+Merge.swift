public import Model

extension LocalForge {
    /// What became of a merge; a refusal changed nothing.
    public enum Merge: Sendable, Hashable, Codable {
        /// The target branch has the head; `commit` is the one that brought it.
        case merged(commit: CommitID, how: Way)
        case refused(Refusal)

        public enum Way: String, Sendable, Codable {
            /// The target had nothing of its own since they parted.
            case forward
            case commit
            /// It was merged before.
            case known
        }
    }

    /// Why nothing was merged.
    public enum Refusal: Sendable, Hashable, Codable, CustomStringConvertible {
        /// The branch has another commit than the one that was approved, or is gone.
        case headChanged(now: CommitID?)
        /// The target has changed the same lines since.
        case conflict(files: [String])
        /// The target moves faster than the merge is made.
        case busy

        public var description: String {
            switch self {
            case .headChanged(let now?): "the branch has changed: its head is \(now.short) now"
            case .headChanged(nil): "the branch is gone"
            case .conflict(let files): "the target branch has changed the same lines of \(listed(files))"
            case .busy: "the target branch moves on while the merge is made; try again"
            }
        }
    }

    /// Merges a branch whose head is `head` into the target, by moving it forward or by a merge commit.
    ///
    /// May be called again after a death at any point: what was merged is found, not merged twice.
    public func merge(
        _ branch: BranchName, expecting head: CommitID, into target: BranchName, message: String, date: Timestamp
    ) async throws(Fault) -> Merge {
        for _ in 0..<3 {
            if let commit = try await merged(head, into: target) { return .merged(commit: commit, how: .known) }
            let now = try await git.reference(branch.reference, in: repository)
            guard now == head else { return .refused(.headChanged(now: now)) }
            let tip = try await self.head(of: target)
            var next = head
            let isForward = try await git.isAncestor(tip, of: head, in: repository)
            if !isForward {
                let (tree, conflicts) = try await mergedTree(tip, head)
                guard conflicts.isEmpty else { return .refused(.conflict(files: conflicts)) }
                let made = try await git.run(
                    ["commit-tree", tree.text, "-p", tip.text, "-p", head.text, "-F", "-"],
                    Git.Setting(repository: repository, date: date, input: Array(message.utf8)))
                next = try CommitID(made.line)
            }
            // Both in one transaction: neither branch may have moved since they were looked at.
            let moves = [
                "start", "verify \(branch.reference) \(head)", "update \(target.reference) \(next) \(tip)", "prepare",
                "commit", "",
            ]
            let answer = try await git.run(
                ["update-ref", "--stdin"],
                Git.Setting(
                    repository: repository, input: Array(moves.joined(separator: "\n").utf8), accepts: [0, 1, 128]))
            if answer.exit == 0 { return .merged(commit: next, how: isForward ? .forward : .commit) }
            guard answer.errors.contains("cannot lock ref") else {
                throw Fault("forge.merge", "\(target) could not be moved: \(answer.complaint)")
            }
        }
        return .refused(.busy)
    }

    /// The commit that brought `head` into the target branch; nil where it is not in it.
    public func merged(_ head: CommitID, into target: BranchName) async throws(Fault) -> CommitID? {
        let known = try await git.run(
            ["cat-file", "-e", "\(head)^{commit}"], Git.Setting(repository: repository, accepts: [0, 1, 128]))
        guard known.exit == 0 else { return nil }
        let tip = try await self.head(of: target)
        guard try await git.isAncestor(head, of: tip, in: repository) else { return nil }
        let path = try await git.run(
            [
                "rev-list", "--first-parent", "--ancestry-path", "--reverse", "--end-of-options", "\(head)..\(tip)",
                "--",
            ],
            Git.Setting(repository: repository, outputMax: 64 << 20))
        // The first of the target's own line that has it among its parents' past; none where the line goes through it.
        guard let first = path.text.split(separator: "\n").first else { return head }
        let commit = try CommitID(String(first))
        let parent = try CommitID(await git.run(["rev-parse", "--verify", "\(commit)^1"], in: repository).line)
        return try await git.isAncestor(head, of: parent, in: repository) ? head : commit
    }
}
