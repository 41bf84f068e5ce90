public import Model

extension SeriesStore {
    /// Forgets what is older than the retention, chunk by chunk, and series that have no sample left.
    public mutating func prune(now: Timestamp) {
        crowdedBelow = 0
        forget(endingBefore: (now - retention).milliseconds)
        if strings.isOvergrown { shareStringsAnew() }
    }

    /// Whether there is room for so many bytes more, forgetting the oldest samples where there is not.
    mutating func makeRoom(for bytes: Int) -> Bool {
        let wanted = statistics.bytes + bytes
        guard wanted > memory.bytes else { return true }
        guard wanted > crowdedBelow else { return false }
        evict()
        crowdedBelow = statistics.bytes + bytes + memory.bytes / 64
        return statistics.bytes + bytes <= memory.bytes
    }

    /// Frees a sixteenth of the memory limit by forgetting the oldest chunks of all series.
    private mutating func evict() {
        let wanted = max(statistics.bytes - memory.bytes, 0) + memory.bytes / 16
        var chunks: [(last: Int64, bytes: Int)] = []
        for case let stored? in slots {
            // The newest chunk stays, so that every live series keeps a present; a series that ended may go whole.
            let held = stored.stream.chunks
            for (chunk, next) in zip(held, held.dropFirst()) {
                let bytes = Int(next.start) - Int(chunk.start) + MemoryLayout<SampleStream.Chunk>.stride
                chunks.append((chunk.last, bytes))
            }
        }
        chunks.sort { $0.last < $1.last }
        var freed = 0
        var horizon: Int64?
        for chunk in chunks {
            freed += chunk.bytes
            horizon = chunk.last
            if freed >= wanted { break }
        }
        if freed < wanted {
            // The newest chunks are what fills the memory: the next samples begin others, so that these can go.
            for slot in slots.indices { slots[slot]?.stream.close() }
        }
        guard let horizon else { return }
        statistics.evicted += forget(endingBefore: horizon &+ 1)
    }

    @discardableResult
    private mutating func forget(endingBefore time: Int64) -> Int {
        var forgotten = 0
        for slot in slots.indices {
            guard let oldest = slots[slot]?.stream.chunks.first else {
                if slots[slot] != nil { remove(slot) }
                continue
            }
            guard oldest.last < time else { continue }
            let before = slots[slot]!.stream.byteCount
            let dropped = slots[slot]!.stream.dropChunks(endingBefore: time)
            forgotten += dropped
            statistics.samples -= dropped
            statistics.bytes += slots[slot]!.stream.byteCount - before
            if slots[slot]!.stream.isEmpty { remove(slot) }
        }
        return forgotten
    }

    private mutating func remove(_ slot: Int) {
        guard let stored = slots[slot] else { return }
        slots[slot] = nil
        generations[slot] &+= 1
        freeSlots.append(Int32(slot))
        slotByLabels[stored.labels] = nil
        index.remove(stored.labels, Int32(slot))
        statistics.series -= 1
        statistics.bytes -= stored.fixedBytes
    }

    /// Drops strings that no series uses any more.
    private mutating func shareStringsAnew() {
        var sets = slots.map { $0?.labels }
        strings = StringPool(sharing: &sets)
        slotByLabels = [:]
        index = LabelIndex()
        for (slot, labels) in sets.enumerated() {
            guard let labels else { continue }
            slots[slot]!.labels = labels
            slotByLabels[labels] = Int32(slot)
            index.add(labels, Int32(slot))
        }
    }
}
