public import Model

/// What a series is at one time.
public struct VectorElement: Hashable, Sendable {
    public var labels: Labels
    public var value: Double
    /// The time of evaluation, not of the sample.
    public var milliseconds: Int64

    public init(labels: Labels, value: Double, milliseconds: Int64) {
        self.labels = labels
        self.value = value
        self.milliseconds = milliseconds
    }
}

/// What an expression gave.
public enum QueryValue: Hashable, Sendable {
    case scalar(Double)
    /// In the order of `sort` and `topk` where they stand outermost.
    case vector([VectorElement])
    /// Sorted by labels.
    case matrix([SelectedSeries])
    case string(String)

    public var type: ValueType {
        switch self {
        case .scalar: .scalar
        case .vector: .vector
        case .matrix: .matrix
        case .string: .string
        }
    }
}

/// The four types of PromQL.
public enum ValueType: String, Sendable, Hashable {
    case scalar, vector, matrix, string

    /// As Prometheus calls it to people.
    var documented: String {
        switch self {
        case .vector: "instant vector"
        case .matrix: "range vector"
        default: rawValue
        }
    }
}

/// A value with what a person should know about how it came to be, in Prometheus' words.
public struct QueryResult: Hashable, Sendable {
    public var value: QueryValue
    /// Likely a mistake in the expression or the data: `PromQL warning: … (1:7)`.
    public var warnings: [String]
    /// Perhaps one: `PromQL info: … (1:7)`.
    public var infos: [String]

    public init(value: QueryValue, warnings: [String] = [], infos: [String] = []) {
        self.value = value
        self.warnings = warnings
        self.infos = infos
    }
}
