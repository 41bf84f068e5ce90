import Glibc
public import Model

/// Reads a worktree's files as data: never through a link, never outside, never a device.
///
/// Meant for folders that hostile code has written to.
public struct WorktreeFiles: SourceTree, Sendable {
    public let directory: String
    /// Of a file that is read as an entry.
    public let bytesMax: Int

    public init(_ directory: String, bytesMax: Int = 4 << 20) {
        self.directory = directory
        self.bytesMax = bytesMax
    }

    public func entry(at path: String) throws(Fault) -> TreeEntry {
        try inFolder(of: path) { folder, name throws(Fault) in try last(name, in: folder) } ?? .absent
    }

    /// A file's bytes; nil where there is none.
    ///
    /// - Throws: `repository.path` where it is not a plain file or is larger than `bytesMax`.
    public func read(_ path: String) throws(Fault) -> [UInt8]? {
        switch try entry(at: path) {
        case .absent: return nil
        case .file(let bytes): return bytes
        case .tooLarge(let bytes):
            throw Fault("repository.path", "\(excerpt(path)) has \(bytes) bytes, more than are read")
        case .folder, .link, .special: throw Fault("repository.path", "\(excerpt(path)) is not a plain file")
        }
    }

    /// Removes a file or a link itself, where there is one.
    public func remove(_ path: String) throws(Fault) {
        _ = try inFolder(of: path) { folder, name throws(Fault) in
            guard unlinkat(folder, name, 0) == 0 || errno == ENOENT else {
                throw Fault(
                    "repository.path", "\(excerpt(path)) cannot be removed: \(String(cString: strerror(errno)))")
            }
            return .absent
        }
    }

    /// Nil where a folder above it is missing; what stands in its way where that is no folder.
    private func inFolder(
        of path: String, _ body: (Int32, String) throws(Fault) -> TreeEntry
    ) throws(Fault) -> TreeEntry? {
        let parts = try Worktree.checked(path).split(separator: "/").map(String.init)
        guard var folder = try openFolder(directory, in: AT_FDCWD) else { return nil }
        defer { close(folder) }
        for part in parts.dropLast() {
            var state = stat()
            guard fstatat(folder, part, &state, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            if state.st_mode & S_IFMT == S_IFLNK { return .link(to: target(part, in: folder)) }
            guard let next = try openFolder(part, in: folder) else { return nil }
            close(folder)
            folder = next
        }
        return try body(folder, parts[parts.count - 1])
    }

    private func last(_ name: String, in folder: Int32) throws(Fault) -> TreeEntry {
        var state = stat()
        guard fstatat(folder, name, &state, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT else { throw unreadable(name) }
            return .absent
        }
        switch state.st_mode & S_IFMT {
        case S_IFLNK: return .link(to: target(name, in: folder))
        case S_IFDIR: return .folder
        case S_IFREG: break
        default: return .special
        }
        guard state.st_size <= bytesMax else { return .tooLarge(bytes: Int(state.st_size)) }
        // Not blocking: between the two calls it may have become a pipe.
        let descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(name) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw unreadable(name) }
            if count == 0 { return .file(bytes) }
            bytes += buffer[..<count]
            if bytes.count > bytesMax { return .tooLarge(bytes: bytes.count) }
        }
    }

    private func openFolder(_ name: String, in folder: Int32) throws(Fault) -> Int32? {
        let descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if descriptor >= 0 { return descriptor }
        guard [ENOENT, ENOTDIR].contains(errno) else { throw unreadable(name) }
        return nil
    }

    private func target(_ name: String, in folder: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let length = buffer.withUnsafeMutableBytes {
            readlinkat(folder, name, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return String(decoding: buffer[..<max(0, length)], as: UTF8.self)
    }

    private func unreadable(_ name: String) -> Fault {
        Fault("repository.path", "\(excerpt(name)) cannot be read: \(String(cString: strerror(errno)))")
    }
}
