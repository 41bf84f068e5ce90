public import Model

/// The agents' own directory: made where it is missing, and ours alone for as long as this lives.
public final class AgentsState: Sendable {
    public let path: String
    private let lock: FileLock

    /// Waits a while for another process to end.
    ///
    /// - Throws: `repository.busy` where it does not, `repository.state` where the directory cannot be used.
    public init(_ path: String, wall: Duration = .seconds(20)) async throws(Fault) {
        try StateFolder.make(path)
        self.path = path
        lock = try await FileLock(path + "/lock", wall: wall)
    }

    /// Removes what processes that died left behind: files and folders half made, locks, and worktrees without a record.
    ///
    /// To be called before any work begins, for then nothing of it is anybody's.
    public func sweep() async throws(Fault) {
        for folder in ["mirrors", "items", "records"] {
            for name in try StateFolder.names("\(path)/\(folder)") {
                let isLeft = name.hasSuffix(".part") || name.hasSuffix(".lock")
                let isForgotten = folder == "items" && !StateFolder.exists("\(path)/records/\(name).json")
                if isLeft || isForgotten { try await StateFolder.remove("\(path)/\(folder)/\(name)") }
            }
        }
    }
}
