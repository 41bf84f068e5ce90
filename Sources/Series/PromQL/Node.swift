import Text

/// The tree of an expression. Every node keeps its place in the text, in bytes.
indirect enum Node: Sendable {
    case number(Double, Range<Int>)
    case string(StringLiteral, Range<Int>)
    case selector(Selector)
    /// `foo[5m]`
    case range(RangeSelector)
    /// `expr[30m:1m]`
    case subquery(Subquery)
    case call(Call)
    case aggregate(Aggregate)
    case binary(Binary)
    case negative(Node, Range<Int>)
    /// A unary plus: changes nothing, not even the name.
    case positive(Node, Range<Int>)
    case parenthesized(Node, Range<Int>)

    var span: Range<Int> {
        switch self {
        case .number(_, let span), .string(_, let span), .negative(_, let span), .positive(_, let span),
            .parenthesized(_, let span):
            span
        case .selector(let selector): selector.span
        case .range(let range): range.span
        case .subquery(let subquery): subquery.span
        case .call(let call): call.span
        case .aggregate(let aggregate): aggregate.span
        case .binary(let binary): binary.span
        }
    }

    /// What stands inside any parentheses.
    var unwrapped: Node { if case .parenthesized(let inner, _) = self { inner.unwrapped } else { self } }
}

/// When, seen from the evaluation, samples are read: `offset 5m`, `@ 1700000000`, `@ end()`.
struct Shift: Sendable {
    enum At: Sendable, Equatable {
        case milliseconds(Int64)
        case start, end
    }

    /// Milliseconds into the past; negative into the future.
    var offset: Int64 = 0
    var at: At?
    var hasOffset = false
}

struct Selector: Sendable {
    /// Unique in its expression.
    var id: Int
    var matchers: [Matcher]
    /// The name before the braces, or alone in quotes within them.
    var name: String?
    var shift = Shift()
    var span: Range<Int>
}

struct RangeSelector: Sendable {
    var selector: Selector
    var milliseconds: Int64
    var span: Range<Int>
}

struct Subquery: Sendable {
    /// Unique in its expression.
    var id: Int
    var inner: Node
    var milliseconds: Int64
    /// Nil: the default of the evaluation.
    var step: Int64?
    var shift = Shift()
    var span: Range<Int>
}

struct Call: Sendable {
    var function: Function
    var arguments: [Node]
    var span: Range<Int>
}

struct Aggregate: Sendable {
    enum Operation: String, Sendable, CaseIterable {
        case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile, limitk
        case countValues = "count_values"
        case limitRatio = "limit_ratio"

        var takesParameter: Bool {
            switch self {
            case .topk, .bottomk, .quantile, .countValues, .limitk, .limitRatio: true
            default: false
            }
        }
    }

    struct Grouping: Sendable {
        var labels: [String]
        /// `without`; otherwise `by`.
        var isWithout: Bool

        static let none = Grouping(labels: [], isWithout: false)
    }

    var operation: Operation
    var grouping: Grouping
    var parameter: Node?
    var inner: Node
    var span: Range<Int>
}

struct Binary: Sendable {
    enum Operation: String, Sendable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case modulo = "%"
        case power = "^"
        case atan2
        case same = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case and, or, unless
        case trimUpper = "</"
        case trimLower = ">/"

        var isComparison: Bool {
            switch self {
            case .same, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
            default: false
            }
        }
        var isSet: Bool { self == .and || self == .or || self == .unless }

        /// How tightly it binds; a unary sign binds as `*`.
        var precedence: Int {
            switch self {
            case .or: 1
            case .and, .unless: 2
            case .same, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .trimUpper, .trimLower: 3
            case .plus, .minus: 4
            case .times, .divide, .modulo, .atan2: Self.signPrecedence
            case .power: 6
            }
        }
        static let signPrecedence = 5
    }

    /// Which series of both sides belong together.
    struct Matching: Sendable {
        enum Cardinality: Sendable { case oneToOne, manyToOne, oneToMany }

        var labels: [String] = []
        /// `on`; otherwise `ignoring`.
        var isOn = false
        var isWritten = false
        var cardinality = Cardinality.oneToOne
        /// Labels that the result takes from the one side.
        var included: [String] = []
    }

    var operation: Operation
    var left: Node
    var right: Node
    var returnsBool = false
    var matching = Matching()
    /// Where the operator stands.
    var operatorSpan: Range<Int>

    var span: Range<Int> { left.span.lowerBound..<right.span.upperBound }
}
