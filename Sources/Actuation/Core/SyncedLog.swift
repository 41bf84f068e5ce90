import FoundationEssentials
import Glibc
import Model
import Text

/// An append-only file of records, a JSON line each, with a checksum; what `append` returned from is on disk.
///
/// A last line that is torn or damaged was never acted upon: it is cut off when the file is opened. Damage anywhere else
/// is a fault, and the executor does not start. The file is locked, so two executors never share one.
final class SyncedLog {
    private let path: String
    private var file: Int32
    /// Bytes that are known to be good and on disk.
    private(set) var length: Int
    private(set) var lastNumber: Int
    private var isDamaged = false
    private let sync: @Sendable (Int32) -> Bool

    private static let sumPrefix = Array(#"{"sum":""#.utf8)
    private static let sumLength = 16

    private init(path: String, file: Int32, sync: @escaping @Sendable (Int32) -> Bool) {
        self.path = path
        self.file = file
        self.sync = sync
        length = 0
        lastNumber = 0
    }

    deinit { close(file) }

    /// Opens or creates the log in a directory and hands over what it holds, oldest first.
    static func open(
        directory: String, sync: @escaping @Sendable (Int32) -> Bool = { fdatasync($0) == 0 },
        each: (NumberedRecord) -> Void
    ) throws(Fault) -> SyncedLog {
        let path = directory + "/actions.log"
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("cannot be opened", path) }
        let log = SyncedLog(path: path, file: file, sync: sync)
        guard Self.lock(file) else {
            throw Fault("executor.locked", "\(path) is in use by another executor", hint: "Only one may run.")
        }
        try log.replay(each)
        try log.syncDirectory(directory)
        return log
    }

    /// Tries for half a second: one that has just ended may live on for a moment in a process that it was starting.
    private static func lock(_ file: Int32) -> Bool {
        for _ in 0..<20 {
            if flock(file, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK || errno == EINTR else { return false }
            usleep(25_000)
        }
        return false
    }

    /// Writes and syncs one record. After a failure the record does not exist: the next call first cuts off what may have
    /// been written of it.
    func append(_ record: Record, at stamp: Stamp) throws(Fault) -> Int {
        if isDamaged {
            guard ftruncate(file, length) == 0, sync(file) else {
                throw Self.failure("cannot be repaired", path)
            }
            isDamaged = false
        }
        let line = try Self.line(NumberedRecord(number: lastNumber + 1, at: stamp, record: record))
        isDamaged = true
        try Self.writeAll(line, to: file, path)
        guard sync(file) else { throw Self.failure("cannot be synced", path) }
        isDamaged = false
        length += line.count
        lastNumber += 1
        return lastNumber
    }

    /// All that it holds, oldest first.
    func records() throws(Fault) -> [NumberedRecord] {
        guard lseek(file, 0, SEEK_SET) == 0 else { throw Self.failure("cannot be read", path) }
        return try readAll().split(separator: 0x0A).compactMap { Self.record($0) }
    }

    /// Replaces the file by one with only these records, which keep their numbers.
    func rewrite(_ records: [NumberedRecord], directory: String) throws(Fault) {
        let fresh = path + ".new"
        let newFile = Glibc.open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard newFile >= 0 else { throw Self.failure("cannot be created", fresh) }
        var bytes: [UInt8] = []
        do throws(Fault) {
            for record in records { bytes += try Self.line(record) }
            try Self.writeAll(bytes, to: newFile, fresh)
            guard flock(newFile, LOCK_EX | LOCK_NB) == 0, fsync(newFile) == 0, rename(fresh, path) == 0 else {
                throw Self.failure("cannot take the place of the old log", fresh)
            }
        } catch {
            close(newFile)
            throw error
        }
        close(file)
        file = newFile
        length = bytes.count
        try syncDirectory(directory)
    }

    // MARK: Reading

    private func replay(_ each: (NumberedRecord) -> Void) throws(Fault) {
        let bytes = try readAll()
        var start = 0
        var lineNumber = 0
        while start < bytes.count {
            lineNumber += 1
            let end = bytes[start...].firstIndex(of: 0x0A)
            guard let end, let record = Self.record(bytes[start..<end]), record.number > lastNumber else {
                let isLast = end.map { $0 + 1 == bytes.count } ?? true
                guard isLast else {
                    throw Fault(
                        "executor.log", "\(path) is damaged in line \(lineNumber), and more follows",
                        hint: "Look at it, then move it away: budgets and keys begin anew.")
                }
                guard ftruncate(file, start) == 0, sync(file) else {
                    throw Self.failure("cannot be repaired", path)
                }
                break
            }
            each(record)
            lastNumber = record.number
            start = end + 1
        }
        length = start
    }

    private func readAll() throws(Fault) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("cannot be read", path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    // MARK: Lines

    /// `{"sum":"16 HEX", …}` with the sum over what follows it.
    private static func line(_ record: NumberedRecord) throws(Fault) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body: [UInt8]
        do {
            body = Array(try encoder.encode(record))
        } catch {
            throw Fault("executor.log", "A record cannot be written as JSON")
        }
        let rest = Array("\",".utf8) + body.dropFirst()
        return sumPrefix + sum(rest[...]) + rest + [0x0A]
    }

    /// Nil for a line that is torn or whose sum is not right.
    private static func record(_ line: ArraySlice<UInt8>) -> NumberedRecord? {
        guard line.starts(with: sumPrefix), line.count > sumPrefix.count + sumLength else { return nil }
        let rest = line.dropFirst(sumPrefix.count + sumLength)
        guard line.dropFirst(sumPrefix.count).prefix(sumLength).elementsEqual(sum(rest)) else { return nil }
        return try? JSONDecoder().decode(NumberedRecord.self, from: Data(line))  // nil says that it is no record
    }

    private static func sum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(Digest.sha256(bytes).utf8.prefix(sumLength))
    }

    // MARK: Files

    private static func writeAll(_ bytes: [UInt8], to file: Int32, _ path: String) throws(Fault) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot be written", path) }
            written += count
        }
    }

    private func syncDirectory(_ directory: String) throws(Fault) {
        let handle = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0, fsync(handle) == 0 else { throw Self.failure("cannot be synced", directory) }
        close(handle)
    }

    private static func failure(_ what: String, _ path: String) -> Fault {
        Fault(
            "executor.log", "\(path) \(what): \(String(cString: strerror(errno)))",
            hint: "Nothing is begun until it can.")
    }
}
