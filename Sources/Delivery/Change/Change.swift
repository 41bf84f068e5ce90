/// A file's text before and after; nil where there is none.
public struct FileChange: Sendable, Codable {
    public let path: String
    public let before: String?
    public let after: String?

    public init(path: String, before: String?, after: String?) {
        self.path = path
        self.before = before
        self.after = after
    }

    /// By bytes: strings that Unicode calls equal are different files.
    var isEmpty: Bool {
        switch (before, after) {
        case (nil, nil): true
        case (let before?, let after?): before.utf8.elementsEqual(after.utf8)
        default: false
        }
    }
}

/// What a set of edits makes of a tree: whole texts, at most one per path, sorted by path; no file in it is unchanged.
///
/// git makes the diff from it.
public struct Change: Sendable, Codable {
    public let files: [FileChange]

    /// Unchanged files are left out; of two entries for one path the last counts.
    public init(_ files: [FileChange]) {
        var byPath: [String: FileChange] = [:]
        for file in files { byPath[file.path] = file }
        self.files = byPath.values.filter { !$0.isEmpty }.sorted { $0.path < $1.path }
    }

    public var isEmpty: Bool { files.isEmpty }
    public var paths: [String] { files.map(\.path) }

    public subscript(path: String) -> FileChange? { files.first { $0.path == path } }

    /// This change and then another one that was made on top of it.
    public func then(_ next: Change) -> Change {
        var byPath: [String: FileChange] = [:]
        for file in files { byPath[file.path] = file }
        for file in next.files {
            let before = byPath[file.path].map(\.before) ?? file.before
            byPath[file.path] = FileChange(path: file.path, before: before, after: file.after)
        }
        return Change(Array(byPath.values))
    }

    /// The hunks of every file, in order.
    public var hunks: [Hunk] { files.flatMap { Hunk.all(in: $0) } }
    /// Lines added and removed.
    public var lines: Int { hunks.reduce(0) { $0 + $1.added.count + $1.removed.count } }

    /// The change without these hunks of its own.
    public func undoing(_ undone: [Hunk]) -> Change {
        Change(
            files.map { file in
                let own = undone.filter { $0.path == file.path }
                return own.isEmpty ? file : Hunk.undo(own, in: file)
            })
    }
}
