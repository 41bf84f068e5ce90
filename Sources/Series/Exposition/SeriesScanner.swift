import Model

/// Reads `name{label="value"}` or `{"name", label="value"}` at the beginning of some bytes.
struct SeriesScanner {
    private let text: UnsafeRawBufferPointer
    private let line: Int
    private var index = 0

    init(_ text: UnsafeRawBufferPointer, line: Int) {
        self.text = text
        self.line = line
    }

    private func fault(_ message: String) -> Fault { ExpositionReader.fault(line, message) }

    /// Passes over the series without reading it out; where it ends.
    mutating func skipSeries(labelsMax: Int) throws(Fault) -> Int {
        var hasName = skipName(colons: true)
        var end = index
        let brace = text.skipBlanks(from: index)
        if brace < text.count, text[brace] == UInt8(ascii: "{") {
            index = brace
            let inside = try scanBraces(labelsMax: labelsMax, name: hasName ? "" : nil, nil)
            hasName = hasName || inside
            end = index
        } else if !hasName {
            throw fault("expected a metric's name")
        }
        guard hasName else { throw fault("the metric has no name") }
        return end
    }

    /// Passes over `{…}`; where it ends.
    mutating func skipBraces(labelsMax: Int) throws(Fault) -> Int {
        _ = try scanBraces(labelsMax: labelsMax, name: "", nil)
        return index
    }

    /// The name, as `__name__`, and the labels as they are written; empty values are left out.
    mutating func pairs(labelsMax: Int) throws(Fault) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        let hasName = skipName(colons: true)
        if hasName { pairs.append(("__name__", String(decoding: text[..<index], as: UTF8.self))) }
        index = text.skipBlanks(from: index)
        if index < text.count {
            let collected = Collector()
            _ = try scanBraces(labelsMax: labelsMax, name: hasName ? "" : nil, collected)
            pairs += collected.pairs
        }
        return pairs
    }

    private final class Collector {
        var pairs: [(name: String, value: String)] = []
    }

    /// Returns whether a name stood inside; `name` nil says that one is still allowed.
    private mutating func scanBraces(
        labelsMax: Int, name: String?, _ collector: Collector?
    ) throws(Fault) -> Bool {
        var nameInside = false
        var labels = 0
        index += 1
        while true {
            index = text.skipBlanks(from: index)
            guard index < text.count else { throw fault("the closing brace is missing") }
            if text[index] == UInt8(ascii: "}") {
                index += 1
                return nameInside
            }
            let start = index
            let quoted = text[index] == UInt8(ascii: "\"")
            if quoted { try skipString() } else if !skipName(colons: false) { throw fault("expected a label's name") }
            let nameRange = quoted ? start + 1..<index - 1 : start..<index
            index = text.skipBlanks(from: index)
            if index < text.count, text[index] == UInt8(ascii: "=") {
                labels += 1
                guard labels <= labelsMax else { throw fault("more than the \(labelsMax) labels allowed") }
                index = text.skipBlanks(from: index + 1)
                guard index < text.count, text[index] == UInt8(ascii: "\"") else {
                    throw fault("a label's value must stand in double quotes")
                }
                let valueStart = index + 1
                try skipString()
                if let collector {
                    collector.pairs.append((try string(nameRange), try string(valueStart..<index - 1)))
                }
            } else if quoted, name == nil, !nameInside {
                nameInside = true
                if let collector { collector.pairs.append(("__name__", try string(nameRange))) }
            } else {
                throw fault(quoted ? "the metric has two names" : "expected \"=\" after a label's name")
            }
            index = text.skipBlanks(from: index)
            if index < text.count, text[index] == UInt8(ascii: ",") {
                index += 1
            } else if index < text.count,
                text[index] != UInt8(ascii: "}")
            {
                throw fault("expected a comma or the closing brace after a label")
            }
        }
    }

    /// Passes over a bare name; false where there is none.
    private mutating func skipName(colons: Bool) -> Bool {
        let start = index
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9"): if index == start { return false }
            case UInt8(ascii: ":"): if !colons { return index > start }
            default: return index > start
            }
            index += 1
        }
        return index > start
    }

    /// Passes over a string in double quotes, `\` escaping what follows it.
    private mutating func skipString() throws(Fault) {
        index += 1
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        throw fault("a string's closing quote is missing")
    }

    private func string(_ range: Range<Int>) throws(Fault) -> String {
        let bytes = text[range]
        guard bytes.contains(UInt8(ascii: "\\")) else { return try decoded(bytes) }
        var out: [UInt8] = []
        out.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let escape: UInt8? =
                text[index] == UInt8(ascii: "\\") && index + 1 < range.upperBound
                ? Self.unescaped(text[index + 1]) : nil
            out.append(escape ?? text[index])
            index += escape == nil ? 1 : 2
        }
        return try decoded(out)
    }

    /// Any other escape stands for itself, as in Prometheus.
    private static func unescaped(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): byte
        default: nil
        }
    }

    private func decoded(_ bytes: some Collection<UInt8>) throws(Fault) -> String {
        guard let string = String(validating: bytes, as: UTF8.self) else { throw fault("a label is not valid UTF-8") }
        return string
    }
}

/// What follows the series on its line: the value, the timestamp, an exemplar.
struct FieldScanner {
    private let text: UnsafeRawBufferPointer
    private let format: Exposition.Format
    private(set) var position: Int

    init(_ text: UnsafeRawBufferPointer, at position: Int, format: Exposition.Format) {
        self.text = text
        self.format = format
        self.position = position
    }

    var isAtEnd: Bool { (format == .text ? text.skipBlanks(from: position) : position) == text.count }

    var isAtExemplar: Bool {
        format == .openMetrics && position + 3 < text.count && text[position] == 0x20
            && text[position + 1] == UInt8(ascii: "#") && text[position + 2] == 0x20
            && text[position + 3] == UInt8(ascii: "{")
    }

    /// The next field: after blanks in the text format, after exactly one space in OpenMetrics.
    mutating func next() -> UnsafeRawBufferPointer? {
        var start = position
        if format == .text {
            start = text.skipBlanks(from: start)
        } else {
            guard start < text.count, text[start] == 0x20 else { return nil }
            start += 1
        }
        var end = start
        while end < text.count, text[end] != 0x20, text[end] != 0x09 || format == .openMetrics { end += 1 }
        guard end > start else { return nil }
        position = end
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }
}
