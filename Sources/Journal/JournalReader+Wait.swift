import CSystemd
import Glibc
public import Model

extension JournalReader {
    public enum WaitResult: Sendable, Hashable {
        /// The time ran out, or nothing that concerns this journal happened.
        case nothing
        case appended
        /// Files came or went; the reader has already found its place again.
        case invalidated
        /// `interrupt` became readable.
        case interrupted
    }

    /// Waits until the journal changes, at most `timeout`.
    ///
    /// - Parameter interrupt: a file descriptor that ends the waiting when it becomes readable.
    public func wait(timeout: Duration, interrupt: Int32? = nil) throws(Fault) -> WaitResult {
        let watch = sd_journal_get_fd(handle.pointer)
        var events = [
            pollfd(fd: interrupt ?? -1, events: Int16(POLLIN), revents: 0),
            // A negative descriptor is ignored: a journal that cannot be watched is looked at again and again.
            pollfd(fd: watch, events: Int16(sd_journal_get_events(handle.pointer)), revents: 0),
        ]
        let milliseconds = min(max(0, timeout.milliseconds), watch < 0 ? 250 : ownTimeout())
        let count = poll(&events, 2, Int32(clamping: milliseconds))
        guard count >= 0 || errno == EINTR else {
            throw Fault("journal.wait", "cannot wait for \(source): \(String(cString: strerror(errno)))")
        }
        if count > 0, events[0].revents != 0 { return .interrupted }
        let change = sd_journal_process(handle.pointer)
        try check(change, "follow")
        switch change {
        case Int32(SD_JOURNAL_APPEND): return .appended
        case Int32(SD_JOURNAL_INVALIDATE):
            try refresh()
            return .invalidated
        default: return .nothing
        }
    }

    /// Milliseconds after which libsystemd wants to look for itself, as on a network file system.
    private func ownTimeout() -> Int64 {
        var when: UInt64 = 0
        guard sd_journal_get_timeout(handle.pointer, &when) > 0, when != .max else { return .max }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return max(0, Int64(clamping: when) / 1000 - Int64(now.tv_sec) * 1000 - Int64(now.tv_nsec) / 1_000_000 + 1)
    }
}
