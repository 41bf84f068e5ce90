import Glibc
public import Model

/// How many entries there are, and a hash that any two readers of the same entries agree on.
public struct JournalTally: Sendable, Hashable, CustomStringConvertible {
    public var entries = 0
    /// FNV-1a, 64 bits, over the bytes of each entry's MESSAGE; after each entry XOR with its time in microseconds.
    public var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    /// `entries=N hash=H`, in 16 hexadecimal digits.
    public var description: String {
        let digits = String(hash, radix: 16)
        return "entries=\(entries) hash=\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }

    @inline(__always)
    mutating func fold(_ bytes: UnsafeRawBufferPointer) {
        var folded = hash
        for byte in bytes { folded = (folded ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = folded
    }
}

extension JournalReader {
    /// Counts the entries from here to the end, or to the first one later than `until`.
    ///
    /// - Parameter fields: those to read besides MESSAGE; they do not change the hash.
    public func tally(
        until: Timestamp? = nil, fields: [String] = []
    ) throws(Fault) -> (tally: JournalTally, gaps: [JournalGap]) {
        readValuesWhole()
        let last = until.map { UInt64(clamping: $0.microseconds) } ?? .max
        let others = FieldNames(Set(fields).subtracting(["MESSAGE"]))
        let message = FieldNames(["MESSAGE"])
        var tally = JournalTally()
        while try nextEntry() {
            guard let time = entryTime else { continue }
            if time > last { break }
            var hasMessage = false
            var left = others.count
            forEachField { field in
                if !hasMessage, let length = message.prefix(of: field) {
                    tally.fold(UnsafeRawBufferPointer(rebasing: field[length...]))
                    hasMessage = true
                } else if others.prefix(of: field) != nil {
                    left -= 1
                }
                return left > 0 || !hasMessage
            }
            tally.entries += 1
            tally.hash ^= time
        }
        return (tally, takeGaps())
    }
}

/// Names to compare fields with, in memory of their own: a loop over a million fields counts no references.
private struct FieldNames: ~Copyable {
    private struct Name {
        /// With its `=`.
        let length: Int
        /// Its first eight bytes, which tell most names apart, and which of them there are.
        let head: UInt64
        let mask: UInt64
        /// Where its bytes begin.
        let start: Int
    }

    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let names: UnsafeMutableBufferPointer<Name>
    var count: Int { names.count }

    init(_ texts: Set<String>) {
        let all = texts.map { Array("\($0)=".utf8) }
        bytes = .allocate(capacity: all.reduce(0) { $0 + $1.count })
        names = .allocate(capacity: all.count)
        var start = 0
        for (index, name) in all.enumerated() {
            for (offset, byte) in name.enumerated() { bytes.initializeElement(at: start + offset, to: byte) }
            var head: UInt64 = 0
            var mask: UInt64 = 0
            for (offset, byte) in name.prefix(8).enumerated() {
                head |= UInt64(byte) << (8 * UInt64(offset))
                mask |= 0xFF << (8 * UInt64(offset))
            }
            names.initializeElement(at: index, to: Name(length: name.count, head: head, mask: mask, start: start))
            start += name.count
        }
    }

    deinit {
        bytes.deallocate()
        names.deallocate()
    }

    /// The length of the name with its `=`, where the field has one of these names.
    @inline(__always)
    func prefix(of field: UnsafeRawBufferPointer) -> Int? {
        guard let text = field.baseAddress, let own = bytes.baseAddress else { return nil }
        let head = field.count >= 8 ? UInt64(littleEndian: text.loadUnaligned(as: UInt64.self)) : nil
        for name in names where field.count >= name.length {
            if let head, head & name.mask != name.head { continue }
            if head != nil, name.length <= 8 { return name.length }
            if memcmp(text, own + name.start, name.length) == 0 { return name.length }
        }
        return nil
    }
}
