import Delivery
import Model

/// A worktree in memory.
struct MemoryTree: SourceTree {
    var entries: [String: TreeEntry]

    init(_ entries: [String: TreeEntry]) { self.entries = entries }

    init(files: [String: String]) {
        entries = files.mapValues { .file(Array($0.utf8)) }
        for path in files.keys {
            let parts = path.split(separator: "/")
            for count in parts.indices.dropFirst() { entries[parts[..<count].joined(separator: "/")] = .folder }
        }
    }

    func entry(at path: String) throws -> TreeEntry {
        if path == "unreadable" { throw Fault("tree", "the disk says no") }
        return entries[path] ?? .absent
    }
}

extension GateFailure {
    /// `GATE: TEXT`, or that there is none.
    static func of(_ body: () throws -> Void) -> GateFailure? {
        do {
            try body()
            return nil
        } catch let failure as GateFailure {
            return failure
        } catch {
            return GateFailure(.schema, "another error: \(error)")
        }
    }
}
