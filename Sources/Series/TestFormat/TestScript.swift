import Model
import Text

/// A file in the format of Prometheus' PromQL tests, read but not run.
struct TestScript {
    enum Command {
        case clear
        case load(step: Duration, series: [SeriesNotation], withHistograms: Bool)
        case evaluate(TestCase)
    }

    private(set) var commands: [Command] = []
    private let file: String
    private let lines: [String]
    private var index = 0

    init(_ text: String, file: String) throws(Diagnostics) {
        self.file = file
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let trimmed = line.trimmingBlanks
            return trimmed.hasPrefix("#") ? "" : String(trimmed)
        }
        while index < lines.count {
            let line = lines[index]
            let word = line.prefix { !$0.isWhitespace }.lowercased()
            if word == "clear" {
                commands.append(.clear)
            } else if word.hasPrefix("load") {
                commands.append(try load(line))
            } else if word.hasPrefix("eval") {
                commands.append(.evaluate(try evaluation(line)))
            } else if !line.isEmpty {
                throw problem("\"\(word)\" is no command; expected load, clear or eval")
            }
            index += 1
        }
    }

    private func problem(_ message: String, line: Int? = nil) -> Diagnostics {
        Diagnostics([Diagnostic(SourcePlace(file: file, line: (line ?? index) + 1, column: 1), message)])
    }

    /// The following lines up to an empty one or a comment.
    private mutating func block() -> [(line: Int, text: String)] {
        var block: [(line: Int, text: String)] = []
        while index + 1 < lines.count, !lines[index + 1].isEmpty {
            index += 1
            block.append((index, lines[index]))
        }
        return block
    }

    private func series(_ text: String, line: Int) throws(Diagnostics) -> SeriesNotation {
        do { return try SeriesNotation(parsing: text) } catch { throw problem(error.message, line: line) }
    }

    private func duration(_ text: some StringProtocol) throws(Diagnostics) -> Duration {
        guard let duration = Duration(parsing: String(text)) else {
            throw problem("\"\(text)\" is no duration such as 5m")
        }
        return duration
    }

    private mutating func load(_ line: String) throws(Diagnostics) -> Command {
        let words = line.split { $0.isWhitespace }
        let name = words[0].lowercased()
        guard words.count == 2, name == "load" || name == "load_with_nhcb" else {
            throw problem("expected load STEP or load_with_nhcb STEP")
        }
        let step = try duration(words[1])
        var loaded: [SeriesNotation] = []
        for (number, text) in block() {
            // A line of start timestamps, `name@st …`: its series is one that this version cannot hold.
            let head = text.prefix { !$0.isWhitespace }
            if head.hasSuffix("@st") {
                var marked = try series(String(head.dropLast(3)), line: number)
                marked.values = [.histogram]
                loaded.append(marked)
            } else {
                loaded.append(try series(text, line: number))
            }
        }
        return .load(step: step, series: loaded, withHistograms: name == "load_with_nhcb")
    }

    private mutating func evaluation(_ line: String) throws(Diagnostics) -> TestCase {
        var rest = Substring(line)
        func word() -> Substring {
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest.dropFirst(word.count).drop { $0.isWhitespace }
            return word
        }
        let command = word().lowercased()
        let kind = word()
        let time: TestCase.Time
        switch kind {
        case "instant":
            var at = Duration.zero
            if rest.hasPrefix("at "), case _ = word() { at = try duration(word()) }
            time = .instant(at)
        case "range":
            var parts: [Duration] = []
            for keyword in ["from", "to", "step"] {
                guard word() == keyword else { throw problem("expected eval range from A to B step S EXPRESSION") }
                parts.append(try duration(word()))
            }
            time = .range(from: parts[0], through: parts[1], step: parts[2])
        default: throw problem("expected eval instant or eval range")
        }
        guard !rest.isEmpty else { throw problem("the expression is missing") }
        var test = TestCase(place: SourcePlace(file: file, line: index + 1, column: 1), text: String(rest), time: time)
        switch command {
        case "eval": break
        case "eval_ordered": test.isOrdered = true
        case "eval_fail": test.failure = .any
        case "eval_warn": test.warnings = [.any]
        case "eval_info": test.infos = [.any]
        default: throw problem("\"\(command)\" is no command; expected eval")
        }
        for (number, text) in block() {
            if let message = try test.expect(
                text, { number, text throws(Diagnostics) in try series(text, line: number) }, number)
            {
                throw problem(message, line: number)
            }
        }
        return test
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = drop { $0.isWhitespace }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text
    }
}
