/// What a rule says of one label set at one time.
public struct Alert: Hashable, Sendable, Codable {
    public enum State: String, Sendable, Codable {
        case pending, firing, resolved
    }

    /// All labels, `alertname` included; these identify the alert.
    public var labels: Labels
    public var annotations: [String: String]
    public var state: State
    /// When the condition began to hold (or, for `resolved`, ended).
    public var at: Timestamp
    public var value: Double
    /// Where the rule stands.
    public var rule: SourcePlace
    /// The names of labels that are a sender's claim, not journald's word; no target may come from one.
    public var claims: Set<String>
    public var evidence: [Evidence]

    public init(
        labels: Labels, annotations: [String: String] = [:], state: State, at: Timestamp, value: Double,
        rule: SourcePlace, claims: Set<String> = [], evidence: [Evidence] = []
    ) {
        self.labels = labels
        self.annotations = annotations
        self.state = state
        self.at = at
        self.value = value
        self.rule = rule
        self.claims = claims
        self.evidence = evidence
    }

    public var name: String { labels["alertname"] ?? "" }
}
