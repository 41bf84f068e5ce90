/// What stands at a path of a worktree; links are not followed.
public enum TreeEntry: Sendable, Hashable {
    case absent
    case file([UInt8])
    /// A file that was not read because of its size.
    case tooLarge(bytes: Int)
    case folder
    case link(to: String)
    /// A device, a socket, a pipe.
    case special
}

/// A worktree, as far as edits need to know it.
public protocol SourceTree {
    /// - Parameter path: a normalised relative path (see `RelativePath`).
    func entry(at path: String) throws -> TreeEntry
}
