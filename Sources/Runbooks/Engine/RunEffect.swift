public import Model

/// Something that a run wants done outside.
///
/// Watches and timers are none: they follow from the state (`RunState.watch`, `RunState.timer`).
public enum RunEffect: Sendable, Codable, Hashable {
    /// Evaluate all guards and append the verdict.
    case guards
    /// Re-check what can have changed, commit the start, do it, append the result.
    case perform(key: EffectKey, step: RenderedStep)
    case probe(key: EffectKey)
    /// Await the result of an effect that is known to be running.
    case await(key: EffectKey)
    /// Stop an effect, whose result is then still awaited.
    case cancel(key: EffectKey)
    /// The result is on disk: what was kept of the effect can go.
    case collect(key: EffectKey)
    case ask(ApprovalRequest)
    case escalate(Escalation)
    /// Nothing more will happen to the run.
    case end(RunEnd)
}

/// How a run ended.
public struct RunEnd: Sendable, Codable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Proven.
        case resolved
        /// It said what it would have done.
        case observed
        /// A guard stopped it before anything happened.
        case refused
        /// A person has to go on.
        case escalated
        /// It was not needed any more.
        case cancelled
    }

    public var kind: Kind
    /// The guard that refused.
    public var `guard`: String?
    /// A sentence.
    public var text: String

    public init(_ kind: Kind, guard: String? = nil, _ text: String) {
        self.kind = kind
        self.guard = `guard`
        self.text = text
    }
}

/// What a person is told, and the evidence to gather for them.
public struct Escalation: Sendable, Codable, Hashable {
    public var reason: String
    public var clause: EscalateClause

    public init(reason: String, clause: EscalateClause) {
        self.reason = reason
        self.clause = clause
    }
}
