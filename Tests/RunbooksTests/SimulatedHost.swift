import Model
import Runbooks

/// Numbers that look random and are the same for the same seed (SplitMix64, after Steele, Lea and Flood, 2014).
struct Randomness: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func isTrue(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
    mutating func duration(_ range: ClosedRange<Int>) -> Duration { .milliseconds(Int.random(in: range, using: &self)) }
}

/// A host in memory with many runs at once: a clock, a bus that fails, storms, halts, and deaths of the driver, all from
/// one seed. After each event the invariants of the engine are checked; what breaks one is written down.
struct SimulatedHost {
    struct Run {
        var state: RunState
        var history: [(event: RunEvent, stamp: Stamp)] = []
        let target: String

        /// Limits are kept by runbook and target.
        var scope: String { "\(state.definition.name) \(target)" }
    }

    /// What limits look back at.
    struct Record {
        let run: String
        let created: Stamp
        var admitted: Stamp?
        var ended: Stamp?
    }

    struct Pending {
        let at: Duration
        let run: String
        let event: RunEvent
        /// Lost when the driver dies: an answer that was under way, not a fact of the host.
        var isVolatile = true
    }

    static let actionLimit = Budget(count: 30, per: .seconds(3600))
    static let targets = 12

    var random: Randomness
    var now = Duration.seconds(1_000_000)
    var boot = 0
    var halted: String?
    /// Those that have not ended.
    var runs: [String: Run] = [:]
    var open: [String] = []
    var records: [String: [Record]] = [:]
    var ends: [RunEnd.Kind: Int] = [:]
    var pending: [Pending] = []
    var admissions: [Stamp] = []
    /// By key: whether it really happened, and how it ends.
    var deeds: [EffectKey: Outcome] = [:]
    var executions: [String: Int] = [:]
    /// By ID: how sub-runs ended, and which were ever begun.
    var subruns: [String: RunEnd?] = [:]
    var merges: [String: Int] = [:]
    var broken: [String] = []
    /// Those that incidents begin, and those that are begun by their name.
    let runbooks: [Runbook]
    let named: [String: Runbook]

    init(seed: UInt64, runbooks: [Runbook]) {
        random = Randomness(state: seed)
        self.runbooks = runbooks.filter { !$0.isBegunByName }
        named = Dictionary(uniqueKeysWithValues: runbooks.filter(\.isBegunByName).map { ($0.name, $0) })
    }

    var stamp: Stamp { Stamp(wall: Timestamp(microseconds: now.microseconds), bootID: "\(boot)", sinceBoot: now) }

    // MARK: - What happens

    mutating func incident(_ number: Int) {
        let unit = "unit\(Int.random(in: 0..<Self.targets, using: &random)).service"
        let labels: Labels = ["alertname": "Down", "unit": unit]
        let runbook = runbooks[Int.random(in: 0..<runbooks.count, using: &random)]
        if open.contains(where: { runs[$0]?.target == unit && runs[$0]?.state.definition.name == runbook.name }) {
            return
        }
        let id = "r\(number)"
        let run = Run(state: RunState(definition: runbook), target: unit)
        runs[id] = run
        records[run.scope, default: []].append(Record(run: id, created: stamp))
        open.append(id)
        feed(
            .created(
                RunFacts(
                    id: id, runbook: runbook.name, digest: runbook.digest, incident: "i\(number)", fingerprint: unit,
                    labels: labels, binding: runbook.bind(labels: labels), mode: runbook.effectiveMode, target: unit,
                    occurrence: 1, directory: "/runs/\(id)")), to: id)
    }

    /// The driver dies: answers under way are lost, every open run is folded anew and told.
    mutating func die(reboot: Bool) {
        let downtime = random.duration(100...30_000)
        now += downtime
        if reboot { boot += 1 }
        pending.removeAll { $0.isVolatile }
        for id in open {
            guard let run = runs[id] else { continue }
            let folded = RunState.fold(run.history, over: run.state.definition)
            if !folded.isSame(as: run.state) { broken.append("\(id): its fold is another state") }
            runs[id]?.state = folded
        }
        for id in open { feed(.restarted(downtime: downtime), to: id) }
    }

