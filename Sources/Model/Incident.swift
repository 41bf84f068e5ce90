/// Where an incident stands.
public enum IncidentState: String, Sendable, Codable, CaseIterable {
    case open, acting
    case awaitingApproval = "awaiting_approval"
    case verifying, resolved, escalated, closed

    /// Nothing more will happen to it by itself.
    public var isEnded: Bool { self == .resolved || self == .closed }
}

/// What is known of an incident when it opens; the rest is its timeline.
public struct Incident: Hashable, Sendable, Codable {
    /// Lowercase hexadecimal, 16 digits; people type a prefix.
    public var id: String
    /// Identifies what is broken: the same trouble has the same fingerprint, occurrence after occurrence.
    public var fingerprint: String
    public var name: String
    public var severity: String
    public var labels: Labels
    /// Names of labels that are a sender's claim.
    public var claims: Set<String>
    public var summary: String
    public var openedAt: Timestamp
    public var rule: SourcePlace

    public init(
        id: String, fingerprint: String, name: String, severity: String, labels: Labels, claims: Set<String>,
        summary: String, openedAt: Timestamp, rule: SourcePlace
    ) {
        self.id = id
        self.fingerprint = fingerprint
        self.name = name
        self.severity = severity
        self.labels = labels
        self.claims = claims
        self.summary = summary
        self.openedAt = openedAt
        self.rule = rule
    }
}

/// One line of an incident's timeline. Lines are only ever appended; an incident's state is the last one that a line set.
public struct TimelineLine: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
        case signal, intent, start, result, verify, undo, escalate, approval, agent, note
    }

    public var at: Timestamp
    public var kind: Kind
    public var text: String
    public var evidence: [Evidence]
    /// The incident's state from this line on, where the line changes it.
    public var state: IncidentState?
    /// The runbook concerned, where there is one.
    public var runbook: String?
    /// The incident's severity from this line on, where a worse alert joined it.
    public var severity: String?

    public init(
        at: Timestamp, kind: Kind, text: String, evidence: [Evidence], state: IncidentState? = nil,
        runbook: String? = nil, severity: String? = nil
    ) {
        self.at = at
        self.kind = kind
        self.text = text
        self.evidence = evidence
        self.state = state
        self.runbook = runbook
        self.severity = severity
    }
}
