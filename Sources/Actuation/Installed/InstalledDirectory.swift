import CSystemd
import Glibc
public import Model
import Runbooks
import Synchronization

/// The directory that `nightshift runbooks install` writes: `installed.yaml`, and a file for each runbook named by its
/// digest, so that replacing the one file `installed.yaml` replaces the whole set at once.
///
/// Files that somebody other than root (or this process's own user) could have written are not believed.
public final class InstalledDirectory: InstalledSource {
    public static let standardPath = "/etc/nightshift/installed"
    static let indexName = "installed.yaml"

    public let path: String
    private let cache = Mutex<(mark: FileMark, set: InstalledSet)?>(nil)

    public init(path: String = standardPath) { self.path = path }

    /// Reads again when `installed.yaml` was replaced. No such file: nothing is installed.
    public func current() throws(Fault) -> InstalledSet {
        let index = path + "/" + Self.indexName
        guard let mark = try FileMark(index) else { return .empty }
        if let cached = cache.withLock({ $0 }), cached.mark == mark { return cached.set }
        let set = try read()
        cache.withLock { $0 = (mark, set) }
        return set
    }

    static func fileName(_ runbook: String, _ digest: String) -> String { "\(runbook).\(digest.prefix(12)).yaml" }

    private func read() throws(Fault) -> InstalledSet {
        guard let text = try TrustedFile.read(path + "/" + Self.indexName) else { return .empty }
        do {
            let settings = try InstalledSettings.parse(text, file: path + "/" + Self.indexName)
            var runbooks: [Runbook] = []
            for (name, digest) in settings.runbooks {
                let file = path + "/" + Self.fileName(name, digest)
                guard let text = try TrustedFile.read(file) else {
                    throw Fault("installed.missing", "\(file) is not there", hint: Self.hint)
                }
                let runbook = try Runbook.parse(text, file: file)
                guard runbook.name == name, runbook.digest == digest else {
                    throw Fault("installed.digest", "\(file) is not the runbook that was installed", hint: Self.hint)
                }
                runbooks.append(runbook)
            }
            return InstalledSet(settings: settings, runbooks: runbooks)
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault("installed.invalid", "What is installed cannot be read: \(error)", hint: Self.hint)
        }
    }

    private static let hint = "Run nightshift runbooks install again."
}

/// Tells one version of a file from another.
struct FileMark: Equatable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let changed: [Int]

    /// Nil when there is no such file.
    init?(_ path: String) throws(Fault) {
        var found = stat()
        guard lstat(path, &found) == 0 else {
            guard errno == ENOENT else {
                throw Fault("installed.unreadable", "\(path) cannot be looked up (error \(errno))")
            }
            return nil
        }
        device = UInt(found.st_dev)
        inode = UInt(found.st_ino)
        size = Int(found.st_size)
        changed = [Int(found.st_ctim.tv_sec), Int(found.st_ctim.tv_nsec)]
    }
}

/// Reads files that only root, or this process's own user, can have written.
enum TrustedFile {
    static let sizeMax = 1 << 20

    /// Nil when there is no such file.
    static func read(_ path: String) throws(Fault) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            guard errno == ENOENT else {
                throw Fault("installed.unreadable", "\(path) cannot be opened (error \(errno))")
            }
            return nil
        }
        defer { close(file) }
        var found = stat()
        guard fstat(file, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
            throw Fault("installed.unreadable", "\(path) is not a plain file")
        }
        guard found.st_uid == 0 || found.st_uid == geteuid(), found.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw Fault("installed.owner", "\(path) can be written by others than root, so it is not believed")
        }
        guard found.st_size <= sizeMax else { throw Fault("installed.size", "\(path) is larger than 1 MiB") }
        var bytes = [UInt8](repeating: 0, count: Int(found.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes[filled...].withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Fault("installed.unreadable", "\(path) cannot be read (error \(errno))") }
            filled += count
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault("installed.unreadable", "\(path) is not UTF-8 text")
        }
        return text
    }
}
