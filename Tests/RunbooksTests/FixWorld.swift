import Model
import Runbooks

/// The shipped fix in a world where every step goes well, and whose driver dies where a test says.
///
/// What happens outside is counted there, so it is known what really happened, whatever the driver remembers.
struct FixWorld {
    struct Died: Error {}

    /// Where the driver dies, counted over the whole course.
    enum Death: Sendable, Hashable {
        case never
        /// Right after an event was stored, before anything that it asks for.
        case afterEvent(Int)
        /// Right after something happened outside, before its result was stored.
        case afterDeed(Int)
    }

    static let fix = "fix"
    private let definitions: [String: Runbook]
    private let answers: [String: JSONValue]
    private let death: Death
    private var states: [String: RunState] = [:]
    private var histories: [String: [(event: RunEvent, stamp: Stamp)]] = [:]
    private var queue: [(run: String, effect: RunEffect)] = []
    private var now = Duration.seconds(1000)
    private(set) var events = 0
    /// What happened outside, by the run's definition and the step's path.
    private(set) var deeds: [String] = []
    private var outcomes: [EffectKey: Outcome] = [:]

    /// `answers` are the results of steps by name; the others' are what their kinds have.
    init(_ definitions: [Runbook], answers: [String: JSONValue], death: Death) {
        self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })
        self.answers = answers
        self.death = death
    }

    var end: RunEnd? { states[Self.fix]?.end }

    private var stamp: Stamp { Stamp(wall: Timestamp(seconds: now.inSeconds), bootID: "0", sinceBoot: now) }

    /// Begins the fix and lets it run to its end, over one death at most.
    mutating func run(_ facts: RunFacts) throws {
        do {
            try begin(facts)
            try work()
        } catch is Died {
            // What was under way is lost; what was stored is folded.
            queue = []
            if states.isEmpty { try begin(facts) }
            for (id, history) in histories {
                guard let definition = states[id]?.definition else { continue }
                states[id] = RunState.fold(history, over: definition)
            }
            for id in states.keys.sorted() where states[id]?.end == nil {
                try feed(.restarted(downtime: .seconds(5)), to: id)
            }
            try work()
        }
    }

    private mutating func begin(_ facts: RunFacts) throws {
        guard let definition = definitions[facts.runbook] else { return }
        states[facts.id] = RunState(definition: definition)
        try feed(.created(facts), to: facts.id)
    }

    private mutating func work() throws {
        for _ in 0..<10_000 where end == nil {
            if queue.isEmpty { try pass() } else { try perform(queue.removeFirst()) }
        }
    }

    /// One event: stored, decided, and its effects noted as what is to be done.
    private mutating func feed(_ event: RunEvent, to id: String) throws {
        guard let state = states[id], state.end == nil else { return }
        let (next, effects) = decide(state, event, now: stamp)
        histories[id, default: []].append((event, stamp))
        states[id] = next
        events += 1
        if death == .afterEvent(events) { throw Died() }
        queue += effects.map { (id, $0) }
        // A run's end is its parent's result.
        if let end = next.end, let parent = next.facts?.parent {
            try feed(.result(key: parent, outcome: end.outcome(ofSubrun: id)), to: parent.run)
        }
    }

    private mutating func pass() throws {
        now += .seconds(1)
        for id in states.keys.sorted() {
            guard let watch = states[id]?.watch, watch.isNews(holds: true, at: stamp) else { continue }
            try feed(.watched(path: watch.path, holds: true, detail: "", samples: 1), to: id)
        }
    }

    private mutating func perform(_ one: (run: String, effect: RunEffect)) throws {
        switch one.effect {
        case .guards: try feed(.guarded(.passed(note: "")), to: one.run)
        case .perform(let key, let step): try start(key, step)
        case .probe(let key): try feed(.probed(key: key, answer: answer(key)), to: one.run)
        case .ask(let request):
            try feed(
                .approved(path: request.path, plan: request.plan, by: Approver(name: "ada", uid: 1), remaining: nil),
                to: one.run)
        case .await, .cancel, .collect, .escalate, .end: break
        }
    }

    private mutating func start(_ key: EffectKey, _ step: RenderedStep) throws {
        guard states[key.run]?.question == nil, states[key.run]?.end == nil else { return }
        if case .runbook(let subrun) = step, let definition = definitions[subrun.name] {
            // START and the sub-run's beginning are one transaction.
            let facts = states[key.run]?.factsOfSubrun(key, subrun, definition, claims: [], directory: "/runs")
            states[key.subrunID] = RunState(definition: definition)
            guard let facts else { return }
            histories[key.subrunID] = [(.created(facts), stamp)]
            let (next, effects) = decide(RunState(definition: definition), .created(facts), now: stamp)
            states[key.subrunID] = next
            try feed(.started(key: key, boot: nil, invocationBefore: nil), to: key.run)
            queue += effects.map { (key.subrunID, $0) }
            return
        }
        try feed(.started(key: key, boot: nil, invocationBefore: nil), to: key.run)
        if outcomes[key] == nil {
            deeds.append("\(states[key.run]?.definition.name ?? "") \(key.path)")
            outcomes[key] = .done(result(of: step, at: key))
            if death == .afterDeed(deeds.count) { throw Died() }
        }
        try feed(.result(key: key, outcome: outcomes[key] ?? .failed("")), to: key.run)
    }

    private func answer(_ key: EffectKey) -> Probed {
        if let child = states[key.subrunID] {
            return child.end.map { .result($0.outcome(ofSubrun: key.subrunID)) } ?? .running
        }
        return outcomes[key].map { .result($0) } ?? .void
    }

    private func result(of step: RenderedStep, at key: EffectKey) -> JSONValue {
        let name = states[key.run]?.definition.step(at: key.path)?.name ?? ""
        // The first review asks for one change.
        if name == "review" { return ["findings": [], "blocking": key.path.contains("[1]") ? 1 : 0] }
        if let answer = answers[name] { return answer }
        switch step {
        case .forge(let forge):
            guard case .open(let commit, _, _) = forge.action else { return ["commit": "d00d1e1", "by": "ada"] }
            return ["id": 1, "head": .string(commit), "base": "ba5e", "low_risk": false]
        case .repository:
            return ["commit": "c0ffee1", "diff": "diff", "revision": "0a1b2c3", "branch": "b", "output": ""]
        default: return ["exit": 0]
        }
    }
}
