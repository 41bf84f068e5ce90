/// Appends values of a few bits to an array of bytes, most significant bit first.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    /// Bits of the last byte that are not written yet.
    private var free = 0

    /// The lowest `count` bits of the value.
    mutating func write(_ value: UInt64, bits count: Int) {
        var left = count
        while left > 0 {
            if free == 0 {
                reserve(bytes.count + 1)
                bytes.append(0)
                free = 8
            }
            let taken = min(free, left)
            let piece = UInt8(truncatingIfNeeded: value >> UInt64(left - taken)) & UInt8((1 << taken) - 1)
            bytes[bytes.count - 1] |= piece << UInt8(free - taken)
            free -= taken
            left -= taken
        }
    }

    /// The next value begins a byte of its own.
    mutating func align() { free = 0 }

    /// Forgets what was written from a byte on.
    mutating func truncate(to count: Int) {
        bytes.removeLast(bytes.count - count)
        free = 0
    }

    /// Appends what another writer wrote, from a byte of its own on.
    mutating func append(_ other: BitWriter) {
        align()
        reserve(bytes.count + other.bytes.count)
        bytes.append(contentsOf: other.bytes)
    }

    /// In small steps: thousands of series that double their space would waste half of it.
    private mutating func reserve(_ count: Int) {
        if count > bytes.capacity { bytes.reserveCapacity(max(count, bytes.count + max(48, bytes.count / 8))) }
    }

    mutating func dropFirst(_ count: Int) {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count - count + 16)
        kept.append(contentsOf: bytes[count...])
        bytes = kept
    }
}

/// Reads what a `BitWriter` wrote; past the end it reads zeros.
struct BitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position: Int

    /// Begins at a byte.
    init(_ bytes: UnsafeBufferPointer<UInt8>, at byte: Int) {
        self.bytes = bytes
        position = byte * 8
    }

    mutating func skip(_ bits: Int) { position += bits }

    mutating func bit() -> Bool {
        let byte = position >> 3
        guard byte < bytes.count else { return false }
        let bit = bytes[byte] >> UInt8(7 - position & 7) & 1
        position += 1
        return bit == 1
    }

    mutating func read(_ count: Int) -> UInt64 {
        var value: UInt64 = 0
        var left = count
        while left > 0 {
            let byte = position >> 3
            guard byte < bytes.count else { return value << UInt64(left) }
            let available = 8 - position & 7
            let taken = min(available, left)
            let piece = bytes[byte] >> UInt8(available - taken) & UInt8((1 << taken) - 1)
            value = value << UInt64(taken) | UInt64(piece)
            position += taken
            left -= taken
        }
        return value
    }
}