    mutating func halt() {
        halted = "storm"
        for id in open { feed(.halted(by: "ada", why: "storm"), to: id) }
    }

    /// Lets the earliest thing happen; false where nothing is left.
    mutating func step() -> Bool {
        var next = pending.indices.min { pending[$0].at < pending[$1].at }.map { (pending[$0].at, Optional($0), "") }
        for id in open {
            guard let timer = runs[id]?.state.timer else { continue }
            let due = now + timer.remaining(at: stamp)
            if next.map({ due < $0.0 }) ?? true { next = (due, nil, id) }
        }
        guard let (at, index, timed) = next else { return false }
        now = max(now, at)
        if let index {
            let one = pending.remove(at: index)
            feed(one.event, to: one.run)
        } else if let timer = runs[timed]?.state.timer {
            feed(.timer(timer.name), to: timed)
        }
        return true
    }

    mutating func feed(_ event: RunEvent, to id: String) {
        guard let run = runs[id], run.state.end == nil else { return }
        let stamp = self.stamp
        let (state, effects) = decide(run.state, event, now: stamp)
        if case .watched = event, state.watch != nil { look(id) }
        guard !effects.isEmpty || !state.isSame(as: run.state) else { return }
        runs[id]?.history.append((event, stamp))
        runs[id]?.state = state
        check(event, before: run.state, id)
        let index = record(id, run)
        if case .guarded(.passed) = event {
            records[run.scope]?[index].admitted = stamp
            admissions.append(stamp)
            checkLimits(run)
        }
        if state.end != nil {
            records[run.scope]?[index].ended = stamp
            open.removeAll { $0 == id }
            checkProof(id)
            checkSubruns(id)
            runs[id] = nil
            if let end = state.end { ended(id, state.facts?.parent, end) }
            for other in open {
                if case .waiting? = runs[other]?.state.phase { later(.unblocked, other, 1...1) }
            }
        }
        for effect in effects { perform(effect, id) }
        if let watch = runs[id]?.state.watch {
            let isRestart = if case .restarted = event { true } else { false }
            if run.state.watch?.since != watch.since || isRestart { look(id) }
        }
    }

    private func record(_ id: String, _ run: Run) -> Int {
        records[run.scope]?.lastIndex { $0.run == id } ?? 0
    }

    mutating func later(_ event: RunEvent, _ id: String, _ milliseconds: ClosedRange<Int>) {
        pending.append(Pending(at: now + random.duration(milliseconds), run: id, event: event))
    }

    // MARK: - What the driver would do

    private mutating func perform(_ effect: RunEffect, _ id: String) {
        switch effect {
        case .guards: feed(.guarded(verdict(id)), to: id)  // asked and told in one breath
        case .perform(let key, let step): start(key, step, id)
        case .probe(let key): later(.probed(key: key, answer: answer(key)), id, 10...2000)
        case .await(let key) where subruns[key.subrunID] == .some(nil): break  // its end comes by itself
        case .await(let key): later(.result(key: key, outcome: outcome(key)), id, 10...90_000)
        case .cancel(let key) where subruns[key.subrunID] != nil:
            feed(.withdrawn(by: "run \(id)", why: "past its time"), to: key.subrunID)
        case .cancel(let key): later(.result(key: key, outcome: .cancelled("stopped")), id, 10...2000)
        case .ask(let request): ask(request, id)
        case .collect, .escalate, .end: break
        }
    }

