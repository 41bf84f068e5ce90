public import Model
public import Text

/// A checked expression of PromQL.
public struct Expression: Sendable {
    public let text: String
    public let type: ValueType
    let node: Node
    private let asCondition: Bool

    /// Throws at the first thing that is wrong, or that this version does not have.
    public init(parsing text: String) throws(ExpressionError) {
        do {
            let node = try Parser.parse(text)
            try node.check()
            self.init(text, node)
        } catch {
            let characters = text.utf8.index(text.startIndex, offsetBy: min(error.byte, text.utf8.count))
            throw ExpressionError(
                offset: text.distance(from: text.startIndex, to: characters), message: error.message,
                isNotInThisVersion: error.isNotInThisVersion)
        }
    }

    private init(_ text: String, _ node: Node, asCondition: Bool = false) {
        self.text = text
        self.node = node
        self.asCondition = asCondition
        type = node.type
    }

    /// A selector of the expression: which series it reads.
    public struct Selection: Sendable, Hashable {
        /// The metric's name, where the selector asks for exactly one.
        public let name: String?
        public let matchers: [Matcher]
    }

    /// All selectors, from left to right.
    public var selectors: [Selection] {
        node.selectors.map { Selection(name: $0.name, matchers: $0.matchers) }
    }
}

extension Expression: Hashable, CustomStringConvertible {
    /// By the text; a condition differs from what it was made of.
    public static func == (left: Expression, right: Expression) -> Bool {
        left.text == right.text && left.asCondition == right.asCondition
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
    public var description: String { text }
}

extension Node {
    var selectors: [Selector] {
        switch self {
        case .number, .string: []
        case .selector(let selector): [selector]
        case .range(let range): [range.selector]
        case .subquery(let subquery): subquery.inner.selectors
        case .call(let call): call.arguments.flatMap(\.selectors)
        case .aggregate(let aggregate): (aggregate.parameter?.selectors ?? []) + aggregate.inner.selectors
        case .binary(let binary): binary.left.selectors + binary.right.selectors
        case .negative(let inner, _), .positive(let inner, _), .parenthesized(let inner, _): inner.selectors
        }
    }
}

// MARK: - Evaluation

extension Expression {
    /// The value at a time.
    public func evaluate(
        in source: some SeriesSource, at time: Timestamp, options: EvaluationOptions = EvaluationOptions()
    ) throws(Fault) -> QueryValue {
        try query(in: source, at: time, options: options).value
    }

    /// The value at a time, with warnings.
    public func query(
        in source: some SeriesSource, at time: Timestamp, options: EvaluationOptions = EvaluationOptions()
    ) throws(Fault) -> QueryResult {
        let at = time.milliseconds
        let evaluation = Evaluation(text, source, options, first: at, last: at)
        try evaluation.prepare(node, from: at, through: at)
        let value = try evaluation.value(node, at: at)
        return QueryResult(value: value, warnings: evaluation.notes.warnings, infos: evaluation.notes.infos)
    }

    /// The values at each step from `from` up to `through`, as a matrix; a scalar is a series without labels.
    public func evaluateRange(
        in source: some SeriesSource, from: Timestamp, through: Timestamp, step: Duration,
        options: EvaluationOptions = EvaluationOptions()
    ) throws(Fault) -> QueryResult {
        guard type == .scalar || type == .vector else {
            throw Fault(
                "query.type", "a range of times needs a scalar or an instant vector, not a \(type.documented)",
                hint: "Take the range out of the brackets, or ask for one time")
        }
        let (first, last, step) = (from.milliseconds, through.milliseconds, step.milliseconds)
        guard step > 0, last >= first, (last - first) / step < Int64(Evaluation.stepsMax) else {
            throw Fault(
                "query.range", "the step must be positive and the range at most \(Evaluation.stepsMax) steps long")
        }
        let evaluation = Evaluation(text, source, options, first: first, last: last)
        try evaluation.prepare(node, from: first, through: last)
        var series: [Labels: [Sample]] = [:]
        for time in stride(from: first, through: last, by: Int64.Stride(step)) {
            let elements =
                type == .scalar
                ? [VectorElement(labels: Labels(), value: try evaluation.scalar(node, at: time), milliseconds: time)]
                : try evaluation.named(evaluation.vector(node, at: time), at: time)
            try evaluation.spend(elements.count)
            for element in elements {
                series[element.labels, default: []].append(Sample(milliseconds: time, value: element.value))
            }
        }
        let matrix = series.map { SelectedSeries(labels: $0.key, samples: $0.value) }.sorted { $0.labels < $1.labels }
        return QueryResult(
            value: .matrix(matrix), warnings: evaluation.notes.warnings, infos: evaluation.notes.infos)
    }
}

// MARK: - Conditions

extension Expression {
    /// The expression with `bool` on its outermost comparison, so that it says 1 or 0 instead of leaving series out.
    ///
    /// Outermost means through parentheses and the left side of `and` and `unless`, whose values are the result.
    public func condition() -> Expression { Expression(text, node.condition, asCondition: true) }

    /// Whether the result comes from a comparison: `condition()` then gives nothing but 1 and 0.
    public var isComparison: Bool { node.endsInComparison }

    /// Whether the condition holds: nil where it has no value, true where it has one and every value is 1.
    public func holds(
        in source: some SeriesSource, at time: Timestamp, options: EvaluationOptions = EvaluationOptions()
    ) throws(Fault) -> Bool? {
        switch try condition().evaluate(in: source, at: time, options: options) {
        case .scalar(let value): value == 1
        case .vector(let elements): elements.isEmpty ? nil : elements.allSatisfy { $0.value == 1 }
        case .matrix, .string: nil
        }
    }
}

extension Node {
    fileprivate var condition: Node {
        switch self {
        case .parenthesized(let inner, let span): return .parenthesized(inner.condition, span)
        case .binary(var binary) where binary.operation.isComparison:
            binary.returnsBool = true
            return .binary(binary)
        case .binary(var binary) where binary.operation == .and || binary.operation == .unless:
            binary.left = binary.left.condition
            return .binary(binary)
        default: return self
        }
    }

    fileprivate var endsInComparison: Bool {
        switch self {
        case .parenthesized(let inner, _): inner.endsInComparison
        case .binary(let binary) where binary.operation.isComparison: true
        case .binary(let binary) where binary.operation == .and || binary.operation == .unless:
            binary.left.endsInComparison
        default: false
        }
    }
}
