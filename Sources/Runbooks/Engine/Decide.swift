public import Model
import Text

/// The engine: what an event makes of a run, and what is to be done outside because of it.
///
/// Pure: the same history gives the same state and the same effects, today and after any number of restarts. `now` is
/// the event's stamp. An event that does not fit where the run stands (a late result, an early timer, a word on another
/// plan) changes nothing and asks for nothing.
public func decide(_ state: RunState, _ event: RunEvent, now: Stamp) -> (RunState, [RunEffect]) {
    var decision = Decision(state: state, now: now)
    decision.take(event)
    return (decision.state, decision.effects)
}

extension RunState {
    /// The state after a whole history.
    public static func fold(
        _ history: some Sequence<(event: RunEvent, stamp: Stamp)>, over definition: Runbook
    ) -> RunState {
        history.reduce(RunState(definition: definition)) { decide($0, $1.event, now: $1.stamp).0 }
    }
}

/// One turn of the engine: the state that changes, and the effects that come of it.
struct Decision {
    var state: RunState
    let now: Stamp
    var effects: [RunEffect] = []

    init(state: RunState, now: Stamp) {
        self.state = state
        self.now = now
    }

    mutating func take(_ event: RunEvent) {
        if case .ended = state.phase { return }
        switch event {
        case .created(let facts): created(facts)
        case .guarded(let verdict): guarded(verdict)
        case .unblocked: unblocked()
        case .started(let key, _, let invocation): started(key, invocation)
        case .result(let key, let outcome): result(key, outcome)
        case .probed(let key, let answer): probed(key, answer)
        case .timer(let name): timer(name)
        case .watched(let path, let holds, let detail, _): watched(path, holds, detail)
        case .approved(let path, let plan, let by, let remaining): approved(path, plan, by, remaining)
        case .rejected(let path, let by, let why): rejected(path, by, why)
        case .joined(let incident): state.signals[incident] = true
        case .signal(let incident, let stands): signal(incident, stands)
        case .halted(let by, let why): halted(by, why)
        case .withdrawn(let by, let why): withdrawn(by, why)
        case .restarted(let downtime): restarted(downtime)
        case .broken(let text): escalate("Nightshift could not go on with the run: \(text)")
        }
    }

    private mutating func created(_ facts: RunFacts) {
        guard case .new = state.phase else { return }
        state.facts = facts
        state.signals = [facts.incident: true]
        guards()
    }

    mutating func guards() {
        state.phase = .guarding
        effects.append(.guards)
    }

    private mutating func guarded(_ verdict: GuardVerdict) {
        let since: Stamp
        switch state.phase {
        case .guarding: since = now
        case .waiting(_, _, let first): since = first
        default: return
        }
        switch verdict {
        case .passed: begin(stepAt: 0)
        case .observed(let stop):
            let would = plannedEffects.joined(separator: "; ")
            let but = stop.map { "; \($0.guard) would have refused: \($0.text)" } ?? ""
            end(RunEnd(.observed, "it would have done: \(would)\(but)"))
        case .needsApproval(let request): ask(request)
        case .busy(let unit, let holder): state.phase = .waiting(unit: unit, holder: holder, since: since)
        case .refused(let name, let text): end(RunEnd(.refused, guard: name, text))
        }
    }

    /// What was in the way may be so no more, or the plan that was shown may have changed: the guards are asked again.
    ///
    /// While a lock is waited for, the wait goes on counting from its beginning.
    private mutating func unblocked() {
        switch state.phase {
        case .waiting: effects.append(.guards)
        case .awaitingApproval: guards()
        default: break
        }
    }

    private mutating func timer(_ name: RunTimer.Name) {
        guard let timer = state.timer, timer.name == name, timer.isDue(at: now) else { return }
        switch state.phase {
        case .waiting(let unit, let holder, _):
            end(RunEnd(.refused, guard: "lock", "busy: run \(holder) still holds \(unit) after \(timer.after.literal)"))
        case .awaitingApproval(let request, _):
            end(RunEnd(.refused, guard: "approval", "nobody approved within \(request.expires.literal)"))
        case .verifying(let watch):
            let gate = state.definition.verify?.gate ?? ""
            otherwise("\(gate)\(watch.expr) did not hold for \(watch.holdsFor.literal) within \(watch.within.literal)")
        case .step(let attempt): timeUp(for: attempt)
        case .new, .guarding, .ended: break
        }
    }

