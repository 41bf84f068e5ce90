import Actuation
import Journal
import Model

/// Entries of a stretch of time around a moment, read from the journal itself: those nearest to it, and how many there were.
struct JournalExcerpt: Sendable {
    /// One side of the moment; its entries begin with the nearest.
    struct Side: Sendable {
        var entries: [LogEntry] = []
        /// How many there are, as far as they were counted.
        var found = 0
        /// Whether counting stopped before the end of the stretch.
        var isCut = false

        /// False once no more are counted.
        mutating func take(_ entry: LogEntry, keeping: Int, readMax: Int) -> Bool {
            guard found < readMax else {
                isCut = true
                return false
            }
            found += 1
            if entries.count < keeping { entries.append(entry) }
            return true
        }
    }

    var before = Side()
    var after = Side()

    /// Those that were kept, oldest first.
    var entries: [LogEntry] { before.entries.reversed() + after.entries }
    var found: Int { before.found + after.found }
    var isCut: Bool { before.isCut || after.isCut }

    /// `7`, or `more than 50000`.
    var count: String { "\(isCut ? "more than " : "")\(found)" }

    /// Says what was not kept; nil where all was.
    var omission: String? {
        let kept = entries
        guard kept.count < found || isCut, let first = kept.first, let last = kept.last else { return nil }
        return "too many to look at: only the \(kept.count) nearest to the incident were, "
            + "from \(first.at) through \(last.at); nothing is known here of the others"
    }

    /// Entries that are counted on one side.
    static let readMax = 50_000
    static let fields = LogEntry.coreFields.union(["SYSLOG_IDENTIFIER", "MESSAGE_ID", "JOB_RESULT"])

    /// Reads on a thread of its own.
    ///
    /// - Parameters:
    ///   - matches: as the reader takes them; none for every entry.
    ///   - around: the moment; nil for the end of the stretch.
    ///   - keeping: so many entries of each side.
    static func read(
        _ source: JournalSource, matches: [String], from: Timestamp, around: Timestamp? = nil, through: Timestamp,
        keeping: Int, readMax: Int = readMax
    ) async throws(Fault) -> JournalExcerpt {
        try await DetachedThread.value { () throws(Fault) in
            var excerpt = JournalExcerpt()
            let instant = Duration.microseconds(1)
            let middle = around ?? through + instant
            let backwards = try JournalReader(source, matches: matches)
            try backwards.readBack(from: from, through: min(through, middle - instant), fields: fields) { entry in
                excerpt.before.take(entry, keeping: keeping, readMax: readMax)
            }
            guard middle <= through else { return excerpt }
            let reader = try JournalReader(source, matches: matches)
            try reader.seek(.since(max(from, middle)))
            while true {
                let batch = try reader.nextBatch(max: 1000, maxBytes: 1 << 20, fields: fields)
                for entry in batch.entries {
                    guard entry.at <= through, excerpt.after.take(entry, keeping: keeping, readMax: readMax) else {
                        return excerpt
                    }
                }
                if batch.isAtEnd { return excerpt }
            }
        }
    }

    /// What the unit itself logged, and what PID 1 says of it.
    static func about(_ unit: String) -> [String] {
        ["_SYSTEMD_UNIT=\(unit)", "+", "_SYSTEMD_USER_UNIT=\(unit)", "+"] + saidBySystemd(of: unit)
    }

    /// What PID 1 says of the unit, and nothing that the unit itself writes.
    static func saidBySystemd(of unit: String) -> [String] { ["_PID=1", "UNIT=\(unit)"] }
}
