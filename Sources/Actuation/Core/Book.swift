import Model

/// All that the executor knows, as the fold of its log.
struct Book {
    struct Run {
        var order: Order
        /// When it was last proposed; approvals lapse from here.
        var proposed: Stamp?
        var approvals: [Approval] = []
        var rejected: Rejection?
        /// The first and the last start of one of its steps; nil while it has not begun.
        var begun: Stamp?
        var lastStart: Stamp?
        var target = ""
    }

    struct Approval: Hashable {
        var planHash: String
        var by: Person
    }

    struct Rejection: Hashable {
        var by: Person
        var why: String
    }

    enum Phase: Hashable {
        case started
        case ended(Outcome)
        case void
    }

    struct Key {
        var phase: Phase
        /// Nil where the key was void before it was ever used.
        var order: Order?
        var action: Action?
        var isCancelled = false
        var isCollected = false
    }

    private(set) var haltedWhy: String?
    private(set) var runs: [String: Run] = [:]
    private(set) var keys: [EffectKey: Key] = [:]
    /// When something was written that no limit of a runbook bounds: proposals and voids.
    private(set) var unlimited: [Stamp] = []

    mutating func apply(_ entry: NumberedRecord) {
        switch entry.record {
        case .proposed(let order):
            unlimited.append(entry.at)
            var run = runs[order.run] ?? Run(order: order)
            run.proposed = entry.at
            run.approvals = []
            run.rejected = nil
            runs[order.run] = run
        case .approved(let id, let planHash, let person):
            runs[id]?.approvals.append(Approval(planHash: planHash, by: person))
        case .rejected(let id, let person, let why):
            runs[id]?.rejected = Rejection(by: person, why: why)
        case .started(let key, let order, let action):
            keys[key] = Key(phase: .started, order: order, action: action)
            var run = runs[key.run] ?? Run(order: order)
            run.begun = run.begun ?? entry.at
            run.lastStart = entry.at
            run.target = action.target
            runs[key.run] = run
        case .cancelled(let key): keys[key]?.isCancelled = true
        case .ended(let key, let outcome): keys[key]?.phase = .ended(outcome)
        case .void(let key):
            unlimited.append(entry.at)
            keys[key, default: Key(phase: .void)].phase = .void
        case .collected(let key): keys[key]?.isCollected = true
        case .halted(let why): haltedWhy = why
        case .resumed: haltedWhy = nil
        }
    }

    /// Keys that were started and have no end yet.
    var open: [EffectKey] { keys.filter { $0.value.phase == .started }.map(\.key) }

    /// The other runs of a runbook on a target that have begun.
    func runs(of runbook: String, on target: String, besides run: String) -> [Run] {
        runs.filter { $0.key != run && $0.value.begun != nil }.values
            .filter { $0.order.runbook == runbook && $0.target == target }
    }

    /// The attempts at a step that were started, by number.
    func attempts(at path: String, of run: String) -> [Int: Key] {
        Dictionary(
            uniqueKeysWithValues: keys.filter { $0.key.run == run && $0.key.path == path }.map {
                ($0.key.attempt, $0.value)
            })
    }

    /// How many proposals and voids there were; forgets those that are older.
    mutating func recentUnlimited(within window: Duration, now: Stamp) -> Int {
        unlimited.removeAll { now.since($0) >= window }
        return unlimited.count
    }
}
