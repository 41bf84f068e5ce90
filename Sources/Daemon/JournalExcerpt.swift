import Actuation
import Journal
import Model

/// The last entries about a unit in a stretch of time, read from the journal itself.
struct JournalExcerpt: Sendable {
    /// The newest entries, oldest first.
    var entries: [LogEntry] = []
    /// How many entries there were.
    var found = 0
    /// Whether reading stopped before the end of the stretch.
    var isCut = false

    /// Entries that are looked at for one excerpt, and those that are kept of a journal.
    static let readMax = 50_000
    static let fields = LogEntry.coreFields.union(["SYSLOG_IDENTIFIER", "MESSAGE_ID", "JOB_RESULT"])

    /// Reads on a thread of its own; `unit` nil for entries of every unit.
    static func read(
        _ source: JournalSource, unit: String?, from: Timestamp, through: Timestamp, keeping: Int
    ) async throws(Fault) -> JournalExcerpt {
        try await DetachedThread.value { () throws(Fault) in
            let reader = try JournalReader(source, matches: unit.map(matches) ?? [])
            try reader.seek(.since(from))
            var excerpt = JournalExcerpt()
            while true {
                let batch = try reader.nextBatch(max: 1000, maxBytes: 1 << 20, fields: fields)
                for entry in batch.entries {
                    guard entry.at <= through else { return excerpt }
                    excerpt.found += 1
                    excerpt.entries.append(entry)
                }
                excerpt.entries.removeFirst(max(0, excerpt.entries.count - keeping))
                if batch.isAtEnd { return excerpt }
                guard excerpt.found < readMax else {
                    excerpt.isCut = true
                    return excerpt
                }
            }
        }
    }

    /// What the unit itself logged, and what PID 1 says of it.
    private static func matches(_ unit: String) -> [String] {
        ["_SYSTEMD_UNIT=\(unit)", "+", "_SYSTEMD_USER_UNIT=\(unit)", "+", "_PID=1", "UNIT=\(unit)"]
    }
}
