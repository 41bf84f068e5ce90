import Model

/// The samples of one series, compressed in chunks of up to an hour.
///
/// After Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (VLDB 2015): timestamps as the
/// change of their distance. Values differ from the paper where they can: a chunk whose values are decimal fractions
/// (counts, bytes, seconds to the centisecond) holds them as whole numbers, by the change of their distance too, which
/// suits counters; all others are XORed with their predecessor as in the paper. A chunk that is full is written anew in
/// the shortest form that suits it (`SealedChunk`). Reading gives back the exact bits.
struct SampleStream: Sendable {
    /// 24 bytes: there are six of them in each series' six hours.
    struct Chunk: Sendable {
        var first: Int64
        var last: Int64
        /// Where it begins in the bytes; it ends where the next one begins.
        var start: UInt32
        var count: UInt16
        private var scaleOrNone: Int8
        var isSealed = false

        init(_ first: Int64, start: Int, scale: Int?) {
            self.first = first
            last = first
            self.start = UInt32(start)
            count = 1
            scaleOrNone = Int8(scale ?? -1)
        }

        /// Of its values as whole numbers; nil where they are XORed.
        var scale: Int? { scaleOrNone < 0 ? nil : Int(scaleOrNone) }
    }

    static let chunkSamplesMax = 240
    static let chunkBytesMax = 4096
    /// What the first sample of a series costs.
    static let leastBytes = 96

    private(set) var chunks: [Chunk] = []
    private var bits = BitWriter()
    /// What the newest sample was, to write the next one's change.
    private(set) var newest = Sample(milliseconds: .min, value: 0)
    private var distance: Int64 = 0
    private var units: Int64 = 0
    private var unitsDistance: Int64 = 0
    private var window: XORWindow = .none
    private var isClosed = false

    var count: Int { chunks.reduce(0) { $0 + Int($1.count) } }
    var byteCount: Int { bits.bytes.capacity + chunks.capacity * MemoryLayout<Chunk>.stride }
    var isEmpty: Bool { chunks.isEmpty }

    /// The time must be after the newest sample's.
    mutating func append(_ sample: Sample) {
        if let chunk = chunks.last, !isClosed, chunk.count < Self.chunkSamplesMax,
            bits.bytes.count - Int(chunk.start) < Self.chunkBytesMax, continues(chunk, with: sample.value)
        {
            writeTime(sample.milliseconds)
            writeValue(sample.value, chunk.scale)
            chunks[chunks.count - 1].count += 1
            chunks[chunks.count - 1].last = sample.milliseconds
        } else {
            begin(sample)
        }
        newest = sample
    }

    /// The next sample begins a chunk.
    mutating func close() { isClosed = true }

    private func continues(_ chunk: Chunk, with value: Double) -> Bool {
        guard let scale = chunk.scale else { return true }
        return StaleMarker.isStale(value) || Decimal.units(value, scale: scale) != nil
    }

    /// Writes the newest chunk anew; nothing is appended to it any more.
    private mutating func seal() {
        guard let chunk = chunks.last, !chunk.isSealed, chunk.count > 2 else { return }
        var samples: [Sample] = []
        samples.reserveCapacity(Int(chunk.count))
        bits.bytes.withUnsafeBufferPointer { bytes in
            read(chunk, bytes, from: .min, through: .max, into: &samples)
        }
        guard let sealed = SealedChunk.written(samples, scale: chunk.scale),
            sealed.bytes.count < bits.bytes.count - Int(chunk.start)
        else { return }
        bits.truncate(to: Int(chunk.start))
        bits.append(sealed)
        chunks[chunks.count - 1].isSealed = true
    }

    private mutating func begin(_ sample: Sample) {
        seal()
        let scale = scale(for: sample.value)
        bits.align()
        chunks.append(Chunk(sample.milliseconds, start: bits.bytes.count, scale: scale))
        isClosed = false
        distance = 0
        window = .none
        unitsDistance = 0
        if let scale, let first = Decimal.units(sample.value, scale: scale) { units = first }
        bits.write(sample.value.bitPattern, bits: 64)
    }

