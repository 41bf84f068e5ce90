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
/// The rules are Prometheus 3's as its own tests have them: an operation that changes what a series means drops its
/// name, but only when the result is complete (`promql-delayed-name-removal` there).
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
    var computed: [SubqueryStep: [Element]] = [:]
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
        case .vector: return .vector(try named(vector(node, at: time), at: time))
        case .string: return .string(string(node))
        case .matrix:
            let series = try windows(node, at: time).map { one in
                let labels = one.dropsName ? one.labels.withoutMetadata : one.labels
                return SelectedSeries(labels: labels, samples: Array(one.window.samples))
            }
            guard Set(series.map(\.labels)).count == series.count else { throw Self.duplicates }
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

    func vector(_ node: Node, at time: Int64) throws(Fault) -> [Element] {
        switch node {
        case .selector(let selector):
            return newest(selector, at: time).map { Element(labels: $0.labels, value: $0.sample.value) }
        case .parenthesized(let inner, _), .positive(let inner, _): return try vector(inner, at: time)
        case .negative(let inner, _): return try vector(inner, at: time).map { $0.changed(to: -$0.value) }
        case .aggregate(let aggregate): return try self.aggregate(aggregate, at: time)
        case .binary(let binary): return try self.binary(binary, at: time)
        case .call(let call): return try self.call(call, at: time)
        // The check lets no other type come here.
        case .number, .string, .range, .subquery: return []
        }
    }

    // MARK: - Results

    static let duplicates = Fault("query.duplicates", "vector cannot contain metrics with the same labelset")

    /// The result as it leaves: names dropped where they no longer fit, which must not make two series the same.
    func named(_ elements: [Element], at time: Int64) throws(Fault) -> [VectorElement] {
        let results = elements.map { element in
            VectorElement(
                labels: element.dropsName ? element.labels.withoutMetadata : element.labels, value: element.value,
                milliseconds: time)
        }
        // Series of one name differ in other labels.
        let names = Set(elements.map { $0.dropsName ? $0.labels["__name__"] : nil })
        let mayCollide = names.count > 1 || elements.contains { !$0.dropsName }
        if mayCollide, elements.contains(where: \.dropsName), Set(results.map(\.labels)).count < results.count {
            throw Self.duplicates
        }
        return results
    }

    func distinct(_ elements: [Element]) throws(Fault) -> [Element] {
        guard Set(elements.map(\.labels)).count == elements.count else { throw Self.duplicates }
        return elements
    }
}

/// What a series is at the time that is being computed.
struct Element {
    var labels: Labels
    var value: Double
    /// The value is no longer of the metric that the name says.
    var dropsName = false

    func changed(to value: Double) -> Element { Element(labels: labels, value: value, dropsName: true) }
}

extension Labels {
    /// Without what says which metric this is: its name, type and unit.
    var withoutMetadata: Labels {
        filter { $0 != "__name__" && $0 != "__type__" && $0 != "__unit__" }
    }
}
