/// The change of the distance between timestamps, in milliseconds: nothing, a few for jitter, or much after a gap.
enum TimeCode {
    static func write(_ change: Int64, to bits: inout BitWriter) {
        switch change {
        case 0: bits.write(0, bits: 1)
        case -8...7: bits.write(0b10 << 4 | UInt64(bitPattern: change) & 0xf, bits: 6)
        case -128...127: bits.write(0b110 << 8 | UInt64(bitPattern: change) & 0xff, bits: 11)
        case -65536...65535: bits.write(0b1110 << 17 | UInt64(bitPattern: change) & 0x1ffff, bits: 21)
        default:
            bits.write(0b1111, bits: 4)
            bits.write(UInt64(bitPattern: change), bits: 64)
        }
    }

    static func read(_ bits: inout BitReader) -> Int64 {
        guard bits.bit() else { return 0 }
        guard bits.bit() else { return signed(bits.read(4), 4) }
        guard bits.bit() else { return signed(bits.read(8), 8) }
        guard bits.bit() else { return signed(bits.read(17), 17) }
        return Int64(bitPattern: bits.read(64))
    }

    private static func signed(_ value: UInt64, _ width: Int) -> Int64 {
        Int64(bitPattern: value << UInt64(64 - width)) >> Int64(64 - width)
    }
}

/// The change of the distance between whole numbers, or the bits of a value that is none (a stale marker).
enum UnitsCode {
    enum Read {
        case change(Int64)
        case raw(Double)
    }

    /// Bits of a zigzagged change after each prefix `10`, `110`, `1110`, …
    private static let widths = [4, 8, 14, 24, 54]

    static func write(_ change: Int64, to bits: inout BitWriter) {
        if change == 0 { return bits.write(0, bits: 1) }
        let zigzag = UInt64(bitPattern: change << 1 ^ change >> 63)
        for (index, width) in widths.enumerated() where zigzag >> UInt64(width) == 0 {
            bits.write(UInt64(1) << UInt64(index + 2) - 2, bits: index + 2)
            return bits.write(zigzag, bits: width)
        }
        bits.write(0b111_1110, bits: 7)
        bits.write(zigzag, bits: 64)
    }

    static func writeRaw(_ value: Double, to bits: inout BitWriter) {
        bits.write(0b111_1111, bits: 7)
        bits.write(value.bitPattern, bits: 64)
    }

    static func read(_ bits: inout BitReader) -> Read {
        guard bits.bit() else { return .change(0) }
        for width in widths where !bits.bit() { return .change(unzigzag(bits.read(width))) }
        return bits.bit() ? .raw(Double(bitPattern: bits.read(64))) : .change(unzigzag(bits.read(64)))
    }

    private static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

/// The part of a value's bits that changed last, which the next change often fits in.
struct XORWindow: Sendable {
    private var leading = 0
    private var length = 0

    static let none = XORWindow()

    mutating func write(_ change: UInt64, to bits: inout BitWriter) {
        if change == 0 { return bits.write(0, bits: 1) }
        let leadingNow = min(change.leadingZeroBitCount, 31)
        let trailingNow = change.trailingZeroBitCount
        if length > 0, leadingNow >= leading, trailingNow >= 64 - leading - length {
            bits.write(0b10, bits: 2)
        } else {
            leading = leadingNow
            length = 64 - leadingNow - trailingNow
            bits.write(0b11, bits: 2)
            bits.write(UInt64(leading), bits: 5)
            bits.write(UInt64(length - 1), bits: 6)
        }
        bits.write(change >> UInt64(64 - leading - length), bits: length)
    }

    mutating func read(_ bits: inout BitReader) -> UInt64 {
        guard bits.bit() else { return 0 }
        if bits.bit() {
            leading = Int(bits.read(5))
            length = Int(bits.read(6)) + 1
        }
        return bits.read(length) << UInt64(64 - leading - length)
    }
}
