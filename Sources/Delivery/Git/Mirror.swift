public import Model
import Text

/// A bare copy of a project's repository under the state directory; what agents read, and where worktrees come from.
///
/// It is a cache: where it is not whole (a process died while making it), it is made anew.
public struct Mirror: Sendable {
    public let project: Project
    /// The bare repository.
    public let path: String
    let state: String
    let git: Git
    let address: RepositoryAddress
    let branch: BranchName

    /// - Parameter state: a directory of our own, absolute; made if missing.
    public init(of project: Project, state: String, git: Git) throws(Fault) {
        self.project = project
        self.state = state
        self.git = git
        address = try RepositoryAddress(project.repository.url)
        branch = try BranchName(project.repository.branch)
        // A project whose repository moves gets a new mirror.
        let name = project.name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let digest = Digest.sha256("\(project.name)\n\(address.text)".utf8)
        path = "\(state)/mirrors/\(name.prefix(40))-\(digest.prefix(12)).git"
    }

    /// Fetches all branches and tags.
    ///
    /// - Throws: `repository.gone`, `repository.unreachable`, `repository.branch` (the project's branch is not there).
    public func update() async throws(Fault) {
        try StateFolder.make("\(state)/mirrors")
        let lock = try await FileLock(path + ".lock")
        try address.check()
        if await !isWhole() { try await make() }
        do {
            try await fetch()
        } catch  where error.message.contains(".lock'") || error.message.contains("bad object") {
            // Left by a process that died: nobody else is here while we hold the lock.
            try await make()
            try await fetch()
        }
        _ = consume lock
        guard try await head(of: branch) != nil else {
            throw Fault(
                "repository.branch", "the repository \(address.text) has no branch \(branch)",
                hint: "Check repository.branch of the project")
        }
    }

    /// The commit that a branch points to, as of the last update; nil where there is no such branch.
    public func head(of branch: BranchName) async throws(Fault) -> CommitID? {
        try await git.reference(branch.reference, in: path)
    }

    /// The head of the project's branch, as of the last update.
    public func head() async throws(Fault) -> CommitID {
        guard let head = try await head(of: branch) else {
            throw Fault("repository.branch", "the repository \(address.text) has no branch \(branch)")
        }
        return head
    }

    /// The commit that a revision names: a commit's name, whole or short, a tag, a branch, or what `git describe` says.
    ///
    /// - Throws: `repository.revision` where it is not in the repository, or could be read in several ways.
    public func resolve(_ revision: String) async throws(Fault) -> CommitID {
        guard let commit = try await git.commit(named: revision, in: path) else {
            throw Fault(
                "repository.revision", "the revision \(revision) is not in the repository \(address.text)",
                hint: "Push what is deployed, or check where the project's revision is read from")
        }
        return commit
    }

    private func isWhole() async -> Bool {
        guard StateFolder.exists(path + "/HEAD") else { return false }
        do {
            return try await git.run(["rev-parse", "--is-bare-repository"], in: path).line == "true"
        } catch {
            // Whatever is wrong with it, it is made anew.
            return false
        }
    }

    private func make() async throws(Fault) {
        let part = path + ".part"
        try await StateFolder.remove(part)
        try await StateFolder.remove(path)
        _ = try await git.run(["init", "--quiet", "--bare", "--template=", "--", part], Git.Setting())
        // A worktree fetches its base by name, whether or not a branch ends there.
        _ = try await git.run(["config", "uploadpack.allowAnySHA1InWant", "true"], in: part)
        try StateFolder.rename(part, to: path)
    }

    private func fetch() async throws(Fault) {
        var git = git
        git.wall = .seconds(900)
        let options = ["fetch", "--quiet", "--prune", "--force", "--no-tags", "--no-write-fetch-head"]
        let sides = Git.otherSide(of: address.text, "upload-pack", "upload-pack")
        let answer = try await git.run(
            options + sides + ["--", address.text, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"],
            Git.Setting(repository: path, fetches: true, accepts: [0, 1, 128]))
        guard answer.exit == 0 else { throw address.fault(answer.complaint) }
    }
}

extension Git {
    /// The commit that a full reference points to; nil where there is none.
    func reference(_ name: String, in repository: String) async throws(Fault) -> CommitID? {
        let answer = try await run(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"],
            Setting(repository: repository, accepts: [0, 1]))
        return answer.exit == 0 ? try CommitID(answer.line) : nil
    }

    /// The commit that a revision names, as `Mirror.resolve` takes it; nil where there is none, or several.
    func commit(named revision: String, in repository: String) async throws(Fault) -> CommitID? {
        guard revision.utf8.count <= 200, isRefName(revision) else {
            throw Fault("repository.revision", "\(excerpt(revision)) is not a revision's name")
        }
        let answer = try await run(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"],
            Setting(repository: repository, accepts: [0, 1, 128]))
        return answer.exit == 0 ? try CommitID(answer.line) : nil
    }

    /// Whether a commit is another one or comes before it.
    func isAncestor(_ old: CommitID, of new: CommitID, in repository: String) async throws(Fault) -> Bool {
        try await run(
            ["merge-base", "--is-ancestor", old.text, new.text], Setting(repository: repository, accepts: [0, 1])
        ).exit == 0
    }

    func tree(of commit: CommitID, in repository: String) async throws(Fault) -> TreeID {
        try TreeID(
            await run(["rev-parse", "--verify", "--end-of-options", commit.text + "^{tree}"], in: repository).line)
    }
}
