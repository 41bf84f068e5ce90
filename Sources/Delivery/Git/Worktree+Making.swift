public import Model

extension Mirror {
    /// The item's worktree at a base, laid out anew; to be called after `update`.
    ///
    /// One that a dying process left half made, or that has another base, is thrown away first. Commits of the item that
    /// are on its branch already stay.
    ///
    /// - Throws: `repository.branch-conflict` where the repository has a branch `nightshift/ITEM` that is not ours.
    public func worktree(_ item: ItemName, at base: CommitID) async throws(Fault) -> Worktree {
        let worktree = worktree(item, base)
        try StateFolder.make("\(state)/items")
        let lock = try await FileLock(worktree.folder + ".lock")
        if let theirs = try await head(of: item.branch), try await !isOurs(theirs, item, worktree) {
            throw Fault(
                "repository.branch-conflict",
                "the repository \(address.text) has a branch \(item.branch) that is not ours (\(theirs.short))",
                hint: "Rename or delete it there")
        }
        if made(worktree.folder) != mark(base) {
            try await StateFolder.remove(worktree.folder)
            try await make(worktree)
        }
        try await worktree.reset(to: try await worktree.baseTree())
        _ = consume lock
        return worktree
    }

    /// The item's worktree as it was left; nil where there is none that is whole at this base.
    public func existingWorktree(_ item: ItemName, at base: CommitID) -> Worktree? {
        let worktree = worktree(item, base)
        return made(worktree.folder) == mark(base) ? worktree : nil
    }

    /// Removes the item's worktree and all that was not offered.
    public func removeWorktree(_ item: ItemName) async throws(Fault) {
        try await StateFolder.remove("\(state)/items/\(item)")
    }

    private func worktree(_ item: ItemName, _ base: CommitID) -> Worktree {
        let folder = "\(state)/items/\(item)"
        return Worktree(
            item: item, base: base, directory: folder + "/tree", repository: folder + "/git", git: git,
            address: address, folder: folder)
    }

    private func mark(_ base: CommitID) -> String { "\(base)\n\(address.text)\n" }

    private func made(_ folder: String) -> String? {
        StateFolder.read(folder + "/made").map { String(decoding: $0, as: UTF8.self) }
    }

    private func make(_ worktree: Worktree) async throws(Fault) {
        let part = worktree.folder + ".part"
        try await StateFolder.remove(part)
        try StateFolder.make(part)
        let repository = part + "/git"
        _ = try await git.run(["init", "--quiet", "--bare", "--template=", "--", repository], Git.Setting())
        // Above what the files' own attributes say: bytes are kept as they are.
        try StateFolder.make(repository + "/info")
        try StateFolder.write("* -text -ident !filter !working-tree-encoding\n", to: repository + "/info/attributes")
        _ = try await git.run(
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]
                + Git.otherSide(of: path, "upload-pack", "upload-pack")
                + ["--", path, "\(worktree.base):refs/nightshift/base"],
            Git.Setting(repository: repository, fetches: true))
        // So that a build in the sandbox, which may read it, finds its revision.
        _ = try await git.run(["update-ref", "--no-deref", "HEAD", worktree.base.text], in: repository)
        _ = try await git.run(["config", "core.bare", "false"], in: repository)
        try StateFolder.write(mark(worktree.base), to: part + "/made")
        try StateFolder.rename(part, to: worktree.folder)
    }

    /// Made here, or by us as its committer and trailer say.
    private func isOurs(_ commit: CommitID, _ item: ItemName, _ worktree: Worktree) async throws(Fault) -> Bool {
        let answer = try await git.run(
            ["log", "--max-count=1", "--format=%ce%x00%(trailers:key=Nightshift-Item,valueonly,separator=%x2C)"]
                + ["--end-of-options", commit.text, "--"],
            in: path)
        let parts = answer.line.split(separator: "\0", omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0] == Git.email && parts[1] == item.text
    }
}
