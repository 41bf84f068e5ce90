import CSystemd
import Glibc
public import Model

/// Reads a journal in order, in bounded batches; to be used from one thread at a time.
///
/// Positions are cursors, which are opaque: to continue after one, the reader seeks to it, steps, and skips the entry only
/// where `sd_journal_test_cursor` says that it is the one. Nothing is skipped or delivered twice.
public final class JournalReader {
    /// How libsystemd's position relates to the next entry to deliver.
    enum Standing {
        /// On the entry before it.
        case after
        /// On it.
        case on
        /// A cursor was sought, and what the next step finds must be compared with it. If it is another entry and this is
        /// the first time that it was sought, something may have been lost.
        case seeking(String, isFirst: Bool)
    }

    public let source: JournalSource
    let matches: [String]
    var handle: JournalHandle
    var files: JournalFiles
    /// The last entry delivered, or after which delivery begins; nil before the first.
    var place: JournalPlace?
    /// Where to seek again while `place` is nil.
    var start: JournalPosition = .head
    var standing = Standing.after
    /// Gaps noticed and not yet delivered.
    var gaps: [JournalGap] = []
    /// How many entries were read of a recorded journal that is read whole; nil where they need not be all.
    var wholeCount: Int?

    /// The longest value that is read; longer ones are cut and named in the field `__TRUNCATED`.
    public static let valueMax = 65_536
    /// The message ID with which journald says that it suppressed messages.
    static let suppressedID = "a596d6fe7bfa4994828e72309e95d61e"
    /// How often a failing read is tried in all; the last ones with the journal opened anew.
    static let attemptsMax = 4

    /// - Parameter matches: `FIELD=value`, as for journalctl: values of one field are alternatives, different fields must
    ///   all match, and a `+` separates alternatives of whole groups.
    public init(_ source: JournalSource, matches: [String] = []) throws(Fault) {
        self.source = source
        self.matches = matches
        if case .files(let paths) = source {
            guard !paths.isEmpty else { throw Fault("journal.open", "no journal file was named") }
            for path in paths where access(path, F_OK) != 0 {
                throw Fault("journal.open", "cannot open \(path): \(String(cString: strerror(errno)))")
            }
        }
        files = JournalFiles(source)
        gaps = files.scan(readTo: nil, since: nil)
        if let result = files.refusalOfAll {
            // What is no journal may stand beside journals to come; what we were given by name, or may not see, is an error.
            var isFatal = result == -EACCES
            if case .files = source { isFatal = true }
            if isFatal { throw JournalHandle.fault(source, result) }
        }
        handle = try Self.open(Self.readable(source, files), matches)
    }

    /// Without those of the given files that cannot be read: one of them would keep libsystemd from opening the others.
    private static func readable(_ source: JournalSource, _ files: JournalFiles) -> JournalSource {
        if case .files(let paths) = source { .files(paths.filter { !files.isRefused($0) }) } else { source }
    }

    private static func open(_ source: JournalSource, _ matches: [String]) throws(Fault) -> JournalHandle {
        let handle = try JournalHandle.open(source)
        sd_journal_set_data_threshold(handle.pointer, valueMax + 256)
        for match in matches {
            if match == "+" {
                sd_journal_add_disjunction(handle.pointer)
            } else {
                let bytes = Array(match.utf8)
                guard sd_journal_add_match(handle.pointer, bytes, bytes.count) >= 0 else {
                    throw Fault(
                        "journal.match", "\"\(match)\" is not a journal match",
                        hint: "Write FIELD=value, such as _SYSTEMD_UNIT=nginx.service")
                }
            }
        }
        // Matches that a person asked for must not hide what journald has to say about itself.
        if !matches.isEmpty {
            sd_journal_add_disjunction(handle.pointer)
            let match = "MESSAGE_ID=\(suppressedID)"
            sd_journal_add_match(handle.pointer, match, match.utf8.count)
        }
        // Watches begin here, before the first read, so that no change goes unseen; a failure means a journal that
        // cannot change, or one that is looked at regularly.
        _ = sd_journal_get_fd(handle.pointer)
        return handle
    }

    /// Finds its place again after files came or went.
    func refresh() throws(Fault) {
        var since: Timestamp?
        if case .since(let time) = start { since = time }
        gaps += files.scan(readTo: place, since: since)
        try seekAgain()
    }

    /// Opens the journal anew and returns to the same position.
    func reopen() throws(Fault) {
        handle = try Self.open(Self.readable(source, files), matches)
        try seekAgain()
    }

    func fault(_ doing: String, _ result: Int32) -> Fault {
        Fault(
            "journal.read", "cannot \(doing) \(source): \(JournalHandle.reason(result))",
            hint: "`journalctl --verify` names the damaged file")
    }

    /// The entry on which the journal stands.
    func currentPlace() -> JournalPlace {
        var at: UInt64 = 0
        let hasTime = sd_journal_get_realtime_usec(handle.pointer, &at) >= 0
        return JournalPlace(cursor: currentCursor(), at: hasTime ? Timestamp(microseconds: Int64(clamping: at)) : nil)
    }

    func currentCursor() -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard sd_journal_get_cursor(handle.pointer, &text) >= 0, let text else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
