public import Model
import Text

/// A handle on a series of one store, for appending without looking its labels up again.
///
/// Where the series has been forgotten since, appending answers `.unknownSeries`.
public struct SeriesRef: Hashable, Sendable {
    let slot: Int32
    let generation: UInt32
}

/// What became of a sample given to a store. All but `.stored` are counted in its statistics.
public enum AppendOutcome: Sendable, Hashable {
    case stored
    /// Not after the series' newest sample.
    case outOfOrder
    /// At the time of the series' newest sample: the same value again is no loss, another one is dropped.
    case repeated, duplicate
    case unknownSeries
    /// A new series that the memory limit has no room for.
    case noRoom
}

public struct StoreStatistics: Sendable, Hashable {
    public var series = 0
    public var samples = 0
    /// What the series hold, as the memory limit counts it.
    public var bytes = 0
    public var appended = 0
    public var outOfOrder = 0
    /// Samples at the time of another one, with another value.
    public var duplicates = 0
    /// Samples forgotten before their retention because memory was short.
    public var evicted = 0
    /// Samples of new series that memory had no room for.
    public var noRoom = 0
}

/// Series in memory, compressed, within a retention and a memory limit.
///
/// A value type: keep it in one actor and change it in place; copying a store that is then changed copies everything.
/// Samples of a series must come in the order of time, as in Prometheus; others are dropped and counted. When memory
/// is short the oldest chunks of all series go first, counted in `statistics.evicted`; the limit may be passed by a
/// sixty-fourth for a moment.
public struct SeriesStore: Sendable {
    struct Stored: Sendable {
        var labels: Labels
        var stream = SampleStream()
        /// What the labels and the index cost, estimated once.
        let fixedBytes: Int
    }

    let retention: Duration
    let memory: ByteSize
    var slots: [Stored?] = []
    var generations: [UInt32] = []
    var freeSlots: [Int32] = []
    var slotByLabels: [Labels: Int32] = [:]
    var index = LabelIndex()
    var strings = StringPool()
    /// Making room is tried again only when the series hold more than this: it looks at all of them.
    var crowdedBelow = 0
    public internal(set) var statistics = StoreStatistics()

    public init(retention: Duration, memory: ByteSize) {
        self.retention = retention
        self.memory = memory
    }

    /// Stores a sample of the series with these labels (`__name__` among them).
    @discardableResult
    public mutating func append(_ labels: Labels, _ sample: Sample) -> AppendOutcome {
        guard let ref = reference(labels) else {
            statistics.noRoom += 1
            return .noRoom
        }
        return append(ref, sample)
    }

    /// The fast path: no hashing, no comparison of labels.
    @discardableResult
    public mutating func append(_ ref: SeriesRef, _ sample: Sample) -> AppendOutcome {
        let slot = Int(ref.slot)
        guard slot < slots.count, generations[slot] == ref.generation, slots[slot] != nil else { return .unknownSeries }
        let outcome = slots[slot]!.append(sample, &statistics)
        _ = makeRoom(for: 0)
        return outcome
    }

    /// The handle of the series, which begins to exist; nil where memory has no room for another one.
    public mutating func reference(_ labels: Labels) -> SeriesRef? {
        if let slot = slotByLabels[labels] { return SeriesRef(slot: slot, generation: generations[Int(slot)]) }
        let fixedBytes = Self.fixedBytes(of: labels)
        guard makeRoom(for: fixedBytes + SampleStream.leastBytes) else { return nil }
        let kept = strings.share(labels)
        let slot = freeSlots.popLast() ?? Int32(slots.count)
        if Int(slot) == slots.count {
            slots.append(nil)
            generations.append(0)
        }
        slots[Int(slot)] = Stored(labels: kept, fixedBytes: fixedBytes)
        slotByLabels[kept] = slot
        index.add(kept, slot)
        statistics.series += 1
        statistics.bytes += fixedBytes
        return SeriesRef(slot: slot, generation: generations[Int(slot)])
    }

    /// The slot's share of the tables and of the label array; the strings are shared and mostly repeated.
    private static func fixedBytes(of labels: Labels) -> Int { 200 + labels.count * 56 }
}

extension SeriesStore.Stored {
    mutating func append(_ sample: Sample, _ statistics: inout StoreStatistics) -> AppendOutcome {
        if !stream.isEmpty, sample.milliseconds <= stream.newest.milliseconds {
            guard sample.milliseconds == stream.newest.milliseconds else {
                statistics.outOfOrder += 1
                return .outOfOrder
            }
            if sample.value.bitPattern == stream.newest.value.bitPattern { return .repeated }
            statistics.duplicates += 1
            return .duplicate
        }
        let before = stream.byteCount
        stream.append(sample)
        statistics.bytes += stream.byteCount - before
        statistics.samples += 1
        statistics.appended += 1
        return .stored
    }
}