    private mutating func start(_ key: EffectKey, _ step: RenderedStep, _ id: String) {
        if case .notify = step { return later(.result(key: key, outcome: .done([:])), id, 0...5) }
        if halted != nil {
            return later(.result(key: key, outcome: .refused(guard: "halt", text: "halted")), id, 0...5)
        }
        feed(.started(key: key, boot: "\(boot)", invocationBefore: nil), to: id)
        guard runs[id]?.state.running == key else { return }
        if case .runbook(let subrun) = step { return begin(subrun, key, id) }
        // The order may be lost on its way: then the key never acts.
        guard random.isTrue(0.97) else { return later(.probed(key: key, answer: .void), id, 10...1000) }
        executions["\(key.run)/\(key.path)", default: 0] += 1
        checkMerge(key, step, id)
        let outcomes: [Outcome] = [
            .failed("no"), .timedOut, .unknown("who knows"),
        ].map { random.isTrue(likelihood(of: step)) ? .done(result(of: step)) : $0 }
        deeds[key] = outcomes[Int.random(in: 0..<outcomes.count, using: &random)]
        if random.isTrue(0.95) { later(.result(key: key, outcome: deeds[key] ?? .timedOut), id, 10...90_000) }
    }

    private mutating func answer(_ key: EffectKey) -> Probed {
        if let end = subruns[key.subrunID] { return end == nil ? .running : .result(outcome(key)) }
        guard let outcome = deeds[key] else { return .void }
        if random.isTrue(0.2) { return .running }
        if case .unknown(let text) = outcome { return .unknown(text) }
        return random.isTrue(0.1) ? .unknown("nobody can tell") : .result(outcome)
    }

    private mutating func ask(_ request: ApprovalRequest, _ id: String) {
        let ada = Approver(name: "ada", uid: 1)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: break
        case 1: later(.rejected(path: request.path, by: ada, why: "no"), id, 1000...60_000)
        default:
            for uid in 1...request.needs {
                let by = Approver(name: "p\(uid)", uid: UInt32(uid))
                later(
                    .approved(path: request.path, plan: request.plan, by: by, remaining: nil), id, 1000...2_000_000)
            }
        }
    }

    /// One look at a watched condition, and the next one after it.
    private mutating func look(_ id: String) {
        guard let watch = runs[id]?.state.watch else { return }
        later(.watched(path: watch.path, holds: random.isTrue(0.85), detail: "", samples: 1), id, 2000...6000)
    }

    // MARK: - Guards

    private mutating func verdict(_ id: String) -> GuardVerdict {
        guard let run = runs[id], let facts = run.state.facts else { return .refused(guard: "target", text: "") }
        var snapshot = GuardSnapshot()
        snapshot.isInstalled = random.isTrue(0.98) ? .known(true) : .unknown("no answer")
        snapshot.halt = .known(halted)
        snapshot.mode = facts.mode
        snapshot.binding = facts.binding
        snapshot.storm = .init(expr: "storm", holds: .known(random.isTrue(0.03)))
        let wanted = Set(run.state.lockNames)
        let above = ancestors(of: run.state)
        for other in open where other != id && !above.contains(other) && snapshot.lock == nil {
            snapshot.lock = runs[other]?.state.locks.first { wanted.contains($0) }.map { ($0, other) }
        }
        let same = (records[run.scope] ?? []).filter { $0.run != id }
        snapshot.sinceLast = same.compactMap(\.ended).map { stamp.since($0) }.min()
        snapshot.attempts = same.count { stamp.since($0.created) < run.state.definition.limits.attempts.per }
        snapshot.concurrent = open.count {
            $0 != id && runs[$0]?.state.definition.name == facts.runbook && runs[$0]?.state.locks.isEmpty == false
        }
        snapshot.actions = admissions.count { stamp.since($0) < Self.actionLimit.per }
        snapshot.actionLimit = Self.actionLimit
        let risk = run.state.definition.risk
        snapshot.approval =
            facts.mode == .auto || run.state.grant != nil
            ? .granted
            : .needed(
                ApprovalRequest(path: "run", plan: "p", text: "", needs: risk.approvers, expires: .seconds(1800)))
        return evaluateGuards(snapshot, of: run.state.definition)
    }
}
