import Model

/// What changed between two trees.
public struct TreeDiff: Sendable, Hashable, Codable {
    public struct File: Sendable, Hashable, Codable {
        public var path: String
        public var added: Int
        public var removed: Int
        public var isBinary: Bool
        /// As git writes them, such as `100644`; `000000` where there is nothing.
        public var modeBefore: String
        public var modeAfter: String

        public init(
            path: String, added: Int, removed: Int, isBinary: Bool, modeBefore: String, modeAfter: String
        ) {
            self.path = path
            self.added = added
            self.removed = removed
            self.isBinary = isBinary
            self.modeBefore = modeBefore
            self.modeAfter = modeAfter
        }

        /// Text, in a file that is neither a program nor a link, before and after.
        public var isPlainText: Bool {
            !isBinary && [modeBefore, modeAfter].allSatisfy { ["100644", "000000"].contains($0) }
        }
    }

    /// Renames are a removal and an addition.
    public var files: [File]
    /// Unified, without colours; cut where it is not whole.
    public var text: String
    public var isWhole: Bool

    public init(files: [File], text: String, isWhole: Bool) {
        self.files = files
        self.text = text
        self.isWhole = isWhole
    }

    /// Added and removed.
    public var lines: Int { files.reduce(0) { $0 + $1.added + $1.removed } }

    /// What nobody could read in `text`, as a sentence's beginning; nil where all of the change is in it.
    public var unseen: String? {
        let binary = files.filter(\.isBinary).map(\.path)
        guard binary.isEmpty else { return "what git takes for binary is not shown: \(listed(binary))" }
        guard !isWhole else { return nil }
        let seen = text.split(separator: "\n").filter { $0.hasPrefix("diff --git ") }
        // The last one that is seen may have lost its end.
        let left = files.filter { file in
            !seen.dropLast().contains { $0.hasSuffix(" b/\(file.path)") }
        }
        return "it is larger than \(ByteSize(bytes: text.utf8.count).literal): of \(listed(left.map(\.path))) not all "
            + "is shown"
    }
}

extension Git {
    func diff(from old: String, to new: String, in repository: String, bytesMax: Int) async throws(Fault) -> TreeDiff {
        let options = ["diff-tree", "-r", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color"]
        let numbers = try await run(
            options + ["-z", "--raw", "--numstat", "--end-of-options", old, new, "--"],
            Setting(repository: repository, outputMax: 4 << 20, dataMax: Self.readingMax))
        let patch = try await run(
            options + ["-p", "-U3", "--full-index", "--src-prefix=a/", "--dst-prefix=b/", "--end-of-options", old, new]
                + ["--"],
            Setting(repository: repository, outputMax: bytesMax, cuts: true, dataMax: Self.readingMax))
        return TreeDiff(files: try Self.files(numbers.output), text: patch.text, isWhole: patch.isWhole)
    }

    /// First `:MODE MODE NAME NAME LETTER<0>PATH<0>` for each file, then `ADDED<tab>REMOVED<tab>PATH<0>`.
    private static func files(_ output: [UInt8]) throws(Fault) -> [TreeDiff.File] {
        var records = output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }[...]
        var modes: [String: (Substring, Substring)] = [:]
        while let record = records.first, record.hasPrefix(":") {
            let words = record.dropFirst().split(separator: " ")
            guard words.count == 5, let path = records.dropFirst().first else { throw unread }
            modes[path] = (words[0], words[1])
            records = records.dropFirst(2)
        }
        var files: [TreeDiff.File] = []
        for record in records {
            let parts = record.split(separator: "\t", maxSplits: 2)
            guard parts.count == 3, let (before, after) = modes[String(parts[2])] else { throw unread }
            files.append(
                TreeDiff.File(
                    path: String(parts[2]), added: Int(parts[0]) ?? 0, removed: Int(parts[1]) ?? 0,
                    isBinary: parts[0] == "-", modeBefore: String(before), modeAfter: String(after)))
        }
        guard files.count == modes.count else { throw unread }
        return files
    }

    private static let unread = Fault("git.failed", "git diff-tree answered in a form that is not known")
}
