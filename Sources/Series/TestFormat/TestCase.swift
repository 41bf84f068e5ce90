import Model
import Text

/// An `eval` of a test file with what it expects.
struct TestCase {
    enum Time {
        case instant(Duration)
        case range(from: Duration, through: Duration, step: Duration)
    }

    /// What a message must be.
    enum Message {
        case any
        case exactly(String)
        case matching(Pattern)

        func fits(_ message: String) -> Bool {
            switch self {
            case .any: true
            case .exactly(let text): message == text
            case .matching(let pattern): pattern.matches(message)
            }
        }
    }

    let place: SourcePlace
    let text: String
    let time: Time
    var isOrdered = false
    var failure: Message?
    var warnings: [Message] = []
    var infos: [Message] = []
    var noWarnings = false
    var noInfos = false
    var series: [SeriesNotation] = []
    var scalar: Double?
    var string: String?
    /// The times of a range vector that an instant evaluation gives.
    var rangeVector: (from: Duration, through: Duration, step: Duration)?

    init(place: SourcePlace, text: String, time: Time) {
        self.place = place
        self.text = text
        self.time = time
    }

    /// Takes one line of the block; returns what is wrong with it.
    mutating func expect(
        _ line: String, _ parse: (Int, String) throws(Diagnostics) -> SeriesNotation, _ number: Int
    ) throws(Diagnostics) -> String? {
        if failure != nil, line.hasPrefix("expected_fail_message") {
            failure = .exactly(Self.rest(line, after: "expected_fail_message"))
        } else if failure != nil, line.hasPrefix("expected_fail_regexp") {
            guard let pattern = Self.pattern(Self.rest(line, after: "expected_fail_regexp")) else {
                return "the pattern is not valid"
            }
            failure = .matching(pattern)
        } else if line.hasPrefix("expect range vector") {
            return expectRangeVector(line)
        } else if line.hasPrefix("expect string") {
            let literal = Self.rest(line, after: "expect string")
            // Why it is none does not matter.
            guard let token = try? Lexer.tokens(literal).first, case .string(let value) = token.kind else {
                return "expected a string in quotes"
            }
            string = value.value
        } else if line.prefix(while: { !$0.isWhitespace }) == "expect" {
            return expectNote(Self.rest(line, after: "expect"))
        } else if let value = Self.number(line) {
            scalar = value
        } else {
            series.append(try parse(number, line))
        }
        return nil
    }

    private mutating func expectNote(_ text: String) -> String? {
        let kind = String(text.prefix { !$0.isWhitespace })
        let detail = Self.rest(text, after: kind)
        var message = Message.any
        if detail.hasPrefix("msg:") {
            message = .exactly(Self.rest(detail, after: "msg:"))
        } else if detail.hasPrefix("regex:") {
            guard let pattern = Self.pattern(Self.rest(detail, after: "regex:")) else {
                return "the pattern is not valid"
            }
            message = .matching(pattern)
        } else if !detail.isEmpty {
            return "expected msg: or regex:"
        }
        switch kind {
        case "ordered": isOrdered = true
        case "fail": failure = message
        case "warn": warnings.append(message)
        case "info": infos.append(message)
        case "no_warn": noWarnings = true
        case "no_info": noInfos = true
        default: return "\"\(kind)\" cannot be expected"
        }
        return nil
    }

    private mutating func expectRangeVector(_ line: String) -> String? {
        let words = line.split { $0.isWhitespace }.map(String.init)
        guard words.count == 9, words[3] == "from", words[5] == "to", words[7] == "step",
            let from = Duration(parsing: words[4]), let through = Duration(parsing: words[6]),
            let step = Duration(parsing: words[8])
        else { return "expected range vector from A to B step S" }
        rangeVector = (from, through, step)
        return nil
    }

    private static func rest(_ line: String, after prefix: String) -> String {
        String(line.dropFirst(prefix.count).drop { $0.isWhitespace })
    }

    private static func pattern(_ source: String) -> Pattern? {
        try? Pattern(source)  // the line is refused; why, a test's author sees in it
    }

    private static func number(_ text: String) -> Double? {
        let digits = text.hasPrefix("+") || text.hasPrefix("-") ? String(text.dropFirst()) : text
        return ExpositionNumber.value(text)
            ?? Lexer.number(digits).map { text.hasPrefix("-") ? -$0 : $0 }
    }
}
