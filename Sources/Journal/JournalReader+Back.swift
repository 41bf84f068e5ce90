import CSystemd
public import Model

extension JournalReader {
    /// The entries of a stretch of time, both ends included, the newest first, until `take` says no.
    ///
    /// `nextBatch` reads forwards only; whoever can take but so many entries gets the newest here. Damaged entries are
    /// passed over. Before anything else is read from this reader, it must `seek`.
    public func readBack(
        from: Timestamp, through: Timestamp, fields: Set<String>?, _ take: (LogEntry) -> Bool
    ) throws(Fault) {
        let filter = FieldFilter(fields)
        try check(sd_journal_seek_realtime_usec(handle.pointer, UInt64(max(0, through.microseconds))), "seek in")
        while true {
            let result = sd_journal_previous(handle.pointer)
            try check(result, "read")
            guard result > 0 else { return }
            let here = currentPlace()
            guard let at = here.at, let cursor = here.cursor, at <= through else { continue }
            guard at >= from else { return }
            let read = readFields(filter)
            // With matches, these come because we asked for them, not because they match.
            if read.isSuppression, read.isJournald, !matches.isEmpty { continue }
            guard take(LogEntry(cursor: cursor, at: at, fields: read.values)) else { return }
        }
    }
}
