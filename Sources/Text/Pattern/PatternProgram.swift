import CRE2

/// A compiled pattern: the owner of the C++ object, which is immutable and safe to use from many threads.
final class Program: @unchecked Sendable {
    private let handle: OpaquePointer
    /// The name of each group, the whole match (nameless) first.
    let names: [String?]

    init(_ source: String, memoryMax: Int64, dotAll: Bool) {
        var source = source
        let handle = source.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cre2_compile($0.baseAddress, $0.count, memoryMax, dotAll) }
        }
        guard let handle else { preconditionFailure("cre2_compile gives no null") }
        self.handle = handle
        guard cre2_error(handle) == nil else {
            names = []
            return
        }
        names = (0...cre2_group_count(handle)).map { cre2_group_name(handle, $0).map { String(cString: $0) } }
    }

    deinit { cre2_free(handle) }

    /// RE2's words for what is wrong, and the part of the pattern that is.
    var error: (problem: String, part: String)? {
        guard let problem = cre2_error(handle) else { return nil }
        return (String(cString: problem), cre2_error_part(handle).map { String(cString: $0) } ?? "")
    }

    /// The byte ranges of the first `count` groups of the leftmost match at or after `start`; nil where there is none.
    func match(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, anchored: Bool, count: Int
    ) -> [Range<Int>?]? {
        guard count > 0 else {
            let found = text.withMemoryRebound(to: CChar.self) {
                cre2_match(handle, $0.baseAddress, $0.count, start, anchored, nil, 0)
            }
            return found ? [] : nil
        }
        var ranges = [cre2_range](repeating: cre2_range(begin: -1, end: -1), count: count)
        let found = text.withMemoryRebound(to: CChar.self) {
            cre2_match(handle, $0.baseAddress, $0.count, start, anchored, &ranges, Int32(count))
        }
        return found ? ranges.map { $0.begin < 0 ? nil : $0.begin..<$0.end } : nil
    }

    /// Every match from left to right, none overlapping; an empty one right behind another does not count (as in Go).
    func allMatches(_ text: UnsafeBufferPointer<UInt8>, anchored: Bool) -> some Sequence<[Range<Int>?]> {
        var position = 0
        var lastEnd = -1
        return AnyIterator { () -> [Range<Int>?]? in
            while position <= text.count {
                guard let groups = self.match(text, from: position, anchored: anchored, count: self.names.count),
                    let whole = groups[0]
                else { return nil }
                let counts = !whole.isEmpty || whole.lowerBound != lastEnd
                lastEnd = whole.upperBound
                position = whole.isEmpty ? Self.nextCharacter(text, after: whole.upperBound) : whole.upperBound
                if counts { return groups }
            }
            return nil
        }
    }

    /// The offset of the character behind the one at `offset`.
    private static func nextCharacter(_ text: UnsafeBufferPointer<UInt8>, after offset: Int) -> Int {
        var next = offset + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}

/// A replacement in Go's notation, read once.
struct Replacement {
    private enum Piece {
        case text([UInt8])
        case group(Int)
    }
    private var pieces: [Piece] = []

    init(_ template: String, names: [String?]) {
        var rest = Substring(template)
        while let dollar = rest.firstIndex(of: "$") {
            pieces.append(.text(Array(rest[..<dollar].utf8)))
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                pieces.append(.text([UInt8(ascii: "$")]))
                rest.removeFirst()
                continue
            }
            guard let name = Self.takeName(&rest) else {
                pieces.append(.text([UInt8(ascii: "$")]))
                continue
            }
            if let number = Int(name) {
                if number < names.count { pieces.append(.group(number)) }
            } else if let number = names.firstIndex(of: name) {
                pieces.append(.group(number))
            }
        }
        pieces.append(.text(Array(rest.utf8)))
    }

    /// A name, with or without braces, taken off `rest`; nil, and nothing taken, where there is none.
    private static func takeName(_ rest: inout Substring) -> String? {
        let braced = rest.first == "{"
        let body = braced ? rest.dropFirst() : rest
        let name = body.prefix { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let after = body[name.endIndex...]
        guard !name.isEmpty, !braced || after.first == "}" else { return nil }
        rest = braced ? after.dropFirst() : after
        return String(name)
    }

    func append(to out: inout [UInt8], _ groups: [Range<Int>?], _ text: UnsafeBufferPointer<UInt8>) {
        for piece in pieces {
            switch piece {
            case .text(let bytes): out += bytes
            case .group(let number): if let range = groups[number] { out += text[range] }
            }
        }
    }
}
