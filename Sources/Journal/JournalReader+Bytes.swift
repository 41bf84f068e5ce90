import CSystemd
import Glibc
import Model

/// Reading entry by entry on bytes, without a String for each field.
extension JournalReader {
    /// Goes on to the next entry; false at the end, after which `takeGaps` tells what was missing.
    ///
    /// Not to be mixed with `nextBatch`.
    func nextEntry() throws(Fault) -> Bool {
        switch standing {
        case .on: standing = .after
        case .seeking: if try !advance() { return atEnd() }
        case .after:
            var result = sd_journal_next(handle.pointer)
            for _ in 1..<Self.attemptsMax where result < 0 {
                sd_journal_process(handle.pointer)
                result = sd_journal_next(handle.pointer)
            }
            try check(result, "read")
            if result == 0 { return atEnd() }
        }
        wholeCount? += 1
        return true
    }

    private func atEnd() -> Bool {
        noteEnd(files.count())
        return false
    }

    func takeGaps() -> [JournalGap] {
        defer { gaps = [] }
        return gaps
    }

    /// Microseconds since the epoch; nil for a damaged entry.
    var entryTime: UInt64? {
        var time: UInt64 = 0
        return sd_journal_get_realtime_usec(handle.pointer, &time) >= 0 ? time : nil
    }

    /// Calls `body` with `NAME=value` for each field until it returns false; the bytes are valid only within the call.
    @inline(__always)
    func forEachField(_ body: (UnsafeRawBufferPointer) -> Bool) {
        var data: UnsafeRawPointer?
        var size = 0
        sd_journal_restart_data(handle.pointer)
        while sd_journal_enumerate_available_data(handle.pointer, &data, &size) > 0 {
            if !body(UnsafeRawBufferPointer(start: data, count: size)) { return }
        }
    }

    /// True where there are files and none of them can be read.
    public var isUnreadable: Bool { files.refusalOfAll != nil }

    /// The largest value that is read when all of it counts.
    func readValuesWhole() { sd_journal_set_data_threshold(handle.pointer, 64 << 20) }
}
