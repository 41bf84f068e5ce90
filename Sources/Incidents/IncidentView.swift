public import Model

/// An incident as the command line, the console and webhooks give it in JSON; times are RFC 3339 with milliseconds, in
/// UTC.
///
/// `timeline` and `causes` are absent in listings; a time that has not come is null.
// swift-format-ignore: AlwaysUseLowerCamelCase
public struct IncidentView: Sendable, Hashable, Codable {
    public struct Line: Sendable, Hashable, Codable {
        public var at: String
        public var kind: String
        public var text: String
        public var evidence: [Evidence]
        /// The state from here on, where the line sets it.
        public var state: String?
    }

    public struct Evidence: Sendable, Hashable, Codable {
        public var kind: String
        public var reference: String
        public var text: String
    }

    public struct Cause: Sendable, Hashable, Codable {
        public var rank: Int
        public var subject: String
        public var score: Double
        public var because: String
    }

    public var id: String
    public var state: String
    public var name: String
    public var severity: String
    public var labels: [String: String]
    public var opened_at: String
    public var acted_at: String?
    public var resolved_at: String?
    public var escalated_at: String?
    public var runbook: String?
    public var summary: String
    /// Where the rule stands: `FILE:LINE`.
    public var rule: String
    public var timeline: [Line]?
    public var causes: [Cause]?

    /// `timeline` nil makes the short form of listings. Its lines are put in the order of their times.
    public init(
        _ incident: Incident, state: IncidentState, actedAt: Timestamp?, resolvedAt: Timestamp?,
        escalatedAt: Timestamp?, runbook: String?, timeline lines: [TimelineLine]? = nil
    ) {
        id = incident.id
        self.state = state.rawValue
        name = incident.name
        severity = incident.severity
        labels = incident.labels.dictionary
        opened_at = incident.openedAt.description
        acted_at = actedAt?.description
        resolved_at = resolvedAt?.description
        escalated_at = escalatedAt?.description
        self.runbook = runbook
        summary = incident.summary
        rule = incident.rule.short
        timeline = lines.map { lines in
            lines.enumerated()
                .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
                .map { Line($0.element) }
        }
        causes = lines.map(Cause.all)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(state, forKey: .state)
        try container.encode(name, forKey: .name)
        try container.encode(severity, forKey: .severity)
        try container.encode(labels, forKey: .labels)
        try container.encode(opened_at, forKey: .opened_at)
        try container.encode(acted_at, forKey: .acted_at)
        try container.encode(resolved_at, forKey: .resolved_at)
        try container.encode(escalated_at, forKey: .escalated_at)
        try container.encode(runbook, forKey: .runbook)
        try container.encode(summary, forKey: .summary)
        try container.encode(rule, forKey: .rule)
        try container.encodeIfPresent(timeline, forKey: .timeline)
        try container.encodeIfPresent(causes, forKey: .causes)
    }
}

extension IncidentView.Cause {
    /// What the last diagnosis on a timeline holds for likely, the most likely first.
    static func all(on lines: [TimelineLine]) -> [Self] {
        let found = lines.last { $0.evidence.contains { $0.kind == .cause } }?.evidence.filter { $0.kind == .cause }
        let sure = (found ?? []).map { (Double($0.reference) ?? 0, $0.text.split(separator: "\n", maxSplits: 2)) }
        return sure.enumerated().sorted { ($1.element.0, $0.offset) < ($0.element.0, $1.offset) }.enumerated().map {
            let (score, text) = $1.element
            return Self(
                rank: $0 + 1, subject: text.first.map(String.init) ?? "", score: score,
                because: text.dropFirst().first.map(String.init) ?? "")
        }
    }
}

extension IncidentView.Line {
    init(_ line: TimelineLine) {
        at = line.at.description
        kind = line.kind.rawValue
        text = line.text
        evidence = line.evidence.map {
            IncidentView.Evidence(kind: $0.kind.rawValue, reference: $0.reference, text: $0.text)
        }
        state = line.state?.rawValue
    }
}
