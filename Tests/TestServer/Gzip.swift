/// Just enough gzip to answer with in tests.
public enum Gzip {
    /// The bytes, stored without compression.
    public static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var out = header
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            let size = UInt16(block.count)
            out.append(rest.isEmpty ? 1 : 0)
            for number in [size, ~size] { out += [UInt8(number & 255), UInt8(number >> 8)] }
            out += block
        } while !rest.isEmpty
        return out + trailer(crc(bytes), bytes.count)
    }

    /// A bomb: at least `count` zero bytes in about a hundred-and-sixtieth of the size. Its checksum is wrong.
    public static func zeros(_ count: Int) -> [UInt8] {
        var bits = Bits()
        bits.put(0b1, 1)  // the last block
        bits.put(0b01, 2)  // with fixed codes
        bits.putCode(0b0011_0000, 8)  // the literal 0
        for _ in 0...(count / 258) {
            bits.putCode(0b1100_0101, 8)  // 258 bytes
            bits.putCode(0, 5)  // from one byte back
        }
        bits.putCode(0, 7)  // the end
        return header + bits.bytes + trailer(0, count)
    }

    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

    private static func trailer(_ crc: UInt32, _ count: Int) -> [UInt8] {
        var out: [UInt8] = []
        for number in [crc, UInt32(truncatingIfNeeded: count)] {
            withUnsafeBytes(of: number.littleEndian) { out += $0 }
        }
        return out
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }

    private struct Bits {
        var bytes: [UInt8] = []
        private var used = 8

        /// Numbers go in from their lowest bit.
        mutating func put(_ value: Int, _ count: Int) {
            for index in 0..<count {
                if used == 8 {
                    bytes.append(0)
                    used = 0
                }
                bytes[bytes.count - 1] |= UInt8(value >> index & 1) << used
                used += 1
            }
        }

        /// Huffman codes go in from their highest bit.
        mutating func putCode(_ code: Int, _ count: Int) {
            for index in (0..<count).reversed() { put(code >> index & 1, 1) }
        }
    }
}
