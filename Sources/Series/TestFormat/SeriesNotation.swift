public import Model

/// A series written for a test: `up{job="web"} 1 0+10x5 _ stale`, as in Prometheus' and promtool's tests.
///
/// `1x3` is 1 four times, `1+2x3` is 1 3 5 7, `_` no sample, `_x3` none three times, `stale` a stale marker.
public struct SeriesNotation: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case number(Double)
        case missing
        case stale
        /// `{{…}}`, which this version cannot hold.
        case histogram
    }

    /// `__name__` included.
    public var labels: Labels
    public var values: [Value]

    static let valuesMax = 1_000_000

    /// Reads labels and values of one line.
    public init(parsing line: String) throws(Fault) {
        let end = try Self.labelsEnd(line)
        try self.init(labels: String(line[..<end]), values: String(line[end...]))
    }

    /// Reads the two where they stand apart, as in promtool's `series` and `values`.
    public init(labels: String, values: String) throws(Fault) {
        self.labels = try Self.parseLabels(labels)
        var reader = ValueReader(values)
        self.values = try reader.all()
    }

    /// The samples, the first at `start` milliseconds, each `step` after the one before.
    public func samples(from start: Int64, every step: Duration) -> [Sample] {
        values.enumerated().compactMap { index, value in
            let time = start + Int64(index) * step.milliseconds
            switch value {
            case .number(let number): return Sample(milliseconds: time, value: number)
            case .stale: return Sample(milliseconds: time, value: StaleMarker.value)
            case .missing, .histogram: return nil
            }
        }
    }

    static func fault(_ message: String) -> Fault { Fault("series.syntax", message) }

    /// Behind the closing brace, or behind the bare name.
    private static func labelsEnd(_ line: String) throws(Fault) -> String.Index {
        var quote: Character?
        var isInBraces = false
        var escaped = false
        for index in line.indices {
            let character = line[index]
            if let open = quote {
                if escaped {
                    escaped = false
                } else if character == "\\" && open != "`" {
                    escaped = true
                } else if character
                    == open
                {
                    quote = nil
                }
            } else if isInBraces, character == "\"" || character == "'" || character == "`" {
                quote = character
            } else if character == "{" {
                isInBraces = true
            } else if character == "}" {
                return line.index(after: index)
            } else if !isInBraces, character.isWhitespace {
                return index
            }
        }
        guard !isInBraces else { throw fault("the series' closing brace is missing") }
        return line.endIndex
    }

    /// Reads `name{a="b"}`, `{a="b"}` or `{"a name", a="b"}`.
    public static func parseLabels(_ text: String) throws(Fault) -> Labels {
        do {
            var parser = try Parser(text)
            return try parser.labelSet()
        } catch { throw fault("\(error.message) in the series \"\(text)\"") }
    }
}

extension Parser {
    fileprivate mutating func labelSet() throws(SyntaxProblem) -> Labels {
        var labels = Labels()
        if case .word(let name) = current.kind {
            labels["__name__"] = name
            take()
        }
        if take(.leftBrace) {
            while !current.is(.rightBrace) {
                let token = take()
                let name: String
                switch token.kind {
                case .word(let word): name = word
                case .string(let literal): name = literal.value
                default: throw SyntaxProblem(byte: token.span.lowerBound, message: "expected a label's name")
                }
                if take(.equal) {
                    guard case .string(let value) = current.kind else { throw unexpected("a string") }
                    labels[name] = value.value
                    take()
                } else if case .string = token.kind {
                    labels["__name__"] = name
                } else {
                    throw unexpected("\"=\"")
                }
                guard take(.comma) else { break }
            }
            try expect(.rightBrace)
        }
        guard current.kind == .end else { throw unexpected("the end of the labels") }
        return labels
    }
}

private struct ValueReader {
    private let text: [UInt8]
    private var index = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    mutating func all() throws(Fault) -> [SeriesNotation.Value] {
        var values: [SeriesNotation.Value] = []
        while true {
            while index < text.count, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
            guard index < text.count else { return values }
            try readItem(into: &values)
            guard index == text.count || text[index] == 0x20 || text[index] == 0x09 else { throw problem() }
        }
    }

    private func problem() -> Fault {
        let rest = String(decoding: text[index...].prefix { $0 != 0x20 }, as: UTF8.self)
        return SeriesNotation.fault("unexpected \"\(rest)\" in the series' values")
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < text.count, text[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func readItem(into values: inout [SeriesNotation.Value]) throws(Fault) {
        if take("_") {
            let times = try repetitions() ?? 1
            return try append(.missing, times: times, to: &values)
        }
        if text[index] == UInt8(ascii: "{") { return try readHistogram(into: &values) }
        if text[index...].starts(with: "stale".utf8) {
            index += 5
            return try append(.stale, times: (try repetitions() ?? 0) + 1, to: &values)
        }
        let first = try number()
        var step = 0.0
        if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
            step = try number()
            guard index < text.count, text[index] == UInt8(ascii: "x") else { throw problem() }
        }
        let times = try repetitions() ?? 0
        guard values.count + times < SeriesNotation.valuesMax else { throw problem() }
        var value = first
        for _ in 0...times {
            values.append(.number(value))
            value += step
        }
    }

    /// `{{…}}`, `{{…}}x3`, `{{…}}+{{…}}x3`
    private mutating func readHistogram(into values: inout [SeriesNotation.Value]) throws(Fault) {
        repeat {
            guard take("{"), take("{") else { throw problem() }
            while index < text.count, text[index] != UInt8(ascii: "}") { index += 1 }
            guard take("}"), take("}") else { throw problem() }
        } while take("+") || take("-")
        try append(.histogram, times: (try repetitions() ?? 0) + 1, to: &values)
    }

    private func append(
        _ value: SeriesNotation.Value, times: Int, to values: inout [SeriesNotation.Value]
    ) throws(Fault) {
        guard values.count + times < SeriesNotation.valuesMax else { throw problem() }
        values.append(contentsOf: repeatElement(value, count: times))
    }

    private mutating func repetitions() throws(Fault) -> Int? {
        guard take("x") else { return nil }
        let start = index
        while index < text.count, Lexer.isDigit(text[index]) { index += 1 }
        guard let times = Int(String(decoding: text[start..<index], as: UTF8.self)) else { throw problem() }
        return times
    }

    private mutating func number() throws(Fault) -> Double {
        let start = index
        if !take("-") { _ = take("+") }
        if index < text.count, Lexer.isLetter(text[index]) {
            while index < text.count, Lexer.isLetter(text[index]), text[index] != UInt8(ascii: "x") { index += 1 }
        } else {
            while index < text.count {
                let isExponent = text[index] | 0x20 == UInt8(ascii: "e")
                guard isExponent || Lexer.isDigit(text[index]) || text[index] == UInt8(ascii: ".") else { break }
                index += 1
                if isExponent, !take("-") { _ = take("+") }
            }
        }
        let value = text[start..<index].withUnsafeBytes { ExpositionNumber.value($0) }
        guard let value else {
            index = start
            throw problem()
        }
        return value
    }
}
