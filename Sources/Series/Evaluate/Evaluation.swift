import Model
import Text

/// How an expression is evaluated.
public struct EvaluationOptions: Sendable, Hashable {
    /// How old an instant selector's sample may be.
    public var lookback: Duration
    /// Samples before this time (milliseconds) do not exist, and every range begins there at the earliest.
    public var notBefore: Int64?
    /// How many samples an evaluation may read or make before it is refused.
    public var samplesMax: Int
    /// The step of a subquery that names none.
    public var subqueryStep: Duration

    public init(
        lookback: Duration = .seconds(300), notBefore: Int64? = nil, samplesMax: Int = 2_000_000,
        subqueryStep: Duration = .seconds(60)
    ) {
        self.lookback = lookback
        self.notBefore = notBefore
        self.samplesMax = samplesMax
        self.subqueryStep = subqueryStep
    }
}

/// One evaluation of an expression, at one time or at many: samples are read once, then every step is computed.
///
/// The rules are Prometheus 3's, metric names dropped at once (as there without `promql-delayed-name-removal`).
final class Evaluation {
    /// Points of a range or a subquery, as Prometheus' API allows.
    static let stepsMax = 11_000

    let source: any SeriesSource
    let options: EvaluationOptions
    let first: Int64
    let last: Int64
    var notes: Notes
    /// By the selectors' IDs.
    var selections: [Int: [SelectedSeries]] = [:]
    /// Steps that subqueries have computed; those of neighbouring outer steps are mostly the same.
    var computed: [SubqueryStep: [VectorElement]] = [:]
    private var spent = 0

    struct SubqueryStep: Hashable {
        let id: Int
        let time: Int64
    }

    init(_ text: String, _ source: any SeriesSource, _ options: EvaluationOptions, first: Int64, last: Int64) {
        self.source = source
        self.options = options
        self.first = first
        self.last = last
        notes = Notes(text)
    }

    func spend(_ samples: Int) throws(Fault) {
        spent += samples
        guard spent <= options.samplesMax else {
            throw Fault(
                "query.large", "the expression needs more than the \(options.samplesMax) samples allowed",
                hint: "Select fewer series or a shorter range")
        }
    }

    // MARK: - By type

    func value(_ node: Node, at time: Int64) throws(Fault) -> QueryValue {
        switch node.type {
        case .scalar: return .scalar(try scalar(node, at: time))
        case .vector: return .vector(try vector(node, at: time))
        case .string: return .string(string(node))
        case .matrix:
            let series = try windows(node, at: time).map {
                SelectedSeries(labels: $0.labels, samples: Array($0.window.samples))
            }
            return .matrix(series.sorted { $0.labels < $1.labels })
        }
    }

    func string(_ node: Node) -> String {
        if case .string(let literal, _) = node.unwrapped { literal.value } else { "" }
    }

    func scalar(_ node: Node, at time: Int64) throws(Fault) -> Double {
        switch node {
        case .number(let value, _): return value
        case .parenthesized(let inner, _), .positive(let inner, _): return try scalar(inner, at: time)
        case .negative(let inner, _): return -(try scalar(inner, at: time))
        case .binary(let binary):
            let left = try scalar(binary.left, at: time)
            return binary.operation.applied(left, try scalar(binary.right, at: time))
        case .call(let call):
            switch call.function.body {
            case .special(.time): return Double(time) / 1000
            case .special(.pi): return .pi
            case .special(.scalar):
                let elements = try vector(call.arguments[0], at: time)
                return elements.count == 1 ? elements[0].value : .nan
            default: return .nan
            }
        default: return .nan
        }
    }

    func vector(_ node: Node, at time: Int64) throws(Fault) -> [VectorElement] {
        switch node {
        case .selector(let selector): return instant(selector, at: time)
        case .parenthesized(let inner, _), .positive(let inner, _): return try vector(inner, at: time)
        case .negative(let inner, _):
            return try withoutNames(vector(inner, at: time).map { $0.with(value: -$0.value) })
        case .aggregate(let aggregate): return try self.aggregate(aggregate, at: time)
        case .binary(let binary): return try self.binary(binary, at: time)
        case .call(let call): return try self.call(call, at: time)
        // The check lets no other type come here.
        case .number, .string, .range, .subquery: return []
        }
    }

    // MARK: - Labels of results

    /// The elements with their metric names dropped.
    func withoutNames(_ elements: [VectorElement]) throws(Fault) -> [VectorElement] {
        let names = Set(elements.map { $0.labels["__name__"] })
        let unnamed = elements.map { element in
            var copy = element
            copy.labels["__name__"] = nil
            return copy
        }
        // Within one name, other labels differ.
        return names.count > 1 ? try distinct(unnamed) : unnamed
    }

    func distinct(_ elements: [VectorElement]) throws(Fault) -> [VectorElement] {
        guard Set(elements.map(\.labels)).count == elements.count else {
            throw Fault("query.duplicates", "vector cannot contain metrics with the same labelset")
        }
        return elements
    }
}

extension VectorElement {
    func with(value: Double) -> VectorElement {
        VectorElement(labels: labels, value: value, milliseconds: milliseconds)
    }
}
