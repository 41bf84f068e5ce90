public import Model
public import Text

/// A checked runbook: which incidents it answers, on what it acts, within which limits, and how it proves its success.
///
/// Made only by `parse`, so whoever holds one holds a file without errors. `digest` names exactly this text.
public struct Runbook: Sendable {
    public let name: String
    public let place: SourcePlace
    public let description: String
    /// In which cases a person should keep it from running; shown, not evaluated.
    public let whenNot: String?
    /// Any of the lists may match; all matchers of a list must. Empty for what is only begun by its name.
    public let on: [[Matcher]]
    /// In the order in which they were written.
    public let parameters: [Parameter]
    /// The parameter by which cooldown, attempts and lock are kept; nil only where no step acts.
    public let target: String?
    public let mode: Mode
    public let risk: Risk
    public let limits: Limits
    public let preconditions: [ExpressionTemplate]
    /// All of them in order, those in groups included.
    public let steps: [Step]
    public let groups: [StepGroup]
    public let verify: Verify?
    /// Whether a run that failed or was not proven takes its steps back before it escalates.
    public let undoes: Bool
    public let escalate: EscalateClause
    /// What a person is shown beside the reason when a run escalates, as far as it is there by then.
    let escalateShow: Template?
    public let text: String
    /// SHA-256 of `text`, 64 hexadecimal digits.
    public let digest: String

    /// Whether an incident with these labels is one that it answers.
    public func matches(_ labels: Labels) -> Bool {
        on.contains { list in list.allSatisfy { $0.matches(labels) } }
    }

    /// Whether no incident begins it by its labels, only an escalation, a person or another runbook by its name.
    public var isBegunByName: Bool { on.isEmpty }

    public func step(named name: String) -> Step? { steps.first { $0.name == name } }

    /// The unit parameters without `allow`: while there is one, the runbook can only observe.
    public var unboundUnits: [String] {
        parameters.filter { $0.type.isUnboundUnit }.map(\.name)
    }
}

/// What a runbook may do by itself, from least to most.
public enum Mode: String, Sendable, Codable, CaseIterable, Comparable {
    case observe, approve, auto

    public static func < (left: Mode, right: Mode) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// The author's word on what can go wrong; high always needs approval, by two persons.
public enum Risk: String, Sendable, Codable, CaseIterable, Comparable {
    case low, medium, high

    public static func < (left: Risk, right: Risk) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    /// How many persons must approve where approval is asked.
    public var approvers: Int { self == .high ? 2 : 1 }
}

extension Runbook {
    /// The mode after its own risk and missing `allow` lists: high risk never acts unasked, an unbound unit never.
    public var effectiveMode: Mode {
        if !unboundUnits.isEmpty { return .observe }
        return risk == .high ? min(mode, .approve) : mode
    }
}

/// So many in so much time: `3 per 1h`.
public struct Budget: Sendable, Hashable, Codable, CustomStringConvertible {
    public let count: Int
    public let per: Duration

    public init(count: Int, per: Duration) {
        self.count = count
        self.per = per
    }

    /// Reads `N per DURATION` with N from 1 and a duration above zero; nil for anything else.
    public init?(parsing text: String) {
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "per", let count = Int(words[0]), count > 0,
            let per = Duration(parsing: String(words[2])), per > .zero
        else { return nil }
        self.init(count: count, per: per)
    }

    public var description: String { "\(count) per \(per.literal)" }
}

/// How often a runbook may act; all are kept per target but `concurrentOnHost`.
public struct Limits: Sendable {
    public let cooldown: Duration
    public let attempts: Budget
    public let concurrentOnHost: Int
    /// While it holds, or cannot be told, nothing is touched.
    public let notWhen: ExpressionTemplate?

    /// How far back any limit may look: what is older is forgotten.
    public static let longest = Duration.seconds(30 * 86_400)

    /// What holds where a runbook does not say: nothing is unlimited.
    public static let defaults = Limits(
        cooldown: .seconds(300), attempts: Budget(count: 3, per: .seconds(3600)), concurrentOnHost: 1, notWhen: nil)
}

/// Whom to tell and what to show them.
public struct EscalateClause: Sendable, Hashable, Codable {
    /// What the agents may do about an incident that came this far.
    public enum Agents: String, Sendable, Codable, CaseIterable {
        case nothing = "none"
        case rootCause = "root-cause"
        case fix
    }

    /// A receiver's name; nil for the settings' default route.
    public let to: String?
    /// How far back to look for evidence; nil for none.
    public let logs: Duration?
    public let metrics: Duration?
    /// Nil where the runbook does not say.
    public let agents: Agents?

    public init(to: String? = nil, logs: Duration? = nil, metrics: Duration? = nil, agents: Agents? = nil) {
        self.to = to
        self.logs = logs
        self.metrics = metrics
        self.agents = agents
    }
}
