public import Model
public import Series
import Text

/// What is looked for, and what is said when it is there.
///
/// Made only by `RuleSet.parse`, so whoever holds one holds a rule without errors.
public struct Rule: Sendable {
    public enum Kind: Sendable {
        case record(Expression)
        case alert(AlertCondition)
        case log(LogCondition)
        case anomaly(AnomalyCondition)
        case heartbeat(HeartbeatCondition)

        /// The key that names the rule in its file.
        public var word: String {
            switch self {
            case .record: "record"
            case .alert: "alert"
            case .log: "log"
            case .anomaly: "anomaly"
            case .heartbeat: "heartbeat"
            }
        }
    }

    /// `alertname`, or for `record` the metric's name.
    public let name: String
    public let place: SourcePlace
    public let kind: Kind
    /// The group's labels and then the rule's own; a record rule's are literal, and an empty one removes the label.
    let labels: [LabelTemplate]
    let annotations: [LabelTemplate]

    /// The names of its labels that are a sender's claim.
    var claims: Set<String> {
        guard case .log(let log) = kind else { return [] }
        let own = Set(labels.map(\.name))
        let groups = (log.pattern?.groupNames ?? []).filter { !own.contains($0) }
        return Set(groups).union(labels.filter(\.isClaim).map(\.name))
    }

    /// What a rule keeps across a reload and a restart is kept under this: its kind, name and labels, as written.
    var key: String {
        let written = labels.map { "\($0.name)=\($0.source.quotedForPrometheus)" }.sorted()
        return "\(kind.word) \(name){\(written.joined(separator: ","))}"
    }
}

/// The text of one label or annotation, and how it is made.
struct LabelTemplate: Sendable {
    let name: String
    let source: String
    /// Nil for text that is taken as it stands.
    let template: Template?
    /// It reads what a log entry's sender claims.
    let isClaim: Bool

    /// As Prometheus does, a template that fails says so in its place.
    func render(_ scope: TemplateScope) -> String {
        guard let template else { return source }
        do {
            return try template.render(scope)
        } catch {
            return "<error expanding template: \(error)>"
        }
    }
}

/// Prometheus' `alert`: fires for each element of the expression's vector.
public struct AlertCondition: Sendable {
    public let expression: Expression
    /// How long an element must be there before it fires.
    public let hold: Duration
    public let keepFiring: Duration
}

/// Fires on journal entries, at once.
public struct LogCondition: Sendable {
    let match: FieldMatch
    /// An entry that matches one of these as well does not count.
    let unless: [FieldMatch]
    /// Searched in MESSAGE; its named groups become labels.
    let pattern: Pattern?
    public let threshold: Threshold
    /// An entry that matches this ends the alerts of its unit; nil where only time ends them.
    let until: FieldMatch?
    public let keepFiring: Duration
    /// The entry's fields that its templates read.
    let fields: Set<String>

    /// So many entries of one label set within so much time: `3 in 5m`.
    public struct Threshold: Sendable, Hashable {
        public let count: Int
        public let window: Duration
        static let countMax = 10_000
        static let standard = Threshold(count: 1, window: .seconds(60))
    }
}

/// Fires for each element of the expression's vector that is far from that element's own recent past.
public struct AnomalyCondition: Sendable {
    public enum Direction: String, Sendable, CaseIterable {
        case up, down, both
    }
    public enum Sensitivity: String, Sendable, CaseIterable {
        case low, medium, high
    }

    public let expression: Expression
    public let direction: Direction
    public let sensitivity: Sensitivity
    public let hold: Duration
    public let keepFiring: Duration
}

/// Fires when something that should happen has not happened for `every`.
public struct HeartbeatCondition: Sendable {
    enum Beat: Sendable {
        case entry(FieldMatch, Pattern?)
        /// Any element at all is a beat, at the time of its sample.
        case sample(Expression)
    }

    let beat: Beat
    public let every: Duration
    /// The unit that the beat's own match names with a trusted word.
    let unit: String?

    /// What an entry must match to be a beat; nil where samples are.
    var match: FieldMatch? { if case .entry(let match, _) = beat { match } else { nil } }
}

/// Rules that are evaluated one after the other at one time.
public struct RuleGroup: Sendable {
    public let name: String
    public let place: SourcePlace
    /// Nil: the engine's own.
    public let interval: Duration?
    /// Nil: only the engine's bound.
    public let limit: Int?
    public let queryOffset: Duration
    public let rules: [Rule]
}
