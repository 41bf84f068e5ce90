import CSystemd
import Glibc
public import Model

extension JournalReader {
    /// The entries from here on, as far as they fit; no entries at the end of the journal.
    ///
    /// - Parameters:
    ///   - entriesMax: at least 1.
    ///   - bytesMax: of names and values kept; one entry is delivered even where it alone is larger.
    ///   - fields: those to keep; nil for all.
    public func nextBatch(
        max entriesMax: Int, maxBytes bytesMax: Int, fields: Set<String>?
    ) throws(Fault) -> JournalBatch {
        try nextBatch(max: entriesMax, maxBytes: bytesMax, filter: FieldFilter(fields))
    }

    func nextBatch(max entriesMax: Int, maxBytes bytesMax: Int, filter: FieldFilter) throws(Fault) -> JournalBatch {
        var batch = JournalBatch()
        var bytes = 0
        var damaged = 0
        batch.isAtEnd = false
        let counted = files.count()
        while batch.entries.count < entriesMax, bytes < bytesMax {
            guard try advance() else {
                batch.isAtEnd = true
                noteEnd(counted)
                break
            }
            let here = currentPlace()
            guard let at = here.at, let cursor = here.cursor else {
                damaged += 1
                continue
            }
            let read = readFields(filter)
            bytes += read.bytes
            damaged += read.isDamaged ? 1 : 0
            wholeCount? += 1
            let isSuppression = read.isSuppression && read.isJournald
            // With matches, these come because we asked for them, not because they match.
            if !isSuppression || matches.isEmpty {
                batch.entries.append(LogEntry(cursor: cursor, at: at, fields: read.values))
            }
            if isSuppression {
                gaps.append(
                    JournalGap(
                        from: place ?? JournalPlace(), to: here, reason: .suppressed, count: read.dropped,
                        text: read.values["MESSAGE"] ?? "journald suppressed messages of a unit that logged too fast"))
            }
            place = here
        }
        if damaged > 0 {
            gaps.append(
                JournalGap(
                    to: place ?? JournalPlace(), reason: .damaged, count: damaged,
                    text: "\(damaged) entries are damaged and were read in part or not at all"))
        }
        batch.cursor = place?.cursor
        batch.lag = batch.isAtEnd ? .zero : lag()
        batch.gaps = gaps
        gaps = []
        return batch
    }

    /// The end of the journal was reached.
    ///
    /// libsystemd passes over damaged entries in silence: of a recorded journal that was read whole, fewer came than the
    /// headers of its files promise.
    func noteEnd(_ counted: [JournalFileHeader.ID: UInt64]) {
        files.noteEnd(counted)
        guard let read = wholeCount else { return }
        wholeCount = nil
        let promised = counted.values.reduce(0) { $0 + Int(clamping: $1) }
        guard promised > read else { return }
        gaps.append(
            JournalGap(
                to: place ?? JournalPlace(), reason: .damaged, count: promised - read,
                text: "\(promised - read) of \(promised) entries are damaged and cannot be read"))
    }

    /// Stands on the next entry to deliver; false at the end. A failing read is tried again a bounded number of times.
    func advance() throws(Fault) -> Bool {
        for attempt in 1..<Self.attemptsMax {
            do throws(Fault) {
                return try advanceOnce()
            } catch {
                // Lets go of files that were removed; a second failure opens everything anew.
                sd_journal_process(handle.pointer)
                if attempt == 1 { try seekAgain() } else { try reopen() }
            }
        }
        return try advanceOnce()
    }

    private func advanceOnce() throws(Fault) -> Bool {
        switch standing {
        case .after: return try next()
        case .on:
            standing = .after
            return true
        case .seeking:
            switch try settle() {
            case .end: return false
            case .other:
                standing = .after
                return true
            case .same:
                standing = .after
                return try next()
            }
        }
    }

    /// What was read of one entry.
    struct Fields {
        var values: [String: String] = [:]
        var bytes = 0
        var isDamaged = false
        var truncated: [String] = []
        var isSuppression = false
        var isJournald = false
        var dropped: Int?
    }

    func readFields(_ filter: FieldFilter) -> Fields {
        var fields = Fields()
        var data: UnsafeRawPointer?
        var size = 0
        sd_journal_restart_data(handle.pointer)
        while true {
            let result = sd_journal_enumerate_available_data(handle.pointer, &data, &size)
            guard result > 0, let data else {
                fields.isDamaged = result < 0
                break
            }
            let bytes = UnsafeRawBufferPointer(start: data, count: size)
            guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")),
                let name = filter.find(UnsafeRawBufferPointer(rebasing: bytes[..<equals]))
            else { continue }
            take(UnsafeRawBufferPointer(rebasing: bytes[(equals + 1)...]), as: name, into: &fields)
        }
        if !fields.truncated.isEmpty { fields.values["__TRUNCATED"] = fields.truncated.joined(separator: ",") }
        return fields
    }

    private func take(
        _ value: UnsafeRawBufferPointer, as name: (text: String, isWanted: Bool), into fields: inout Fields
    ) {
        switch name.text {
        case "MESSAGE_ID": fields.isSuppression = value.elementsEqual(Self.suppressedID.utf8)
        case "_TRANSPORT": fields.isJournald = value.elementsEqual("driver".utf8)
        case "N_DROPPED": fields.dropped = Int(String(decoding: value, as: UTF8.self))
        default: break
        }
        guard name.isWanted, fields.values[name.text] == nil else { return }
        var kept = value
        if value.count > Self.valueMax {
            fields.truncated.append(name.text)
            var end = Self.valueMax
            while end > Self.valueMax - 4, value[end] & 0xC0 == 0x80 { end -= 1 }
            kept = UnsafeRawBufferPointer(rebasing: value[..<end])
        }
        fields.values[name.text] = String(decoding: kept, as: UTF8.self)
        fields.bytes += name.text.utf8.count + kept.count
    }

    /// How much older the last delivered entry is than the newest of the journal.
    func lag() -> Duration {
        var newest: UInt64 = 0
        guard let at = place?.at, sd_journal_get_cutoff_realtime_usec(handle.pointer, nil, &newest) > 0 else {
            return .zero
        }
        return max(.zero, Timestamp(microseconds: Int64(clamping: newest)) - at)
    }
}
