public import Model

/// Tells a person what happened to a run: the lines of the timeline that an event adds, each with its evidence.
///
/// Pure: from the states before and after and the effects that were decided.
public struct Narration {
    let before: RunState
    let after: RunState
    let effects: [RunEffect]
    let now: Stamp
    var lines: [TimelineLine] = []

    public static func lines(
        of event: RunEvent, before: RunState, after: RunState, effects: [RunEffect], now: Stamp
    ) -> [TimelineLine] {
        var narration = Narration(before: before, after: after, effects: effects, now: now)
        narration.tell(event)
        narration.tellSkipped()
        narration.tellPause()
        for effect in effects { narration.tell(effect, event) }
        narration.tellProof()
        return narration.lines
    }

    private mutating func tell(_ event: RunEvent) {
        switch event {
        case .created, .unblocked, .signal: break
        case .guarded(.busy(let unit, let holder)):
            if case .guarding = before.phase {
                add(.note, "waits for run \(holder), which holds \(unit)", [Evidence(.ledger, holder)])
            }
        case .guarded: break
        case .started(let key, _, let invocation): started(key, invocation)
        case .result(let key, let outcome): result(key, outcome)
        case .probed(let key, let answer): probed(key, answer)
        case .timer(let name): timer(name)
        case .watched(_, let holds, _, let samples): watched(holds, samples)
        case .approved(let path, let plan, let by, _): approved(path, plan, by)
        case .rejected(_, let by, let why):
            if before.question != nil {
                add(.approval, "rejected by \(by.name)\(why.isEmpty ? "" : ": \(why)")", [Evidence(.person, by.name)])
            }
        case .joined(let incident):
            add(.note, "incident \(incident) is about the same target, and joins", [Evidence(.ledger, incident)])
        case .halted(let by, let why):
            let text = "halted by \(by)\(why.isEmpty ? "" : ": \(why)")"
            let goesOn = after.end == nil ? "; what has started is awaited, nothing else starts" : ""
            add(.note, text + goesOn, [Evidence(.person, by)])
        case .withdrawn(let by, let why):
            let text = "withdrawn by \(by)\(why.isEmpty ? "" : ": \(why)")"
            add(.note, text + (after.running == nil ? "" : "; what has started is stopped"), [Evidence(.person, by)])
        case .restarted(let downtime):
            add(.note, "Nightshift began anew after \(downtime.literal) and takes the run up again", [])
        case .broken(let text): add(.note, text, [])
        }
    }

    // MARK: - What was done

    private mutating func started(_ key: EffectKey, _ invocation: String?) {
        guard case .step(let attempt) = after.phase, attempt.key == key, after.running == key, before.running != key
        else { return }
        let again = key.attempt > 1 ? ", attempt \(key.attempt)" : ""
        var evidence = [Evidence(.ledger, key.description)]
        var was = ""
        if let invocation, !invocation.isEmpty {
            evidence.append(Evidence(.unit, invocation))
            was = "; InvocationID before \(invocation.shortened)"
        }
        // What the agents begin has no side of its own to see; its intent said all.
        if attempt.step.isAgents, key.attempt == 1 { return }
        let kind: TimelineLine.Kind = attempt.step.isAgents ? .agent : .start
        add(attempt.isUndo ? .undo : kind, "\(attempt.step.summary)\(again)\(was)", evidence, .acting)
    }

    private mutating func result(_ key: EffectKey, _ outcome: Outcome) {
        guard case .step(let attempt) = before.phase, attempt.key == key else { return }
        if case .notify(let to, _) = attempt.step, case .done = outcome {
            add(.note, "told \(to)", [Evidence(.ledger, key.description)])
            return
        }
        let kind: TimelineLine.Kind = attempt.step.isAgents ? .agent : .result
        add(
            attempt.isUndo ? .undo : kind, "\(key.path): \(outcome.told(attempt.step))",
            outcome.evidence(key, attempt.step))
    }

    private mutating func probed(_ key: EffectKey, _ answer: Probed) {
        switch answer {
        case .running: add(.note, "\(key.path) is still running; its result is awaited", [Evidence(.helper, "\(key)")])
        case .void: add(.note, "\(key.path) had never begun", [Evidence(.helper, "\(key)")])
        case .result(let outcome): result(key, outcome)
        case .unknown(let text): result(key, .unknown(text))
        }
    }

    private mutating func timer(_ name: RunTimer.Name) {
        guard case .step(let attempt) = before.phase, name == .timeout, before.timer?.isDue(at: now) == true else {
            return
        }
        let isStopped = effects.contains { if case .cancel = $0 { true } else { false } }
        let how = isStopped ? "it is stopped" : "its job is not cut short"
        add(
            .note, "\(attempt.key.path) is past its \(before.timer?.after.literal ?? "timeout"); \(how)",
            [Evidence(.ledger, attempt.key.description)])
    }

