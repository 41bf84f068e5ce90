/// Line ends of a whole text.
enum LineEnds {
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Whether there is a line end, and each is CRLF.
    static func areAllCRLF(_ text: [UInt8]) -> Bool {
        var found = false
        for at in text.indices where text[at] == lineFeed {
            guard at > 0, text[at - 1] == carriageReturn else { return false }
            found = true
        }
        return found
    }

    /// Each line feed that has no carriage return before it gets one.
    static func toCRLF(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        for byte in text {
            if byte == lineFeed, out.last != carriageReturn { out.append(carriageReturn) }
            out.append(byte)
        }
        return out
    }
}

enum ByteSearch {
    /// Where `needle` begins in `text`, overlapping ones too; at most `max`. Knuth, Morris and Pratt: linear.
    static func all(_ needle: [UInt8], in text: [UInt8], max: Int) -> [Int] {
        guard !needle.isEmpty, needle.count <= text.count else { return [] }
        var fallback = [0]
        var length = 0
        for byte in needle.dropFirst() {
            while length > 0, needle[length] != byte { length = fallback[length - 1] }
            if needle[length] == byte { length += 1 }
            fallback.append(length)
        }
        var found: [Int] = []
        length = 0
        for (at, byte) in text.enumerated() {
            while length > 0, length == needle.count || needle[length] != byte { length = fallback[length - 1] }
            if needle[length] == byte { length += 1 }
            if length == needle.count {
                found.append(at + 1 - needle.count)
                if found.count == max { break }
            }
        }
        return found
    }
}

/// The lines of a file that are most like a text that is not in it.
struct NearestText {
    /// Of the first line, from 1; nil where nothing is like it.
    private(set) var line: Int?
    private(set) var lines: [String] = []
    /// The same but for spaces and tabs.
    private(set) var differsInSpaceOnly = false

    init(_ search: [UInt8], in text: [UInt8]) {
        let wanted = Self.lines(search)
        let have = Self.lines(text).prefix(Self.linesMax)
        let folded = wanted.map(Self.folded)
        let foldedHave = have.map(Self.folded)
        guard !wanted.isEmpty, !have.isEmpty else { return }
        // A window of as many lines; the score of a place is how many of its lines are alike, the first ones more.
        let compared = Array(folded.prefix(Self.comparedMax))
        var best = 0
        for at in foldedHave.indices {
            var score = 0
            for (offset, line) in compared.enumerated() where at + offset < foldedHave.count && !line.isEmpty {
                score += Self.likeness(line, foldedHave[at + offset])
            }
            if score > best {
                best = score
                self.line = at + 1
            }
        }
        let worth = compared.reduce(0) { $0 + ($1.isEmpty ? 0 : 8) }
        guard let line, best * 3 >= worth else {
            self.line = nil
            return
        }
        let end = min(line - 1 + wanted.count, have.count)
        differsInSpaceOnly = Array(foldedHave[(line - 1)..<end]) == folded
        lines = have[(line - 1)..<end].prefix(8).map { String(decoding: $0, as: UTF8.self).prefixed(160) }
    }

    func failure(_ place: String, path: String) -> GateFailure {
        guard let line else {
            return GateFailure(
                .apply,
                "\(place): the search text does not occur in the file, nor anything like it; read the file again")
        }
        let how = differsInSpaceOnly ? "the same but for spaces and tabs" : "the nearest text"
        return GateFailure(
            .apply, "\(place): the search text does not occur in the file; \(how) is at line \(line): copy it exactly",
            evidence: ["\(path):\(line)"] + lines)
    }

    private static let linesMax = 20_000
    private static let comparedMax = 12

    /// 8 where both are the same, less where a part of both is.
    private static func likeness(_ a: [UInt8], _ b: [UInt8]) -> Int {
        if a == b { return 8 }
        guard !b.isEmpty else { return 0 }
        var head = 0
        while head < min(a.count, b.count), a[head] == b[head] { head += 1 }
        var tail = 0
        while tail < min(a.count, b.count) - head, a[a.count - 1 - tail] == b[b.count - 1 - tail] { tail += 1 }
        return (head + tail) * 7 / max(a.count, b.count)
    }

    private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
    }

    /// Without spaces and tabs.
    private static func folded(_ line: ArraySlice<UInt8>) -> [UInt8] {
        line.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    }
}
