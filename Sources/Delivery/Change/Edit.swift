/// Replaces one piece of a file's text, or, with an empty `search`, makes a new file.
public struct Edit: Sendable, Hashable, Codable {
    /// Relative to the worktree.
    public var path: String
    /// Occurs exactly once in the file as the edits before this one left it.
    public var search: String
    public var replace: String

    public init(path: String, search: String, replace: String) {
        self.path = path
        self.search = search
        self.replace = replace
    }
}

/// How much a set of edits may be.
public struct EditLimits: Sendable, Hashable {
    public var edits: Int
    /// The search and replace texts of one edit together.
    public var editBytesMax: Int
    /// One file, before and after.
    public var fileBytesMax: Int
    /// All files of the set after it.
    public var totalBytesMax: Int

    public init(
        edits: Int = 100, editBytesMax: Int = 256 << 10, fileBytesMax: Int = 1 << 20, totalBytesMax: Int = 4 << 20
    ) {
        self.edits = edits
        self.editBytesMax = editBytesMax
        self.fileBytesMax = fileBytesMax
        self.totalBytesMax = totalBytesMax
    }
}
