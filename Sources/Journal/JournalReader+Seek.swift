import CSystemd
import Glibc
public import Model

extension JournalReader {
    /// Goes to a position; the next batch begins there.
    @discardableResult
    public func seek(_ position: JournalPosition) throws(Fault) -> JournalStart {
        place = nil
        start = position
        standing = .after
        wholeCount = nil
        switch position {
        case .head:
            try check(sd_journal_seek_head(handle.pointer), "seek in")
            try lookAhead()
            switch source {
            case .files, .directory: wholeCount = matches.isEmpty ? 0 : nil
            case .system, .user: break
            }
            return started("begins with the oldest entry")
        case .tail: return try seekTail()
        case .since(let time):
            try seek(realtime: time)
            return started("begins at \(time)")
        case .boot: return try seekBoot()
        case .cursor(let cursor):
            return try seek(after: JournalPlace(cursor: cursor, at: CursorWords(cursor).time), isFirst: true)
        }
    }

    /// Goes back to where reading stands, after files came or went.
    func seekAgain() throws(Fault) {
        guard let place, place.cursor != nil else {
            try seek(start)
            return
        }
        var isFirst = false
        if case .seeking(_, isFirst: true) = standing { isFirst = true }
        try seek(after: place, isFirst: isFirst)
    }

    private func seekTail() throws(Fault) -> JournalStart {
        try check(sd_journal_seek_tail(handle.pointer), "seek in")
        let result = sd_journal_previous(handle.pointer)
        try check(result, "read")
        guard result > 0 else {
            // All entries of an empty journal are still to come, but a file that appears later may bring old ones.
            let now = Self.clock(CLOCK_REALTIME)
            start = .since(Timestamp(microseconds: now))
            try seek(realtime: Timestamp(microseconds: now))
            return started("begins now, with an empty journal", asked: .tail)
        }
        place = currentPlace()
        files.noteEnd(files.count())
        return started("begins after the newest entry")
    }

    private func seekBoot() throws(Fault) -> JournalStart {
        var boot = sd_id128_t()
        try check(sd_id128_get_boot(&boot), "find this boot in")
        try check(sd_journal_seek_monotonic_usec(handle.pointer, boot, 0), "seek in")
        try lookAhead()
        if case .on = standing {
            var ignored: UInt64 = 0
            var found = sd_id128_t()
            if sd_journal_get_monotonic_usec(handle.pointer, &ignored, &found) >= 0,
                withUnsafeBytes(of: found, Array.init) == withUnsafeBytes(of: boot, Array.init)
            {
                return started("begins with the first entry of this boot")
            }
        }
        // Nothing of this boot is in the journal yet: what comes will be newer than the boot itself.
        let booted = Timestamp(microseconds: Self.clock(CLOCK_REALTIME) - Self.clock(CLOCK_BOOTTIME))
        start = .since(booted)
        standing = .after
        try seek(realtime: booted)
        return started("begins at \(booted), when this boot began", asked: .boot)
    }

    @discardableResult
    private func seek(after place: JournalPlace, isFirst: Bool) throws(Fault) -> JournalStart {
        guard let cursor = place.cursor, sd_journal_seek_cursor(handle.pointer, cursor) >= 0 else {
            throw Fault(
                "journal.cursor", "\"\(place.cursor ?? "")\" is not a journal cursor",
                hint: "Positions must be kept exactly as journald gave them")
        }
        self.place = place
        standing = .seeking(cursor, isFirst: isFirst)
        switch try settle() {
        case .same:
            standing = .after
            self.place = currentPlace()
            return started("continues after the last entry that was read")
        case .other:
            standing = .on
            return started("continues, but the last entry that was read is gone", found: false)
        case .end: return started("waits for entries: there is none as new as the last that was read", found: false)
        }
    }

    private func seek(realtime: Timestamp) throws(Fault) {
        try check(sd_journal_seek_realtime_usec(handle.pointer, UInt64(max(0, realtime.microseconds))), "seek in")
        try lookAhead()
    }

    private func lookAhead() throws(Fault) { if try next() { standing = .on } }

    enum Settled { case same, other, end }

    /// Steps for the first time after a cursor was sought, and compares.
    func settle() throws(Fault) -> Settled {
        guard case .seeking(let cursor, let isFirst) = standing, try next() else { return .end }
        if sd_journal_test_cursor(handle.pointer, cursor) > 0 { return .same }
        let here = currentPlace()
        // Where the next entry follows directly, the one sought was removed after it had been read: nothing is lost. After
        // the first time, it is `files` that knows whether something was.
        if isFirst, !CursorWords(cursor).isFollowed(by: CursorWords(here.cursor ?? "")) {
            gaps.append(
                JournalGap(
                    from: place ?? JournalPlace(), to: here, reason: .vacuumed,
                    text: "the journal was rotated away before all of it was read"))
        }
        return .other
    }

    func next() throws(Fault) -> Bool {
        let result = sd_journal_next(handle.pointer)
        try check(result, "read")
        return result > 0
    }

    private func started(_ text: String, asked: JournalPosition? = nil, found: Bool = true) -> JournalStart {
        var first = JournalPlace()
        if case .on = standing { first = currentPlace() }
        return JournalStart(
            asked: asked ?? start, after: place ?? JournalPlace(), first: first, found: found,
            text: "\(source) \(text)")
    }

    func check(_ result: Int32, _ doing: String) throws(Fault) {
        if result < 0 { throw fault(doing, result) }
    }

    /// Microseconds.
    private static func clock(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

/// What a cursor says, best effort, since cursors are opaque: only used to see that nothing is missing, and to tell when.
private struct CursorWords {
    private let words: [Substring]

    init(_ cursor: String) { words = cursor.split(separator: ";") }

    private func text(_ key: String) -> Substring? { words.first { $0.hasPrefix(key + "=") }?.dropFirst(2) }
    private func number(_ key: String) -> UInt64? { text(key).flatMap { UInt64($0, radix: 16) } }

    var time: Timestamp? {
        number("t").flatMap { Int64(exactly: $0) }.map { Timestamp(microseconds: $0) }
    }

    /// The other entry got the next number of the same journald.
    func isFollowed(by other: CursorWords) -> Bool {
        guard let source = text("s"), source == other.text("s"), let number = number("i") else { return false }
        return number &+ 1 == other.number("i")
    }
}
