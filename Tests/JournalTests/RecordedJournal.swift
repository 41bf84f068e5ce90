import Foundation
import Model

/// Makes real journal files with Debian's `systemd-journal-remote`, which converts the export format.
enum RecordedJournal {
    static let converter = "/lib/systemd/systemd-journal-remote"

    struct Missing: Error, CustomStringConvertible {
        var description: String { "\(converter) is missing: apt-get install systemd-journal-remote" }
    }

    struct Entry {
        var at: Int64
        var fields: [(String, [UInt8])]

        init(at: Int64, _ fields: [(String, String)]) {
            self.at = at
            self.fields = fields.map { ($0.0, Array($0.1.utf8)) }
        }
        init(at: Int64, bytes: [(String, [UInt8])]) {
            self.at = at
            fields = bytes
        }
    }

    static let boot = "0123456789abcdef0123456789abcdef"
    /// 2026-11-24T03:00:00Z
    static let begin: Int64 = 1_795_489_200_000_000

    /// `count` entries a second apart, with MESSAGE `NAME 0`, `NAME 1`, ...
    static func numbered(_ name: String, _ count: Int, from: Int64 = begin, _ more: [(String, String)] = []) -> [Entry]
    {
        (0..<count).map { Entry(at: from + Int64($0) * 1_000_000, [("MESSAGE", "\(name) \($0)")] + more) }
    }

    static func export(_ entries: [Entry], boot: String = boot) -> [UInt8] {
        var out: [UInt8] = []
        for entry in entries {
            out += "__REALTIME_TIMESTAMP=\(entry.at)\n__MONOTONIC_TIMESTAMP=\(entry.at - begin + 5_000_000)\n".utf8
            out += "_BOOT_ID=\(boot)\n".utf8
            for (name, value) in entry.fields {
                out += name.utf8
                if value.allSatisfy({ $0 >= 32 && $0 < 127 }) {
                    out.append(UInt8(ascii: "="))
                    out += value
                } else {
                    out.append(UInt8(ascii: "\n"))
                    withUnsafeBytes(of: UInt64(value.count).littleEndian) { out += $0 }
                    out += value
                }
                out.append(UInt8(ascii: "\n"))
            }
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }

    /// Writes a journal file that is complete when this returns.
    static func write(_ entries: [Entry], to path: String, boot: String = boot) throws {
        let writer = try Writer(path)
        try writer.append(entries, boot: boot)
        try writer.finish()
    }

    /// A journal that is being written: entries come one call after the other.
    final class Writer {
        private let input: Int32
        private let process: pid_t
        private var isFinished = false

        init(_ path: String) throws {
            guard access(converter, X_OK) == 0 else { throw Missing() }
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw Failed(what: "pipe", code: errno) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
            // Nothing else of this process: a socket or a pipe kept open there would never be seen to close here.
            for descriptor: Int32 in 3..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
            let words = [converter, "--output=\(path)", "-"].map { (word: String) in strdup(word) }
            let arguments: [UnsafeMutablePointer<CChar>?] = words + [nil]
            defer { for word in words { free(word) } }
            var child = pid_t()
            let result = posix_spawn(&child, converter, &actions, nil, arguments, environ)
            close(ends[0])
            guard result == 0 else { throw Failed(what: "start \(converter)", code: result) }
            (input, process) = (ends[1], child)
        }

        struct Failed: Error {
            var what: String
            var code: Int32
        }

        func append(_ entries: [Entry], boot: String = boot) throws {
            let bytes = export(entries, boot: boot)
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Foundation.write(input, $0.baseAddress! + written, bytes.count - written)
                }
                guard count > 0 else { throw Failed(what: "write", code: errno) }
                written += count
            }
        }

        /// Where a test ended early: the converter must not wait for more.
        deinit {
            guard !isFinished else { return }
            close(input)
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }

        func finish() throws {
            isFinished = true
            close(input)
            var status: Int32 = 0
            guard waitpid(process, &status, 0) == process, status == 0 else {
                throw Failed(what: "convert", code: status)
            }
        }
    }
}

/// A directory that goes away with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/nightshift-journal-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RecordedJournal.Writer.Failed(what: "mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Pages of zeros become holes, since a journal file is mostly such.
    func write(_ bytes: [UInt8], to name: String) {
        let descriptor = open(file(name), O_CREAT | O_WRONLY | O_TRUNC, 0o644)
        defer { close(descriptor) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        bytes.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 4096) {
                let count = min(4096, bytes.count - start)
                if memcmp(bytes.baseAddress! + start, zeros, count) == 0 { continue }
                _ = pwrite(descriptor, bytes.baseAddress! + start, count, start)
            }
        }
        ftruncate(descriptor, bytes.count)
    }

    func read(_ name: String) -> [UInt8] {
        let descriptor = open(file(name), O_RDONLY)
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = pread(descriptor, buffer.baseAddress, size, 0)
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)  // what stays behind in /tmp harms no test
    }
}
