import Glibc

/// Words that no person would choose: keys and tokens without a known shape.
enum RandomToken {
    /// Those of a line; hexadecimal ones only where asked for, and never where the line says that they are digests.
    static func all(in line: String, hexToo: Bool) -> [String] {
        let folded = line.lowercased()
        let isDigest = digestWords.contains { folded.contains($0) }
        return line.utf8.split(whereSeparator: { !isTokenByte($0) }).compactMap { part in
            let token = Array(part)
            if isHex(token) { return hexToo && !isDigest && isKeyLike(hex: token) ? String(Substring(part)) : nil }
            return isRandom(token) ? String(Substring(part)) : nil
        }
    }

    /// Whether a text as a whole looks random: for what stands where a secret would.
    static func isRandom(_ text: String) -> Bool {
        let token = Array(text.utf8)
        if isHex(token) { return token.count >= 16 && isKeyLike(hex: token) }
        if isRandom(token) { return true }
        return token.count >= 12 && classes(token) == 3 && changes(token) >= 0.35 && !token.contains(0x20)
    }

    private static let digestWords = [
        "sha1", "sha2", "sha5", "md5", "digest", "hash", "checksum", "etag", "commit", "revision", "integrity", "crc",
    ]

    private static func isTokenByte(_ byte: UInt8) -> Bool { kind(byte) != nil || "+/=_-".utf8.contains(byte) }

    private static func isHex(_ token: [UInt8]) -> Bool {
        token.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
                || byte == UInt8(ascii: "-")
        }
    }

    /// Digits and letters, long, with no dash: a UUID is a name, not a key.
    private static func isKeyLike(hex token: [UInt8]) -> Bool {
        let hasDash = token.contains(UInt8(ascii: "-"))
        let digits = token.count { (0x30...0x39).contains($0) }
        return !hasDash && token.count >= 32 && digits > 2 && token.count - digits > 2 && entropy(token) >= 3
    }

    private static func isRandom(_ token: [UInt8]) -> Bool {
        let core = token.filter { kind($0) != nil }
        guard core.count >= 20, entropy(core) >= 3.8 else { return false }
        let separators = token.count { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        switch classes(core) {
        case 3: return changes(core) >= 0.45
        case 2:
            let hasDigit = core.contains { kind($0) == 0 }
            return hasDigit && core.count >= 24 && separators == 0 && !token.contains(UInt8(ascii: "/"))
                && changes(core) >= 0.3
        default: return false
        }
    }

    /// Digit, lower case, upper case.
    private static func kind(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: 0
        case 0x61...0x7a: 1
        case 0x41...0x5a: 2
        default: nil
        }
    }

    private static func classes(_ token: [UInt8]) -> Int { Set(token.compactMap(kind)).count }

    /// How often neighbours are of different kinds: two thirds in random text, a quarter in names of people's making.
    private static func changes(_ token: [UInt8]) -> Double {
        let kinds = token.compactMap(kind)
        guard kinds.count > 1 else { return 0 }
        return Double(zip(kinds, kinds.dropFirst()).count { $0 != $1 }) / Double(kinds.count - 1)
    }

    /// Shannon's, in bits a byte.
    private static func entropy(_ token: [UInt8]) -> Double {
        var counts = [Int](repeating: 0, count: 256)
        for byte in token { counts[Int(byte)] += 1 }
        return counts.filter { $0 > 0 }.reduce(0) { sum, count in
            let share = Double(count) / Double(token.count)
            return sum - share * log2(share)
        }
    }
}
