public import Model

/// What a template or pipeline can read.
public struct TemplateScope: Sendable {
    /// What happens where a name, field or key does not exist.
    public enum Missing: Sendable {
        /// Rendering fails, naming the place and what exists.
        case error
        /// It is the empty text, which is false in a condition, as Prometheus has it for labels.
        case empty
    }

    /// The variables without their `$`: `labels`, `value`, `params`, `run`, `steps`, `fields`.
    ///
    /// `$value` prints as a float does in Go (`1.5e+06`); any other whole number prints as an integer.
    public var variables: [String: JSONValue]
    /// What `.` stands for outside `range` and `with`. A field that it lacks is looked up among the variables, so that
    /// `.Labels.unit` and `.Value` read `$labels.unit` and `$value`.
    public var dot: JSONValue
    public var missing: Missing

    public init(variables: [String: JSONValue] = [:], dot: JSONValue = .null, missing: Missing = .error) {
        self.variables = variables
        self.dot = dot
        self.missing = missing
    }
}
