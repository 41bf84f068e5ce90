import Glibc
import Model

/// Goes through a body line by line; a line is bytes in place, never a String.
struct ExpositionReader {
    private let body: UnsafeRawBufferPointer
    private let format: Exposition.Format
    private let limits: Exposition.Limits
    private var position = 0
    private var line = 0
    private var samples = 0
    private var type = Exposition.MetricType.other
    private var sawEnd = false

    init(_ body: UnsafeRawBufferPointer, _ format: Exposition.Format, _ limits: Exposition.Limits) {
        self.body = body
        self.format = format
        self.limits = limits
    }

    static func fault(_ line: Int, _ message: String) -> Fault {
        Fault("exposition.syntax", "line \(line) of the exposition: \(message)")
    }

    private func fault(_ message: String) -> Fault { Self.fault(line, message) }

    /// The next sample, nil at the end.
    mutating func next() throws(Fault) -> Exposition.Item? {
        while let text = try nextLine() {
            guard !sawEnd else { throw fault("there is more after # EOF") }
            var index = 0
            if format == .text { index = text.skipBlanks(from: 0) }
            guard index < text.count else {
                guard format == .text else { throw fault("OpenMetrics has no empty lines") }
                continue
            }
            if text[index] == UInt8(ascii: "#") {
                try readComment(text, from: index)
                continue
            }
            samples += 1
            guard samples <= limits.samplesMax else {
                throw fault("more than the \(limits.samplesMax) samples allowed")
            }
            return try readSample(UnsafeRawBufferPointer(rebasing: text[index...]))
        }
        guard format == .text || sawEnd else { throw fault("OpenMetrics must end with # EOF; the body is cut off") }
        return nil
    }

    private mutating func nextLine() throws(Fault) -> UnsafeRawBufferPointer? {
        guard position < body.count, let base = body.baseAddress else { return nil }
        line += 1
        let rest = body.count - position
        let end = memchr(base + position, 10, rest).map { base.distance(to: $0) } ?? body.count
        guard end - position <= limits.lineBytesMax else {
            throw fault("longer than the \(limits.lineBytesMax) bytes allowed")
        }
        let text = UnsafeRawBufferPointer(start: base + position, count: end - position)
        position = end + 1
        return text
    }

    private func readSample(_ text: UnsafeRawBufferPointer) throws(Fault) -> Exposition.Item {
        var scanner = SeriesScanner(text, line: line)
        let seriesEnd = try scanner.skipSeries(labelsMax: limits.labelsMax)
        var fields = FieldScanner(text, at: seriesEnd, format: format)
        guard let valueText = fields.next() else { throw fault("a value must follow the series") }
        guard let value = ExpositionNumber.value(valueText) else {
            throw fault("the value \(quoted(valueText)) is no number")
        }
        var milliseconds: Int64?
        if !fields.isAtExemplar, let timeText = fields.next() {
            milliseconds =
                format == .text ? ExpositionNumber.integer(timeText) : ExpositionNumber.milliseconds(timeText)
            guard milliseconds != nil else { throw fault("the timestamp \(quoted(timeText)) is no number") }
        }
        if fields.isAtExemplar {
            try skipExemplar(text, from: fields.position + 3)
        } else if !fields.isAtEnd {
            throw fault("unexpected text after the sample")
        }
        return Exposition.Item(
            series: UnsafeRawBufferPointer(rebasing: text[..<seriesEnd]),
            value: value.isNaN ? ExpositionNumber.notANumber : value, milliseconds: milliseconds, line: line,
            type: type, labelsMax: limits.labelsMax)
    }

    /// Exemplars are checked for their form only: `# {labels} value [timestamp]`.
    private func skipExemplar(_ text: UnsafeRawBufferPointer, from start: Int) throws(Fault) {
        let rest = UnsafeRawBufferPointer(rebasing: text[start...])
        var scanner = SeriesScanner(rest, line: line)
        let end = try scanner.skipBraces(labelsMax: limits.labelsMax)
        var fields = FieldScanner(rest, at: end, format: format)
        guard let value = fields.next(), ExpositionNumber.value(value) != nil else {
            throw fault("an exemplar needs a value")
        }
        if let time = fields.next(), ExpositionNumber.milliseconds(time) == nil {
            throw fault("the exemplar's timestamp \(quoted(time)) is no number")
        }
        guard fields.isAtEnd else { throw fault("unexpected text after the exemplar") }
    }

    private mutating func readComment(_ text: UnsafeRawBufferPointer, from start: Int) throws(Fault) {
        let words = text[start...].split(maxSplits: 3, omittingEmptySubsequences: format == .text) {
            $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") && format == .text
        }
        func isWord(_ index: Int, _ word: StaticString) -> Bool {
            words.count > index
                && words[index].elementsEqual(
                    UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        }
        guard isWord(0, "#") else {
            guard format == .text else { throw fault("a comment begins with \"# \"") }
            return
        }
        if isWord(1, "TYPE") {
            guard words.count > 3 else { throw fault("# TYPE needs a metric's name and its type") }
            try readType(String(decoding: words[3], as: UTF8.self).trimmingBlanks(format))
        } else if format == .openMetrics {
            if isWord(1, "EOF"), words.count == 2 {
                sawEnd = true
            } else if !isWord(1, "HELP") && !isWord(1, "UNIT") || words.count < 3 {
                throw fault("OpenMetrics has no comments but HELP, TYPE, UNIT and EOF")
            }
        }
    }

    private mutating func readType(_ word: String) throws(Fault) {
        let known =
            format == .text
            ? ["counter", "gauge", "histogram", "summary", "untyped"]
            : ["counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown"]
        guard known.contains(word) else { throw fault("\"\(word)\" is no metric type") }
        type = word == "histogram" ? .histogram : word == "summary" ? .summary : .other
    }

    private func quoted(_ bytes: UnsafeRawBufferPointer) -> String {
        "\"" + String(decoding: bytes.prefix(40), as: UTF8.self) + (bytes.count > 40 ? "…" : "") + "\""
    }
}

extension String {
    fileprivate func trimmingBlanks(_ format: Exposition.Format) -> String {
        guard format == .text else { return self }
        var text = Substring(self)
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}

extension UnsafeRawBufferPointer {
    func skipBlanks(from start: Int) -> Int {
        var index = start
        while index < count, self[index] == 0x20 || self[index] == 0x09 { index += 1 }
        return index
    }
}
