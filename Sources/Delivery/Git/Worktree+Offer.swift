public import Model

extension Worktree {
    public enum Offer: String, Sendable, Codable {
        case made
        /// The branch was there already, with this very commit.
        case known
        /// The branch had the commit that the caller said it would replace.
        case replaced
    }

    /// Pushes a commit as branch `nightshift/ITEM` to the project's repository.
    ///
    /// - Parameter replacing: the commit of ours that the branch has now, where it is to be replaced.
    /// - Throws: `repository.branch-conflict` where the branch has another commit than those two.
    public func offer(_ commit: CommitID, replacing old: CommitID? = nil) async throws(Fault) -> Offer {
        try address.check()
        let now = try await offered()
        if now == commit { return .known }
        guard now == nil || now == old else { throw conflict(now) }
        let branch = item.branch.reference
        let answer = try await git.run(
            ["push", "--quiet", "--no-verify", "--no-follow-tags", "--force-with-lease=\(branch):\(now?.text ?? "")"]
                + Git.otherSide(of: address.text, "receive-pack", "receive-pack")
                + ["--", address.text, "\(commit):\(branch)"],
            Git.Setting(repository: repository, accepts: [0, 1, 128]))
        if answer.exit == 0 { return now == nil ? .made : .replaced }
        let after = try await offered()
        if after == commit { return .known }
        if after != now { throw conflict(after) }
        throw address.fault(answer.complaint)
    }

    /// What the branch has in the project's repository now.
    public func offered() async throws(Fault) -> CommitID? {
        let answer = try await git.run(
            ["ls-remote", "--quiet"] + Git.otherSide(of: address.text, "upload-pack", "upload-pack")
                + ["--", address.text, item.branch.reference],
            Git.Setting(repository: repository, outputMax: 1 << 20, accepts: [0, 128]))
        guard answer.exit == 0 else { throw address.fault(answer.complaint) }
        guard let name = answer.line.split(separator: "\t").first else { return nil }
        return try CommitID(String(name))
    }

    private func conflict(_ theirs: CommitID?) -> Fault {
        Fault(
            "repository.branch-conflict",
            "the branch \(item.branch) has changed in \(address.text): it is at \(theirs?.short ?? "nothing") now",
            hint: "Look at it there; nothing was pushed")
    }
}
