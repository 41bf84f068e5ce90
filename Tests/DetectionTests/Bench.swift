import Model
import Series
import Testing

@testable import Detection

/// An engine over rules written in a test, with a store and a time that counts in seconds from the epoch.
struct Bench {
    var engine: RuleEngine
    var store = SeriesStore(retention: .seconds(86_400), memory: ByteSize(bytes: 16 << 20))

    /// `rules` are the items of one group's list, indented as they stand there.
    init(_ rules: String, group: String = "", interval: Duration = .seconds(15)) throws {
        let text = "groups:\n  - name: g\n\(group)    rules:\n" + rules
        engine = RuleEngine(try RuleSet.parse([(path: "r.yaml", text: text)]), interval: interval)
    }

    mutating func set(_ series: String, _ value: Double, at seconds: Double) throws {
        let labels = try SeriesNotation.parseLabels(series)
        let sample = Sample(milliseconds: Timestamp(seconds: seconds).milliseconds, value: value)
        #expect(store.append(labels, sample) == .stored)
    }

    /// Evaluates; gives `firing UnitFailed{unit="x"} @30` a line, sorted by nothing but the rules.
    mutating func evaluate(at seconds: Double) -> [String] {
        engine.evaluate(at: Timestamp(seconds: seconds), store: &store).map(\.line)
    }

    mutating func observe(_ fields: [String: String], at seconds: Double) -> [String] {
        engine.observe(entry(fields, at: seconds)).map(\.line)
    }

    func entry(_ fields: [String: String], at seconds: Double) -> LogEntry {
        LogEntry(cursor: "c\(seconds)", at: Timestamp(seconds: seconds), fields: fields)
    }

    /// What a query gives at a time, sorted: `{labels} value`.
    func query(_ text: String, at seconds: Double) throws -> [String] {
        let value = try Expression(parsing: text).evaluate(
            in: store, at: Timestamp(seconds: seconds), options: EvaluationOptions())
        guard case .vector(let elements) = value else { return ["\(value)"] }
        return elements.map { "\($0.labels) \($0.value)" }.sorted()
    }
}

extension Alert {
    var line: String {
        var rest = labels
        rest["alertname"] = nil
        return "\(state.rawValue) \(name)\(rest) @\(at.seconds.formatted)"
    }
}

extension Double {
    fileprivate var formatted: String { self == rounded() ? String(Int(self)) : String(self) }
}

/// The problems of a rule file as `LINE:COL: MESSAGE`.
func problems(_ text: String) -> [String] {
    do {
        _ = try RuleSet.parse([(path: "r.yaml", text: text)])
        return []
    } catch {
        return error.all.map { "\($0.place.line):\($0.place.column): \($0.message)" }
    }
}
