import Glibc

/// What was made of a series as a target wrote it, found again by its bytes without making a String of them.
///
/// One per target. A round is a scrape: what was found or added in the round before but not in this one has vanished.
public struct SeriesCache<Entry: Sendable>: Sendable {
    @usableFromInline var keys = SeriesKeys()
    /// By the keys' numbers.
    @usableFromInline var entries: [Entry] = []

    public init() {}

    public var count: Int { entries.count }

    /// The entry of the series with these bytes, marked as met in this round.
    @inlinable
    public mutating func find(_ series: UnsafeRawBufferPointer) -> Entry? {
        let number = keys.find(series)
        return number < 0 ? nil : entries[number]
    }

    /// Adds or replaces an entry, marked as met in this round.
    @inlinable
    public mutating func insert(_ series: UnsafeRawBufferPointer, _ entry: Entry) {
        let number = keys.insert(series)
        if number == entries.count { entries.append(entry) } else { entries[number] = entry }
    }

    /// Ends the round and begins the next; the entries that were not met in it are returned and forgotten.
    public mutating func endRound() -> [Entry] {
        guard let isKept = keys.endRound() else { return [] }
        let vanished = zip(entries, isKept).filter { !$1 }.map(\.0)
        entries = zip(entries, isKept).filter(\.1).map(\.0)
        return vanished
    }
}

/// Numbers byte strings from 0 in the order in which they were added.
@usableFromInline
struct SeriesKeys: Sendable {
    private struct Key: Sendable {
        let hash: Int
        var start: Int
        let length: Int
        var round: UInt32
    }

    private var keys: [Key] = []
    /// Open addressing over `keys`, -1 where free; at most half full.
    private var table: [Int32] = Array(repeating: -1, count: 64)
    private var bytes: [UInt8] = []
    private var round: UInt32 = 1

    @usableFromInline init() {}

    /// -1 where there is none.
    @usableFromInline
    mutating func find(_ series: UnsafeRawBufferPointer) -> Int {
        let number = Int(table[position(of: series, Self.hash(series))])
        if number >= 0 { keys[number].round = round }
        return number
    }

    @usableFromInline
    mutating func insert(_ series: UnsafeRawBufferPointer) -> Int {
        let hash = Self.hash(series)
        let position = position(of: series, hash)
        let number = Int(table[position])
        if number >= 0 {
            keys[number].round = round
            return number
        }
        table[position] = Int32(keys.count)
        keys.append(Key(hash: hash, start: bytes.count, length: series.count, round: round))
        bytes.append(contentsOf: series)
        if keys.count * 2 > table.count { rebuildTable() }
        return keys.count - 1
    }

    /// Forgets what was not met in this round and begins the next; says of each number whether it is kept.
    mutating func endRound() -> [Bool]? {
        let ended = round
        round &+= 1
        let isKept = keys.map { $0.round == ended }
        guard isKept.contains(false) else { return nil }
        let (old, oldKeys) = (bytes, keys)
        keys = []
        bytes = []
        for var key in oldKeys where key.round == ended {
            let start = bytes.count
            bytes.append(contentsOf: old[key.start..<key.start + key.length])
            key.start = start
            keys.append(key)
        }
        rebuildTable()
        return isKept
    }

    private static func hash(_ series: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: series)
        return hasher.finalize()
    }

    private func position(of series: UnsafeRawBufferPointer, _ hash: Int) -> Int {
        let mask = table.count - 1
        var position = hash & mask
        while table[position] >= 0, !isEqual(keys[Int(table[position])], series, hash) {
            position = (position + 1) & mask
        }
        return position
    }

    private func isEqual(_ key: Key, _ series: UnsafeRawBufferPointer, _ hash: Int) -> Bool {
        guard key.hash == hash, key.length == series.count else { return false }
        return bytes.withUnsafeBytes { held in
            series.isEmpty || memcmp(held.baseAddress! + key.start, series.baseAddress!, series.count) == 0
        }
    }

    private mutating func rebuildTable() {
        var size = 64
        while size < keys.count * 3 { size *= 2 }
        table = Array(repeating: -1, count: size)
        for (number, key) in keys.enumerated() {
            var position = key.hash & (size - 1)
            while table[position] >= 0 { position = (position + 1) & (size - 1) }
            table[position] = Int32(number)
        }
    }
}
