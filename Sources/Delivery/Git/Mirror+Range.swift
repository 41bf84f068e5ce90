public import Model

extension Mirror {
    /// Two commits, and what lies between them.
    public struct Range: Sendable, Hashable, Codable {
        public var old: CommitID
        public var new: CommitID
    }

    /// The commits that a person means by `A..B`, `A...B` (since the two parted), or `A` (that commit alone).
    ///
    /// - Throws: `repository.revision` where either is not in the repository or there is nothing before it.
    public func range(_ text: String) async throws(Fault) -> Range {
        if let dots = text.firstRange(of: "...") {
            let left = try await resolve(String(text[..<dots.lowerBound]))
            let new = try await resolve(String(text[dots.upperBound...]))
            let parted = try await git.run(
                ["merge-base", left.text, new.text], Git.Setting(repository: path, accepts: [0, 1]))
            guard parted.exit == 0 else {
                throw Fault("repository.revision", "the two sides of \(excerpt(text)) have no common past")
            }
            return Range(old: try CommitID(parted.line), new: new)
        }
        if let dots = text.firstRange(of: "..") {
            return Range(
                old: try await resolve(String(text[..<dots.lowerBound])),
                new: try await resolve(String(text[dots.upperBound...])))
        }
        let new = try await resolve(text)
        let parent = try await git.run(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(new)^1"],
            Git.Setting(repository: path, accepts: [0, 1]))
        guard parent.exit == 0 else {
            throw Fault("repository.revision", "\(excerpt(text)) is the first commit: there is nothing before it")
        }
        return Range(old: try CommitID(parent.line), new: new)
    }

    /// What changed from one commit to another.
    public func diff(_ range: Range, bytesMax: Int = 1 << 20) async throws(Fault) -> TreeDiff {
        try await git.diff(from: range.old.text, to: range.new.text, in: path, bytesMax: bytesMax)
    }
}
