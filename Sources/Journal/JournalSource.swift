public import Model

/// Which journal is read.
public enum JournalSource: Sendable, Hashable {
    /// This host's system journal, as `journalctl --system` reads it.
    case system
    /// The journal of the user that we run as, as `journalctl --user` reads it.
    case user
    case files([String])
    /// A directory of journal files, those in its subdirectories named by a machine ID included.
    case directory(String)
}

extension JournalSource: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system: "the system journal"
        case .user: "the user's journal"
        case .files(let paths): paths.count == 1 ? paths[0] : "\(paths.count) journal files"
        case .directory(let path): "the journal directory \(path)"
        }
    }
}

/// Where reading begins.
public enum JournalPosition: Sendable, Hashable {
    /// The oldest entry.
    case head
    /// After the newest entry: only what comes from now on.
    case tail
    case since(Timestamp)
    /// The first entry of the current boot.
    case boot
    /// After the entry that has this cursor.
    case cursor(String)
}

/// A point in a journal, as far as it is known.
public struct JournalPlace: Sendable, Hashable, Codable {
    public var cursor: String?
    public var at: Timestamp?

    public init(cursor: String? = nil, at: Timestamp? = nil) {
        self.cursor = cursor
        self.at = at
    }
}

/// Where reading really began.
public struct JournalStart: Sendable, Hashable {
    public var asked: JournalPosition
    /// The entry after which it began; nothing before the first entry of the journal.
    public var after: JournalPlace
    /// The first entry to be delivered, where there already is one.
    public var first: JournalPlace
    /// False where a cursor was asked for and its entry is gone.
    public var found: Bool
    /// A sentence for the log.
    public var text: String

    /// The position to keep, so that a restart before the first entry begins at the same point.
    public var cursor: String? { after.cursor }
}

/// Entries that exist, or existed, and that nobody will be shown.
public struct JournalGap: Sendable, Hashable, Codable {
    public enum Reason: String, Sendable, Codable {
        /// Removed by rotation before they were read.
        case vacuumed
        /// A whole file that cannot be read: not a journal, truncated, or not permitted.
        case unreadable
        /// Single entries or fields that are corrupt within a readable file.
        case damaged
        /// Dropped by journald's rate limit.
        case suppressed
    }

    /// The last entry before the gap.
    public var from: JournalPlace
    /// The first entry after it; for `suppressed`, the entry in which journald says so.
    public var to: JournalPlace
    public var reason: Reason
    /// How many entries are missing, where it is known.
    public var count: Int?
    /// A sentence.
    public var text: String

    public init(
        from: JournalPlace = JournalPlace(), to: JournalPlace = JournalPlace(), reason: Reason, count: Int? = nil,
        text: String
    ) {
        self.from = from
        self.to = to
        self.reason = reason
        self.count = count
        self.text = text
    }
}

/// Some entries in order, and the position after them.
public struct JournalBatch: Sendable {
    public var entries: [LogEntry]
    /// Commit it with what was counted of `entries`; nil while nothing was ever read.
    public var cursor: String?
    public var gaps: [JournalGap]
    /// In a follower's first batch: where it began.
    public var start: JournalStart?
    /// Age of the newest entry in the journal compared with the last one of this batch; zero at the end of the journal.
    public var lag: Duration
    /// There was nothing more to read when this batch was made.
    public var isAtEnd: Bool

    public init(
        entries: [LogEntry] = [], cursor: String? = nil, gaps: [JournalGap] = [], start: JournalStart? = nil,
        lag: Duration = .zero, isAtEnd: Bool = true
    ) {
        self.entries = entries
        self.cursor = cursor
        self.gaps = gaps
        self.start = start
        self.lag = lag
        self.isAtEnd = isAtEnd
    }
}
