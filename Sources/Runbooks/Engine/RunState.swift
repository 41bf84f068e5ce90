public import Model
public import Text

/// Where a run stands: the fold of its history over its definition, and nothing else.
public struct RunState: Sendable {
    public let definition: Runbook
    public internal(set) var facts: RunFacts?
    public internal(set) var phase = Phase.new
    /// Steps that ended or were skipped, in order, each time that they did; undos are not among them.
    public internal(set) var ended: [EndedStep] = []
    /// The round of the group that the run is in; 1 outside.
    public internal(set) var round = 1
    /// When the first effect was started: until then an approval can lapse or become void.
    public internal(set) var firstStart: Stamp?
    /// When the last effect's result was appended: proof must be newer.
    public internal(set) var lastResult: Stamp?
    /// Whether anything may have been changed outside.
    public internal(set) var hasActed = false
    /// The incidents that it answers, and whether the signal of each still stands.
    public internal(set) var signals: [String: Bool] = [:]
    /// Why starts are forbidden for the rest of this run.
    public internal(set) var halt: String?
    /// Why nobody wants more of this run.
    public internal(set) var withdrawal: String?
    /// The approval of the run, once it is complete.
    public internal(set) var grant: Grant?
    /// Approvals so far of what is asked now.
    public internal(set) var approvers: [Approver] = []

    public init(definition: Runbook) { self.definition = definition }

    public enum Phase: Sendable, Hashable {
        case new
        case guarding
        /// Another run holds the lock of a unit.
        case waiting(unit: String, holder: String, since: Stamp)
        case awaitingApproval(ApprovalRequest, since: Stamp)
        case step(Attempt)
        case verifying(Watch)
        case ended(RunEnd)
    }

    /// A complete approval, and when it was asked for: it lapses by that at the first start.
    public struct Grant: Sendable, Hashable {
        public let request: ApprovalRequest
        public let asked: Stamp
        public let by: [Approver]
    }

    public struct EndedStep: Sendable, Hashable {
        public let name: String
        /// Unique in the run.
        public let path: String
        /// Nil for a step, or a whole group, that its condition skipped.
        public let outcome: Outcome?
    }

    /// The step, or the undo of one, that is being tried.
    public struct Attempt: Sendable, Hashable {
        public let key: EffectKey
        /// The step's place in the definition.
        public let index: Int
        public let isUndo: Bool
        public internal(set) var step: RenderedStep
        /// Why the steps are being taken back; empty otherwise.
        let reason: String
        let failures: Int
        let repeats: Int
        public internal(set) var status: Status
    }

    public enum Status: Sendable, Hashable {
        case intended
        case started(since: Stamp, invocationBefore: String?)
        /// Past its timeout; its result is still awaited.
        case overdue(since: Stamp, rounds: Int)
        /// Before the next attempt.
        case pausing(since: Stamp, pause: Duration)
        /// A `wait` step.
        case waiting(since: Stamp)
        /// A `check` step.
        case watching(Watch)
        /// An `approve` step, or a merge that nobody has approved yet.
        case asking(ApprovalRequest, since: Stamp)
    }

    /// A condition that is looked at until it holds or its time is over.
    public struct Watch: Sendable, Hashable {
        /// `verify`, or the path of a `check` step.
        public let path: String
        public let expr: String
        public let holdsFor: Duration
        public internal(set) var within: Duration
        public let since: Stamp
        /// Only samples whose scrape began after this count.
        public let newerThan: Timestamp?
        public internal(set) var holdingSince: Stamp?
        var isExtended = false
    }

    /// Whether any incident's signal still stands.
    public var signalStands: Bool { signals.values.contains(true) }

    public var end: RunEnd? { if case .ended(let end) = phase { end } else { nil } }

    /// The condition to look at now.
    public var watch: Watch? {
        switch phase {
        case .verifying(let watch): return watch
        case .step(let attempt):
            if case .watching(let watch) = attempt.status { return watch }
            return nil
        default: return nil
        }
    }

    /// What a person is asked now.
    public var question: ApprovalRequest? {
        switch phase {
        case .awaitingApproval(let request, _): return request
        case .step(let attempt):
            if case .asking(let request, _) = attempt.status { return request }
            return nil
        default: return nil
        }
    }

    /// The effect that may be happening now.
    public var running: EffectKey? {
        guard case .step(let attempt) = phase else { return nil }
        switch attempt.status {
        case .started, .overdue: return attempt.key
        default: return nil
        }
    }

    /// The units whose locks the run holds from its first step to its end: all that it names, or its target alone.
    public var locks: [String] {
        switch phase {
        case .step, .verifying: lockNames
        default: []
        }
    }

    /// What `locks` will be once it acts.
    public var lockNames: [String] {
        guard let facts else { return [] }
        // A unit that cannot be told refuses the run at its target guard, long before any lock.
        let units = (try? definition.unitsNamed(facts.parameters)) ?? []
        return units.contains(facts.target) ? units : [facts.target] + units
    }

    /// Whether an event has changed nothing, so that it need not be kept.
    public func isSame(as other: RunState) -> Bool {
        phase == other.phase && facts == other.facts && ended == other.ended && firstStart == other.firstStart
            && lastResult == other.lastResult
            && hasActed == other.hasActed && signals == other.signals && halt == other.halt && grant == other.grant
            && approvers == other.approvers && withdrawal == other.withdrawal && round == other.round
    }

    /// `$steps` as templates read it: of each step the latest time; what was skipped then has no result.
    public var results: [String: JSONValue] { Self.results(of: ended[...]) }

    private static func results(of ended: ArraySlice<EndedStep>) -> [String: JSONValue] {
        var results: [String: JSONValue] = [:]
        for step in ended {
            guard let outcome = step.outcome else {
                results[step.name] = nil
                continue
            }
            var value: [String: JSONValue] = ["outcome": .string(outcome.word)]
            if case .done(let result) = outcome { value["result"] = result }
            results[step.name] = .object(value)
        }
        return results
    }

    public var scope: TemplateScope { scope(after: ended.count) }

    /// What templates read when the first `count` steps had ended.
    func scope(after count: Int) -> TemplateScope {
        TemplateScope(
            parameters: facts?.parameters ?? Parameters(),
            run: facts?.context ?? RunContext(id: "", runbook: definition.name, target: "", directory: ""),
            labels: facts?.labels ?? Labels(), results: Self.results(of: ended.prefix(count)), project: facts?.project)
    }
}
