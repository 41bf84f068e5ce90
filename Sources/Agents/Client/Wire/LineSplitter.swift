/// Cuts bytes that arrive in any pieces into lines; LF, CR and CR LF end one.
///
/// It works on bytes, so a piece may end anywhere, inside a character too.
struct LineSplitter: Sendable {
    static let standardMax = 1 << 20

    private let bytesMax: Int
    private var line: [UInt8] = []
    /// The last line ended with CR: a LF that follows belongs to it.
    private var skipsLineFeed = false

    init(bytesMax: Int = Self.standardMax) { self.bytesMax = bytesMax }

    /// The lines that the bytes complete, without their ends; a longer one than `bytesMax` is refused.
    mutating func take(_ bytes: [UInt8]) throws(ModelError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        // Where the line at hand begins among these bytes.
        var start = 0
        for (at, byte) in bytes.enumerated() {
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                guard line.count + at - start < bytesMax else { throw tooLong }
                continue
            }
            let belongsToLast = byte == UInt8(ascii: "\n") && skipsLineFeed && at == start && line.isEmpty
            if !belongsToLast {
                lines.append(line + bytes[start..<at])
                line = []
            }
            skipsLineFeed = byte == UInt8(ascii: "\r")
            start = at + 1
        }
        line += bytes[start...]
        return lines
    }

    private var tooLong: ModelError {
        ModelError(.malformed, "the answer has a line of more than \(bytesMax) bytes")
    }

    /// What is left when there is no more to come: a last line without an end.
    mutating func rest() -> [UInt8] {
        defer { line = [] }
        return line
    }
}
