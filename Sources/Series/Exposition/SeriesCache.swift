import Glibc

/// What was made of a series as a target wrote it, found again by its bytes without making a String of them.
///
/// One per target. A round is a scrape: what was found or added in the round before but not in this one has vanished.
public struct SeriesCache<Entry: Sendable>: Sendable {
    private struct Slot: Sendable {
        let hash: Int
        let start: Int
        let length: Int
        var entry: Entry
        var round: UInt32
    }

    private var slots: [Slot] = []
    /// Open addressing over `slots`, -1 where free; at most half full.
    private var table: [Int32] = Array(repeating: -1, count: 64)
    private var bytes: [UInt8] = []
    private var round: UInt32 = 1

    public init() {}

    public var count: Int { slots.count }

    /// The entry of the series with these bytes, marked as met in this round.
    public mutating func find(_ series: UnsafeRawBufferPointer) -> Entry? {
        let index = Int(table[position(of: series, Self.hash(series))])
        guard index >= 0 else { return nil }
        slots[index].round = round
        return slots[index].entry
    }

    /// Adds or replaces an entry, marked as met in this round.
    public mutating func insert(_ series: UnsafeRawBufferPointer, _ entry: Entry) {
        let hash = Self.hash(series)
        let position = position(of: series, hash)
        let index = Int(table[position])
        if index >= 0 {
            slots[index].entry = entry
            slots[index].round = round
            return
        }
        table[position] = Int32(slots.count)
        slots.append(Slot(hash: hash, start: bytes.count, length: series.count, entry: entry, round: round))
        bytes.append(contentsOf: series)
        if slots.count * 2 > table.count { rebuildTable() }
    }

    /// Ends the round and begins the next; the entries that were not met in it are returned and forgotten.
    public mutating func endRound() -> [Entry] {
        let ended = round
        round &+= 1
        guard slots.contains(where: { $0.round != ended }) else { return [] }
        let vanished = slots.filter { $0.round != ended }.map(\.entry)
        let kept = slots.filter { $0.round == ended }
        let old = bytes
        slots = []
        bytes = []
        for slot in kept {
            slots.append(
                Slot(hash: slot.hash, start: bytes.count, length: slot.length, entry: slot.entry, round: slot.round))
            bytes.append(contentsOf: old[slot.start..<slot.start + slot.length])
        }
        rebuildTable()
        return vanished
    }

    private static func hash(_ series: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: series)
        return hasher.finalize()
    }

    private func position(of series: UnsafeRawBufferPointer, _ hash: Int) -> Int {
        let mask = table.count - 1
        var position = hash & mask
        while table[position] >= 0, !isEqual(slots[Int(table[position])], series, hash) {
            position = (position + 1) & mask
        }
        return position
    }

    private func isEqual(_ slot: Slot, _ series: UnsafeRawBufferPointer, _ hash: Int) -> Bool {
        guard slot.hash == hash, slot.length == series.count else { return false }
        return bytes.withUnsafeBytes { held in
            series.isEmpty || memcmp(held.baseAddress! + slot.start, series.baseAddress!, series.count) == 0
        }
    }

    private mutating func rebuildTable() {
        var size = 64
        while size < slots.count * 3 { size *= 2 }
        table = Array(repeating: -1, count: size)
        for (index, slot) in slots.enumerated() {
            var position = slot.hash & (size - 1)
            while table[position] >= 0 { position = (position + 1) & (size - 1) }
            table[position] = Int32(index)
        }
    }
}