    private mutating func tellSkipped() {
        for step in after.ended.dropFirst(before.ended.count) where step.outcome == nil {
            add(.note, "\(step.path) is skipped: its condition does not hold", [])
        }
        guard after.round > before.round, case .step(let attempt) = after.phase,
            let group = after.definition.group(ofStepAt: attempt.index), let rounds = group.rounds
        else { return }
        add(.note, "\(group.name): round \(after.round) of at most \(rounds.atMost)", [])
    }

    private mutating func tellPause() {
        guard case .step(let attempt) = after.phase, case .pausing(_, let pause) = attempt.status,
            before.phase != after.phase
        else { return }
        let of = after.definition.steps[attempt.index].retry.attempts
        add(.note, "\(attempt.key.path) is tried again in \(pause.literal), \(of) attempts at most", [])
    }

    // MARK: - Proof

    private mutating func watched(_ holds: Bool, _ samples: Int) {
        guard let watch = before.watch else { return }
        let isProven = after.end?.kind == .resolved
        let since = watch.holdingSince.map { "holds since \($0.wall), " } ?? ""
        let looks = samples > 0 ? "in \(samples) looks, " : ""
        let evidence = [
            Evidence(.metric, watch.expr, "\(isProven ? since + looks : "")over samples newer than the result")
        ]
        if isProven {
            add(.verify, watch.holdsFor > .zero ? "\(watch.expr) for \(watch.holdsFor.literal)" : watch.expr, evidence)
        } else if holds, watch.holdingSince == nil {
            add(.verify, "\(watch.expr) holds", evidence)
        } else if !holds, watch.holdingSince != nil {
            add(.verify, "\(watch.expr) does not hold any more", evidence)
        }
    }

    private mutating func tellProof() {
        guard let watch = after.watch, before.watch?.since != watch.since || before.watch?.path != watch.path else {
            return
        }
        let length = watch.holdsFor > .zero ? " for \(watch.holdsFor.literal)" : ""
        let state: IncidentState? = if case .verifying = after.phase { .verifying } else { nil }
        let newer = watch.newerThan.map { "over samples newer than \($0)" } ?? ""
        add(
            .verify, "waits until \(watch.expr)\(length), at most \(watch.within.literal)",
            [Evidence(.metric, watch.expr, newer)], state)
    }

    // MARK: - Persons

    private mutating func approved(_ path: String, _ plan: String, _ by: Approver) {
        guard let question = before.question, question.path == path, question.plan == plan else { return }
        let missing = after.question == nil ? "" : ", and more must"
        add(
            .approval, "\(by.name) approved plan \(plan.prefix(6))\(missing)", [Evidence(.person, by.name)],
            after.question == nil ? .acting : nil)
    }

    private mutating func tell(_ effect: RunEffect, _ event: RunEvent) {
        switch effect {
        case .perform(let key, let step):
            var text = step.isAgents ? "\(key.path): \(step.summary)" : step.summary
            if case .guarded(.passed(let note)) = event, !note.isEmpty { text += "; \(note)" }
            let kind: TimelineLine.Kind = step.isAgents ? .agent : .intent
            add(key.path.hasPrefix("undo.") ? .undo : kind, text, [Evidence(.ledger, key.description)], .acting)
        case .probe(let key):
            add(.note, "\(key.path): asks what became of it", [Evidence(.ledger, key.description)])
        case .ask(let request):
            let persons = request.needs == 1 ? "one person" : "\(request.needs) persons"
            add(
                .approval,
                "waits at most \(request.expires.literal) for \(persons) to approve plan \(request.plan.prefix(6))",
                [Evidence(.ledger, request.plan, request.text)], .awaitingApproval)
        case .escalate(let escalation):
            let to = escalation.clause.to.map { " (to \($0))" } ?? ""
            add(.escalate, "\(escalation.reason)\(to)", [], .escalated)
        case .end(let end): tell(end)
        case .guards, .await, .cancel, .collect: break
        }
    }

    private mutating func tell(_ end: RunEnd) {
        // Where the incident stands after a sub-run is its parent's affair.
        guard after.facts?.parent == nil else { return add(.note, "\(end.kind.rawValue): \(end.text)", []) }
        switch end.kind {
        case .resolved: add(.note, "resolved", [], .resolved)
        case .observed: add(.note, "only observes: \(end.text)", [])
        case .refused: add(.note, "refused by \(end.guard ?? "a guard"): \(end.text)", [])
        case .cancelled: add(.note, "cancelled: \(end.text)", [], .closed)
        case .escalated: break
        }
    }

    private mutating func add(
        _ kind: TimelineLine.Kind, _ text: String, _ evidence: [Evidence], _ state: IncidentState? = nil
    ) {
        let run = [Evidence(.ledger, "run \(after.facts?.id ?? "")")]
        lines.append(
            TimelineLine(
                at: now.wall, kind: kind, text: text, evidence: evidence.isEmpty ? run : evidence, state: state,
                runbook: after.definition.name))
    }
}
