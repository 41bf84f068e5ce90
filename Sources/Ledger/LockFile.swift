internal import Glibc
internal import Model

/// An exclusive lock on a path for as long as this object lives; the kernel drops it when the process dies.
///
/// The file holds the PID of who has it. It is never deleted: a new file under the old name would be a second lock.
final class LockFile: Sendable {
    private let descriptor: CInt

    /// Refuses with `ledger.locked` where another process, or this one, holds it already.
    init(path: String, what: String) throws(Fault) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Fault(
                "ledger.open", "the lock file \(path) cannot be opened: \(systemError())",
                hint: "The state directory must exist and belong to the user that runs Nightshift.")
        }
        var tries = 1
        // One that has just ended may live on for a moment in a process that it was starting.
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let error = errno
            if error == EWOULDBLOCK, tries < 20 {
                tries += 1
                usleep(25_000)
                continue
            }
            let holder = Self.holder(descriptor)
            Glibc.close(descriptor)
            guard error == EWOULDBLOCK else {
                throw Fault("ledger.open", "the lock file \(path) cannot be locked: \(systemError(error))")
            }
            throw Fault(
                "ledger.locked", "\(what) is in use by \(holder)",
                hint: "Only one Nightshift may run on a ledger: stop the other, or give this one its own `state`.")
        }
        self.descriptor = descriptor
        // The PID is only there for the sentence above: on a full disk it stays unwritten, and the lock holds all the
        // same.
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    deinit { Glibc.close(descriptor) }

    private static func holder(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (48...57).contains($0) }
        return digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}

/// The system's words for an error number: `No space left on device`.
func systemError(_ number: CInt = errno) -> String { String(cString: strerror(number)) }