    /// Halt never interrupts what has started; everything else ends here, escalated.
    private mutating func halted(_ by: String, _ why: String) {
        let reason = "halted by \(by)\(why.isEmpty ? "" : ": \(why)")"
        state.halt = reason
        if state.running == nil { escalate(reason) }
    }

    /// Stops what is under way, takes back what was done, and ends; a sub-run that did nothing is not needed any more.
    private mutating func withdrawn(_ by: String, _ why: String) {
        guard state.withdrawal == nil else { return }
        state.withdrawal = "withdrawn by \(by)\(why.isEmpty ? "" : ": \(why)")"
        guard let key = state.running, case .step(let attempt) = state.phase else { return endWithdrawn() }
        // A job of systemd, and whatever takes a step back, is only awaited.
        if case .systemd = attempt.step {} else if !attempt.isUndo { effects.append(.cancel(key: key)) }
    }

    mutating func endWithdrawn() {
        if case .step(let attempt) = state.phase, attempt.isUndo { return }
        let reason = state.withdrawal ?? ""
        if state.hasActed || state.facts?.parent == nil { otherwise(reason) } else { end(RunEnd(.cancelled, reason)) }
    }

    /// What is begun by its name is not about the signal: a person has the incident, and the defect is still there.
    private mutating func signal(_ incident: String, _ stands: Bool) {
        guard state.signals[incident] != nil else { return }
        state.signals[incident] = stands
        guard !state.signalStands, !state.definition.isBegunByName else { return }
        switch state.phase {
        case .new, .guarding, .waiting: end(RunEnd(.cancelled, "the signal ended before anything was done"))
        case .awaitingApproval: end(RunEnd(.cancelled, "the signal ended before anybody approved"))
        case .step(let attempt):
            if case .asking = attempt.status { end(RunEnd(.cancelled, "the signal ended before anybody approved")) }
        case .verifying, .ended: break
        }
    }

    /// Takes up again what the last process left: a start is probed, an intent performed.
    private mutating func restarted(_ downtime: Duration) {
        switch state.phase {
        case .new, .ended: break
        case .guarding, .waiting: effects.append(.guards)
        case .awaitingApproval(let request, _): effects.append(.ask(request))
        case .verifying(var watch):
            watch.holdingSince = nil
            if !watch.isExtended { watch.within += downtime }
            watch.isExtended = true
            state.phase = .verifying(watch)
        case .step(let attempt):
            switch attempt.status {
            case .intended: effects.append(.perform(key: attempt.key, step: attempt.step))
            case .started, .overdue: effects.append(.probe(key: attempt.key))
            case .asking(let request, _): effects.append(.ask(request))
            case .pausing, .waiting, .watching: break
            }
        }
    }

    // MARK: - Ends

    mutating func end(_ end: RunEnd) {
        state.phase = .ended(end)
        effects.append(.end(end))
    }

    /// A person has to go on; a sub-run reports to its parent instead.
    mutating func escalate(_ reason: String) {
        let reason = reason + shown
        if state.facts?.parent == nil {
            effects.append(.escalate(Escalation(reason: reason, clause: state.definition.escalate)))
        }
        end(RunEnd(.escalated, reason))
    }

    /// What the runbook wants a person to see, of what is there.
    private var shown: String {
        guard let template = state.definition.escalateShow else { return "" }
        var scope = state.scope
        scope.missing = .empty
        // The reason has to reach a person whether there is more to say or not.
        let text = (try? template.render(scope)) ?? ""
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(RunBounds.shownMax)
        return line.isEmpty ? "" : "; \(line)"
    }

    /// The steps did not help: take them back where the runbook says so, then escalate.
    mutating func otherwise(_ reason: String, undo: Bool = false) {
        if let halt = state.halt { return escalate("\(halt); before that, \(reason)") }
        if undo || state.definition.undoes {
            beginUndo(below: state.ended.count, reason)
        } else {
            escalate(reason)
        }
    }

    private var plannedEffects: [String] {
        guard let facts = state.facts, case .bound = facts.binding else { return ["nothing, for want of a target"] }
        return state.definition.steps.map { step in
            do {
                return try state.definition.render(step.kind, step.timeout, state.scope, facts.parameters).summary
            } catch {
                return step.kind.asWritten
            }
        }
    }
}
