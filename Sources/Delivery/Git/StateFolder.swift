import Glibc
import Model

/// Folders of ours: made, renamed and removed whole.
enum StateFolder {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func make(_ path: String) throws(Fault) {
        var current = ""
        for part in path.split(separator: "/") {
            current += "/" + part
            guard mkdir(current, 0o755) == 0 || errno == EEXIST else {
                throw Fault("repository.state", "\(current) cannot be made: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// A new folder that nobody else may enter, in the place for temporary ones.
    static func makeTemporary(_ name: String) throws(Fault) -> String {
        var template = Array("/tmp/\(name)-XXXXXX".utf8CString)
        guard template.withUnsafeMutableBufferPointer({ $0.baseAddress.map(mkdtemp) ?? nil }) != nil else {
            throw Fault("repository.state", "no folder can be made in /tmp: \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static func rename(_ from: String, to: String) throws(Fault) {
        guard Glibc.rename(from, to) == 0 else {
            throw Fault("repository.state", "\(from) cannot be renamed: \(String(cString: strerror(errno)))")
        }
    }

    /// Removes a folder that hostile code may have written to: any depth, any modes, links not followed.
    static func remove(_ path: String) async throws(Fault) {
        guard exists(path) else { return }
        for attempt in 0..<2 {
            let answer = try await ChildProcess(
                executable: "/usr/bin/rm", arguments: ["-rf", "--one-file-system", "--", path], wall: .seconds(300),
                outputMax: 1 << 20, keep: 4096
            ).run().0
            if answer.end == .exit(0), !exists(path) { return }
            guard attempt == 0 else {
                throw Fault("repository.state", "\(path) cannot be removed: \(firstLine(answer.standardError))")
            }
            // Folders without permissions for their owner; links are not followed by chmod -R.
            _ = try await ChildProcess(
                executable: "/usr/bin/chmod", arguments: ["-R", "u+rwX", "--", path], wall: .seconds(300),
                outputMax: 1 << 20, keep: 4096
            ).run()
        }
    }

    static func write(_ text: String, to path: String) throws(Fault) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        let bytes = Array(text.utf8)
        guard descriptor >= 0 else {
            throw Fault("repository.state", "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw Fault("repository.state", "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Nil where there is no such file; a link counts as none.
    static func read(_ path: String, max: Int = 1 << 16) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: max)
        var filled = 0
        while filled < max {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + filled, max - filled) }
            if count <= 0 { break }
            filled += count
        }
        return Array(bytes[..<filled])
    }
}
