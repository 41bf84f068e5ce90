public import Model

/// One item's files, in a clone that ends at the base: no later commit, branch or tag is in it.
///
/// The files stand in `directory`, without git's own folder: that lies outside, where no sandbox can write. Changes are
/// made in git's database (`record`) and laid out from there (`reset`), so whatever a test does to the files is gone
/// with the next reset, and every step can be done again after a death at any point.
public struct Worktree: Sendable {
    public let item: ItemName
    public let base: CommitID
    public let directory: String
    /// A bare repository; a sandbox may read it.
    public let repository: String
    let git: Git
    let address: RepositoryAddress
    let folder: String

    /// The tree of the base.
    public func baseTree() async throws(Fault) -> TreeID { try await git.tree(of: base, in: repository) }

    /// The tree with these files as the change has them; modes are kept, a new file is not executable.
    ///
    /// Nothing is written to `directory`.
    public func record(_ change: Change, over tree: TreeID) async throws(Fault) -> TreeID {
        var records: [UInt8] = []
        let modes = try await modes(of: change.paths, in: tree)
        for file in change.files {
            let path = try Self.checked(file.path)
            for folder in Self.folders(above: path) {
                guard let mode = modes[folder], mode != "040000" else { continue }
                throw Fault("repository.path", "\(path) cannot be there: \(folder) is not a folder")
            }
            switch (file.after, modes[path]) {
            case (nil, _):
                records += Array("0 \(String(repeating: "0", count: 40))\t\(path)\0".utf8)
            case (_, "120000"?), (_, "160000"?), (_, "040000"?):
                throw Fault("repository.path", "\(path) is a link, a folder or another repository, not a file")
            case (let text?, let mode):
                let blob = try await git.run(
                    ["hash-object", "-w", "--no-filters", "--stdin"],
                    Git.Setting(repository: repository, input: Array(text.utf8)))
                records += Array("\(mode ?? "100644") \(blob.line)\t\(path)\0".utf8)
            }
        }
        return try await withIndex(of: tree) { index throws(Fault) in
            _ = try await git.run(
                ["update-index", "-z", "--index-info"],
                Git.Setting(repository: repository, index: index, input: records))
        }
    }

    /// Makes `directory` hold exactly this tree, from nothing: what was built or left there is gone.
    public func reset(to tree: TreeID) async throws(Fault) {
        try await StateFolder.remove(directory)
        try StateFolder.make(directory)
        let index = repository + "/index"
        try await StateFolder.remove(index)
        try await StateFolder.remove(index + ".lock")
        let setting = Git.Setting(repository: repository, worktree: directory, index: index)
        _ = try await git.run(["read-tree", "--end-of-options", tree.text], setting)
        _ = try await git.run(["checkout-index", "--all", "--quiet"], setting)
    }

    /// Commits a tree and moves the item's branch there; the same arguments make the same commit.
    ///
    /// - Parameter date: author's and committer's; whole seconds count.
    public func commit(
        _ tree: TreeID, parents: [CommitID]? = nil, message: String, date: Timestamp
    ) async throws(Fault) -> CommitID {
        let text = message.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || $0.value >= 0x20 && $0.value != 0x7f }
        let body = String(String.UnicodeScalarView(text)).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(Self.trailer) ? " \($0)" : String($0) }.joined(separator: "\n")
        let answer = try await git.run(
            ["commit-tree", tree.text, "-F", "-"] + (parents ?? [base]).flatMap { ["-p", $0.text] },
            Git.Setting(
                repository: repository, date: date, input: Array("\(body)\n\n\(Self.trailer) \(item)\n".utf8)))
        let commit = try CommitID(answer.line)
        _ = try await git.run(["update-ref", item.branch.reference, commit.text], in: repository)
        return commit
    }

    /// The last commit of the item's branch here.
    public func head() async throws(Fault) -> CommitID? {
        try await git.reference(item.branch.reference, in: repository)
    }

    public func tree(of commit: CommitID) async throws(Fault) -> TreeID {
        try await git.tree(of: commit, in: repository)
    }

    /// A unified diff, and which files it touches.
    public func diff(from old: TreeID, to new: TreeID, bytesMax: Int = 1 << 20) async throws(Fault) -> TreeDiff {
        try await git.diff(from: old.text, to: new.text, in: repository, bytesMax: bytesMax)
    }

    static let trailer = "Nightshift-Item:"

    static func checked(_ path: String) throws(Fault) -> String {
        do {
            return try RelativePath(path).description
        } catch {
            throw Fault("repository.path", error.text)
        }
    }

    private static func folders(above path: String) -> [String] {
        path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
    }

    /// The modes of those of the paths, and of the folders above them, that are there.
    private func modes(of paths: [String], in tree: TreeID) async throws(Fault) -> [String: String] {
        guard !paths.isEmpty else { return [:] }
        var asked: Set<String> = []
        for path in paths {
            let path = try Self.checked(path)
            asked.formUnion(Self.folders(above: path) + [path])
        }
        let answer = try await git.run(
            ["ls-tree", "-z", "--full-tree", "--end-of-options", tree.text, "--"] + asked.sorted(), in: repository)
        var modes: [String: String] = [:]
        for record in answer.output.split(separator: 0) {
            let parts = String(decoding: record, as: UTF8.self).split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, let mode = parts[0].split(separator: " ").first else { continue }
            modes[String(parts[1])] = String(mode)
        }
        return modes
    }

    private func withIndex(
        of tree: TreeID, _ body: (String) async throws(Fault) -> Void
    ) async throws(Fault) -> TreeID {
        let index = folder + "/index.record"
        try await StateFolder.remove(index)
        try await StateFolder.remove(index + ".lock")
        let setting = Git.Setting(repository: repository, index: index)
        _ = try await git.run(["read-tree", "--end-of-options", tree.text], setting)
        try await body(index)
        return try TreeID(await git.run(["write-tree"], setting).line)
    }
}
