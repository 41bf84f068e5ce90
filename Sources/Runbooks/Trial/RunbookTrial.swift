import Model
import Series

/// One run of a runbook over the host that a test describes: each effect succeeds unless the test says otherwise.
struct RunbookTrial {
    private let test: RunbookTest
    private(set) var state: RunState
    /// As the test's author writes them: `run dump-state`, `systemd restart web.service`, `escalate on-call`.
    private(set) var effects: [String] = []
    private var queue: [RunEffect] = []
    private var now: Duration
    private var attempts: [String: Int] = [:]

    init(_ test: RunbookTest) {
        self.test = test
        state = RunState(definition: test.runbook)
        now = test.at
    }

    /// How the run ended, for a failed test's line.
    var because: String { state.end.map { " (\($0.text))" } ?? "" }

    /// Far more than the longest run needs: a test that does not end is a failure, not a hang.
    private static let turnsMax = 100_000

    mutating func run() {
        let runbook = test.runbook
        let binding = runbook.bind(
            labels: test.labels, claims: test.claims, given: test.given, project: test.project)
        var target = "incident"
        if case .bound(let parameters) = binding { target = runbook.targetValue(parameters) ?? target }
        take(
            .created(
                RunFacts(
                    id: "run", runbook: runbook.name, digest: runbook.digest, incident: "incident",
                    fingerprint: "fingerprint", labels: test.labels, binding: binding, mode: runbook.effectiveMode,
                    target: target, occurrence: 1, directory: "/run/directory", project: test.project)))
        for _ in 0..<Self.turnsMax where state.end == nil {
            if queue.isEmpty { pass() } else { perform(queue.removeFirst()) }
        }
    }

    private var stamp: Stamp {
        Stamp(
            wall: Timestamp(microseconds: now.microseconds), bootID: String(repeating: "0", count: 32), sinceBoot: now)
    }

    private mutating func take(_ event: RunEvent) {
        let (next, effects) = decide(state, event, now: stamp)
        state = next
        queue += effects
        for case .escalate(let escalation) in effects {
            self.effects.append("escalate \(escalation.clause.to ?? "default")")
        }
    }

    /// Nothing to do: a second passes, or what is left of the timer.
    private mutating func pass() {
        if let watch = state.watch {
            let holds = holds(watch.expr, newerThan: watch.newerThan)
            if watch.isNews(holds: holds, at: stamp) {
                take(.watched(path: watch.path, holds: holds, detail: watch.expr, samples: 0))
                return
            }
        }
        guard let timer = state.timer else { return }
        if timer.isDue(at: stamp) {
            take(.timer(timer.name))
        } else {
            now += state.watch == nil ? timer.remaining(at: stamp) : .seconds(1)
        }
    }

    private mutating func perform(_ effect: RunEffect) {
        switch effect {
        case .guards: take(.guarded(evaluateGuards(snapshot(), of: test.runbook)))
        case .perform(let key, let step):
            note(key, step)
            if case .notify = step {} else { take(.started(key: key, boot: nil, invocationBefore: nil)) }
            now += .seconds(1)
            take(.result(key: key, outcome: outcome(of: key, step)))
        case .probe(let key): take(.probed(key: key, answer: .unknown("the test says so")))
        case .ask(let request): ask(request)
        case .await, .cancel, .collect, .escalate, .end: break
        }
    }

    private mutating func note(_ key: EffectKey, _ step: RenderedStep) {
        let undo = key.path.hasPrefix("undo.") ? "undo " : ""
        let name = undo.isEmpty ? key.path : String(key.path.dropFirst(5))
        switch step {
        case .run: effects.append("\(undo)run \(name)")
        default: effects.append(undo + step.summary)
        }
    }

    private mutating func outcome(of key: EffectKey, _ step: RenderedStep) -> Outcome {
        let path = test.outcomes[key.path] != nil ? key.path : plainName(key.path)
        let given = test.outcomes[path] ?? []
        let index = attempts[path, default: 0]
        attempts[path] = index + 1
        let outcome = given.isEmpty ? .done(.object([:])) : given[min(index, given.count - 1)]
        guard case .done(let value) = outcome else { return outcome }
        return .done(.object(step.resultShape.merging(value.object ?? [:]) { $1 }))
    }

    /// The step's name without the group and round that it is in: `undo.apply` for `undo.rounds[2].apply`.
    private func plainName(_ path: String) -> String {
        let undo = path.hasPrefix("undo.") ? "undo." : ""
        let own = String(path.dropFirst(undo.count))
        return undo + (test.runbook.step(at: own)?.name ?? own)
    }

    private mutating func ask(_ request: ApprovalRequest) {
        effects.append("ask \(request.by ?? "approvers")")
        let answer = test.approvals[request.path] ?? test.approvals[plainName(request.path)] ?? test.approvals[""]
        switch answer ?? .yes {
        case .never: break
        case .no: take(.rejected(path: request.path, by: Approver(name: "ada", uid: 1001), why: "the test says so"))
        case .yes:
            for (name, uid) in [("ada", UInt32(1001)), ("bob", 1002)].prefix(request.needs) {
                take(
                    .approved(
                        path: request.path, plan: request.plan, by: Approver(name: name, uid: uid), remaining: nil))
            }
        }
    }

    // MARK: - What the guards see

    private func snapshot() -> GuardSnapshot {
        let runbook = test.runbook
        var snapshot = GuardSnapshot()
        snapshot.isInstalled = .known(true)
        snapshot.halt = .known(nil)
        snapshot.mode = runbook.effectiveMode
        guard let facts = state.facts else { return snapshot }
        snapshot.binding = facts.binding
        if case .bound(let parameters) = facts.binding {
            // A unit that cannot be told is the target guard's to refuse, as it is on a host.
            let units = (try? runbook.unitsNamed(parameters)) ?? []
            snapshot.protectedUnits = units.filter { ProtectedUnits().protection(id: $0) != nil }
            snapshot.units = .known(units.map { GuardSnapshot.Unit(asked: $0, id: $0, loadState: "loaded") })
        }
        snapshot.storm = runbook.limits.notWhen.map { condition($0) }
        snapshot.preconditions = runbook.preconditions.map { condition($0) }
        if runbook.effectiveMode == .auto || state.grant != nil {
            snapshot.approval = .granted
        } else {
            snapshot.approval = .needed(
                ApprovalRequest(
                    path: "run", plan: "plan", text: "", needs: runbook.risk.approvers, expires: .seconds(1800)))
        }
        return snapshot
    }

    private func condition(_ expr: ExpressionTemplate) -> GuardSnapshot.Condition {
        do {
            let text = try expr.render(state.scope)
            guard let holds = try evaluate(text, newerThan: nil) else {
                return GuardSnapshot.Condition(expr: text, holds: .unknown("there is no value"))
            }
            return GuardSnapshot.Condition(expr: text, holds: .known(holds))
        } catch {
            return GuardSnapshot.Condition(expr: expr.source, holds: .unknown(error.description))
        }
    }

    private func holds(_ expr: String, newerThan: Timestamp?) -> Bool {
        // A proof that cannot be evaluated does not hold; the daemon's driver says so on the timeline.
        (try? evaluate(expr, newerThan: newerThan)) ?? false
    }

    private func evaluate(_ text: String, newerThan: Timestamp?) throws(Fault) -> Bool? {
        try Condition.holds(text, in: test.series, at: stamp.wall, newerThan: newerThan)
    }
}