    /// How a chunk that begins with this value is written.
    private func scale(for value: Double) -> Int? {
        let before = chunks.last?.scale ?? 0
        guard let scale = Decimal.scale(of: value, from: before) ?? Decimal.scale(of: value) else { return nil }
        // A series that cannot keep to a scale is XORed: short chunks cost more. More digits are another matter.
        let wasCutShort = !isClosed && chunks.last.map { $0.scale != nil && $0.count < 32 } ?? false
        return wasCutShort && !Decimal.refines(scale, before) ? nil : scale
    }

    private mutating func writeTime(_ milliseconds: Int64) {
        let next = milliseconds &- newest.milliseconds
        TimeCode.write(next &- distance, to: &bits)
        distance = next
    }

    private mutating func writeValue(_ value: Double, _ scale: Int?) {
        if let scale {
            guard let next = Decimal.units(value, scale: scale) else {
                return UnitsCode.writeRaw(value, to: &bits)
            }
            let step = next - units
            UnitsCode.write(step - unitsDistance, to: &bits)
            units = next
            unitsDistance = step
        } else {
            window.write(value.bitPattern ^ newest.value.bitPattern, to: &bits)
        }
    }

    // MARK: - Reading and forgetting

    /// Appends the samples of the range, ends included, to `samples`.
    func read(from: Int64, through: Int64, into samples: inout [Sample]) {
        bits.bytes.withUnsafeBufferPointer { bytes in
            for chunk in chunks where chunk.last >= from && chunk.first <= through {
                read(chunk, bytes, from: from, through: through, into: &samples)
            }
        }
    }

    private func read(
        _ chunk: Chunk, _ bytes: UnsafeBufferPointer<UInt8>, from: Int64, through: Int64, into samples: inout [Sample]
    ) {
        var reader = BitReader(bytes, at: Int(chunk.start))
        if chunk.isSealed {
            SealedChunk.read(reader, first: chunk.first, count: Int(chunk.count), scale: chunk.scale) {
                sample in
                if sample.milliseconds >= from, sample.milliseconds <= through { samples.append(sample) }
                return sample.milliseconds < through
            }
            return
        }
        var sample = Sample(milliseconds: chunk.first, value: Double(bitPattern: reader.read(64)))
        var distance: Int64 = 0
        var unitsDistance: Int64 = 0
        var window = XORWindow.none
        let scale = chunk.scale
        var units = scale.flatMap { Decimal.units(sample.value, scale: $0) } ?? 0
        var left = chunk.count
        while true {
            if sample.milliseconds > through { return }
            if sample.milliseconds >= from { samples.append(sample) }
            left -= 1
            if left == 0 { return }
            distance &+= TimeCode.read(&reader)
            sample.milliseconds &+= distance
            if let scale {
                switch UnitsCode.read(&reader) {
                case .change(let change):
                    unitsDistance &+= change
                    units &+= unitsDistance
                    sample.value = Decimal.value(units, scale: scale)
                case .raw(let value): sample.value = value
                }
            } else {
                sample.value = Double(bitPattern: sample.value.bitPattern ^ window.read(&reader))
            }
        }
    }

    /// How many samples the range holds, if those of a chunk are spread evenly.
    func estimate(from: Int64, through: Int64) -> Int {
        chunks.reduce(0) { sum, chunk in
            guard chunk.last >= from, chunk.first <= through else { return sum }
            let length = Double(chunk.last) - Double(chunk.first)
            let share = Double(min(chunk.last, through)) - Double(max(chunk.first, from))
            return sum + (length > 0 ? Int((Double(chunk.count) * share / length).rounded(.up)) : 1)
        }
    }

    /// Forgets the chunks that end before the time; returns how many samples went.
    mutating func dropChunks(endingBefore time: Int64) -> Int {
        let gone = chunks.prefix { $0.last < time }
        guard !gone.isEmpty else { return 0 }
        let dropped = gone.reduce(0) { $0 + Int($1.count) }
        if gone.count == chunks.count {
            chunks = []
            bits = BitWriter()
        } else {
            let start = chunks[gone.count].start
            bits.dropFirst(Int(start))
            chunks = Array(chunks[gone.count...])
            for index in chunks.indices { chunks[index].start -= start }
        }
        return dropped
    }
}
