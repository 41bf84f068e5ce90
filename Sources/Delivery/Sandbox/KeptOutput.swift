/// What a process wrote to one stream: the beginning and the end, whatever its length.
public struct KeptOutput: Sendable, Hashable, Codable {
    public private(set) var head: [UInt8] = []
    public private(set) var tail: [UInt8] = []
    /// Bytes written in all.
    public private(set) var total = 0
    /// Bytes kept of each end.
    public let keep: Int

    public init(keep: Int) { self.keep = keep }

    /// Whether nothing was left out.
    public var isWhole: Bool { total == head.count + tail.count }
    /// All that is kept; the whole output where `isWhole`.
    public var bytes: [UInt8] { head + tail }

    /// As text, broken bytes replaced, with a line that says how much was left out.
    public var text: String {
        if isWhole { return String(decoding: bytes, as: UTF8.self) }
        let left = total - head.count - tail.count
        return String(decoding: head, as: UTF8.self) + "\n[\(left) bytes left out]\n"
            + String(decoding: tail, as: UTF8.self)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        total += bytes.count
        let forHead = min(keep - head.count, bytes.count)
        if forHead > 0 { head.append(contentsOf: bytes[..<forHead]) }
        tail.append(contentsOf: bytes[forHead...].suffix(keep))
        // Twice as much as is kept, so that the moving of bytes is paid once a `keep`.
        if tail.count > 2 * keep { tail.removeFirst(tail.count - keep) }
    }

    mutating func finish() {
        if tail.count > keep { tail.removeFirst(tail.count - keep) }
    }
}
