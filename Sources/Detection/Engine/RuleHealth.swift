public import Model

/// How one rule is doing.
public struct RuleHealth: Sendable, Hashable {
    public let group: String
    public let name: String
    public let place: SourcePlace
    /// Why the last evaluation failed; nil after one that did not.
    public internal(set) var lastError: Fault?
    public internal(set) var evaluations = 0
    public internal(set) var failures = 0
    public internal(set) var lastEvaluation: Timestamp?
    public internal(set) var lastDuration = Duration.zero
    /// Entries or series that were not taken into account because a bound was reached.
    public internal(set) var dropped = 0
    /// What a person should know, such as that an anomaly rule is still warming up.
    public internal(set) var note: String?

    init(group: String, rule: Rule) {
        self.group = group
        name = rule.name
        place = rule.place
    }
}
