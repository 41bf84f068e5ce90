import Model

/// What changed between two trees.
public struct TreeDiff: Sendable, Hashable, Codable {
    public struct File: Sendable, Hashable, Codable {
        public var path: String
        public var added: Int
        public var removed: Int
        public var isBinary: Bool
    }

    /// Renames are a removal and an addition.
    public var files: [File]
    /// Unified, without colours; cut where it is not whole.
    public var text: String
    public var isWhole: Bool

    /// Added and removed.
    public var lines: Int { files.reduce(0) { $0 + $1.added + $1.removed } }
}

extension Git {
    func diff(from old: String, to new: String, in repository: String, bytesMax: Int) async throws(Fault) -> TreeDiff {
        let options = ["diff-tree", "-r", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color"]
        let numbers = try await run(
            options + ["-z", "--numstat", "--end-of-options", old, new, "--"],
            Setting(repository: repository, outputMax: 4 << 20))
        let patch = try await run(
            options + ["-p", "-U3", "--full-index", "--src-prefix=a/", "--dst-prefix=b/", "--end-of-options", old, new]
                + ["--"],
            Setting(repository: repository, outputMax: bytesMax, cuts: true))
        let files = numbers.output.split(separator: 0).compactMap { record -> TreeDiff.File? in
            let parts = String(decoding: record, as: UTF8.self).split(separator: "\t", maxSplits: 2)
            guard parts.count == 3 else { return nil }
            return TreeDiff.File(
                path: String(parts[2]), added: Int(parts[0]) ?? 0, removed: Int(parts[1]) ?? 0,
                isBinary: parts[0] == "-")
        }
        return TreeDiff(files: files, text: patch.text, isWhole: patch.isWhole)
    }
}
