public import Model
import Text

// Steps: one after the other, each attempt under a key of its own.
extension Decision {
    /// Begins the step, or with it the group whose first it is.
    mutating func begin(stepAt index: Int) {
        guard index < state.definition.steps.count else { return verify() }
        if let group = state.definition.group(beginningAt: index) { return begin(group) }
        state.round = 1
        perform(stepAt: index)
    }

    mutating func perform(stepAt index: Int) {
        guard let facts = state.facts else { return }
        let step = state.definition.steps[index]
        let path = state.definition.path(ofStepAt: index, round: state.round)
        do {
            if let condition = step.condition, !Pipeline.isTrue(try condition.evaluate(state.scope)) {
                state.ended.append(RunState.EndedStep(name: step.name, path: path, outcome: nil))
                return goOn(after: index)
            }
            let rendered = try state.definition.render(step.kind, step.timeout, state.scope, facts.parameters)
            if case .runbook = rendered, facts.depth ?? 1 >= RunbookSet.depthMax {
                return finish(stepAt: index, .failed("runs begin each other at most \(RunbookSet.depthMax) deep"))
            }
            let key = EffectKey(run: facts.id, path: path, attempt: 1)
            attempt(key, index, isUndo: false, rendered, reason: "", failures: 0, repeats: 0)
        } catch {
            finish(stepAt: index, .failed("it could not be rendered: \(error.message)"))
        }
    }

    mutating func attempt(
        _ key: EffectKey, _ index: Int, isUndo: Bool, _ step: RenderedStep, reason: String, failures: Int, repeats: Int
    ) {
        let status: RunState.Status
        if let request = step.question(key, mergeNeeds: state.definition.risk.approvers) {
            state.approvers = []
            status = .asking(request, since: now)
            effects.append(.ask(request))
        } else {
            switch step {
            case .wait: status = .waiting(since: now)
            case .check(let expr):
                status = .watching(watch(key.path, expr, .zero, state.definition.steps[index].timeout))
            default:
                status = .intended
                effects.append(.perform(key: key, step: step))
            }
        }
        state.phase = .step(
            RunState.Attempt(
                key: key, index: index, isUndo: isUndo, step: step, reason: reason, failures: failures,
                repeats: repeats, status: status))
    }

    mutating func started(_ key: EffectKey, _ invocation: String?) {
        guard var attempt = current(key), case .intended = attempt.status else { return }
        attempt.status = .started(since: now, invocationBefore: invocation)
        state.firstStart = state.firstStart ?? now
        state.phase = .step(attempt)
    }

    mutating func result(_ key: EffectKey, _ outcome: Outcome) {
        guard let attempt = current(key) else { return }
        switch attempt.status {
        case .intended, .started, .overdue: break
        case .pausing, .waiting, .watching, .asking: return
        }
        let wasStarted = state.running == key
        if wasStarted, attempt.step.isUnit { effects.append(.collect(key: key)) }
        if wasStarted, !outcome.isRefusal {
            state.hasActed = state.hasActed || state.definition.steps[attempt.index].kind.acts
            state.lastResult = now
        }
        conclude(attempt, outcome)
    }

    mutating func probed(_ key: EffectKey, _ answer: Probed) {
        guard var attempt = current(key), state.running == key else { return }
        switch answer {
        case .running: effects.append(.await(key: key))
        case .result(let outcome): result(key, outcome)
        case .unknown(let text): result(key, .unknown(text))
        case .void:
            attempt.status = .intended
            state.phase = .step(attempt)
            if let halt = state.halt { return escalate(halt) }
            if state.withdrawal != nil, !attempt.isUndo { return endWithdrawn() }
            repeated(attempt, "it never began")
        }
    }

    /// What an attempt's outcome means: the next attempt, the next step, or the end of the steps.
    private mutating func conclude(_ attempt: RunState.Attempt, _ outcome: Outcome) {
        var outcome = outcome
        if case .overdue = attempt.status, case .cancelled = outcome { outcome = .timedOut }
        switch outcome {
        case .unknown(let text):
            if mayRepeat, state.definition.steps[attempt.index].retrySafe, !attempt.isUndo {
                repeated(attempt, "its outcome is unknown: \(text)")
            } else {
                escalate("the outcome of \(attempt.key.path) is unknown: \(text)")
            }
        case .failed, .timedOut, .cancelled:
            let retry = attempt.isUndo ? .once : state.definition.steps[attempt.index].retry
            guard mayRepeat, attempt.failures + 1 < retry.attempts else { return settle(attempt, outcome) }
            var paused = attempt
            paused.status = .pausing(since: now, pause: retry.pause(before: attempt.failures + 2))
            state.phase = .step(paused)
        case .done, .refused: settle(attempt, outcome)
        }
    }

    private var mayRepeat: Bool { state.halt == nil && state.withdrawal == nil }

    /// Another attempt that is not one of `retry`'s: the last one may not have happened at all.
    private mutating func repeated(_ attempt: RunState.Attempt, _ why: String) {
        guard attempt.repeats < RunBounds.repeats else {
            return escalate("\(attempt.key.path) was given up after \(attempt.key.attempt) attempts: \(why)")
        }
        next(attempt, failures: attempt.failures, repeats: attempt.repeats + 1)
    }

    private mutating func next(_ attempt: RunState.Attempt, failures: Int, repeats: Int) {
        var key = attempt.key
        key.attempt += 1
        self.attempt(
            key, attempt.index, isUndo: attempt.isUndo, attempt.step, reason: attempt.reason, failures: failures,
            repeats: repeats)
    }

    private mutating func settle(_ attempt: RunState.Attempt, _ outcome: Outcome) {
        if attempt.isUndo {
            finishUndo(attempt, outcome)
        } else {
            finish(stepAt: attempt.index, outcome)
        }
    }

    /// A step has its outcome, and no attempt follows.
    mutating func finish(stepAt index: Int, _ outcome: Outcome) {
        let step = state.definition.steps[index]
        let path = state.definition.path(ofStepAt: index, round: state.round)
        state.ended.append(RunState.EndedStep(name: step.name, path: path, outcome: outcome))
        if let halt = state.halt { return escalate("\(halt); \(path) ended as \(outcome.word)") }
        if state.withdrawal != nil { return endWithdrawn() }
        switch (outcome, step.onError) {
        case (.done, _): goOn(after: index)
        case (.refused(let name, let text), _):
            guard state.hasActed || state.hasWorked else { return end(RunEnd(.refused, guard: name, text)) }
            otherwise("\(path) was refused by \(name): \(text)")
        case (_, .continue): goOn(after: index)
        case (_, .stop): otherwise("\(step.kind.gate)\(path) \(outcome.sentence)")
        case (_, .undo): otherwise("\(step.kind.gate)\(path) \(outcome.sentence)", undo: true)
        }
    }

    mutating func timeUp(for attempt: RunState.Attempt) {
        var attempt = attempt
        switch attempt.status {
        case .started:
            attempt.status = .overdue(since: now, rounds: 1)
            state.phase = .step(attempt)
            // A job of systemd that is under way is only awaited: cancelling would leave the unit half way.
            if case .systemd = attempt.step {} else { effects.append(.cancel(key: attempt.key)) }
        case .overdue(_, let rounds):
            // How a sub-run ends is always found out: it is a run like this one.
            guard rounds < RunBounds.overdueRounds || attempt.step.isSubrun else {
                return escalate(
                    "the outcome of \(attempt.key.path) is unknown: it was still running long after its timeout")
            }
            attempt.status = .overdue(since: now, rounds: rounds + 1)
            state.phase = .step(attempt)
            effects.append(.probe(key: attempt.key))
        case .pausing: next(attempt, failures: attempt.failures + 1, repeats: attempt.repeats)
        case .waiting: finish(stepAt: attempt.index, .done([:]))
        case .watching(let watch):
            conclude(attempt, .failed("\(watch.expr) did not hold within \(watch.within.literal)"))
        case .asking(let request, _):
            let gate = attempt.step.approvalGate
            finish(stepAt: attempt.index, .failed("\(gate)nobody approved within \(request.expires.literal)"))
        case .intended: break
        }
    }

    private func current(_ key: EffectKey) -> RunState.Attempt? {
        guard case .step(let attempt) = state.phase, attempt.key == key else { return nil }
        return attempt
    }
}

// Undo: in reverse order over the steps that are done or were broken off, and say how.
extension Decision {
    /// `position` counts the steps that ended, each time that they did.
    mutating func beginUndo(below position: Int, _ reason: String) {
        guard let facts = state.facts else { return }
        for position in stride(from: position - 1, through: 0, by: -1) {
            let ended = state.ended[position]
            guard ended.isUndone, let index = state.definition.steps.firstIndex(where: { $0.name == ended.name }),
                let undo = state.definition.steps[index].undo
            else { continue }
            do {
                let scope = state.scope(after: position + 1)
                let rendered = try state.definition.render(undo.kind, undo.timeout, scope, facts.parameters)
                let key = EffectKey(run: facts.id, path: "undo.\(ended.path)", attempt: 1)
                return attempt(key, index, isUndo: true, rendered, reason: reason, failures: 0, repeats: 0)
            } catch {
                return escalate("\(reason); \(ended.path) could not be taken back: \(error.message)")
            }
        }
        escalate(reason)
    }

    mutating func finishUndo(_ attempt: RunState.Attempt, _ outcome: Outcome) {
        if let halt = state.halt { return escalate("\(halt); \(attempt.key.path) ended as \(outcome.word)") }
        guard case .done = outcome else {
            return escalate(
                "\(attempt.reason); \(attempt.key.path) \(outcome.sentence), so the rest was not taken back")
        }
        let position = state.ended.firstIndex { "undo.\($0.path)" == attempt.key.path } ?? 0
        beginUndo(below: position, attempt.reason)
    }
}

extension RunState.EndedStep {
    /// Whether it may have changed something that its undo takes back: it is done, or was broken off from outside. What
    /// failed has ended by itself, and what it left nobody guesses.
    var isUndone: Bool {
        switch outcome {
        case .done?, .timedOut?, .cancelled?: true
        case .failed?, .refused?, .unknown?, nil: false
        }
    }
}

extension Outcome {
    var isRefusal: Bool { if case .refused = self { true } else { false } }

    /// After a step's name.
    public var sentence: String {
        switch self {
        case .done: "is done"
        case .failed: "failed: \(why)"
        case .timedOut: "timed out"
        case .refused(let name, let text): "was refused by \(name): \(text)"
        case .unknown(let text): "ended in an unknown way: \(text)"
        case .cancelled(let text): "was cancelled: \(text)"
        }
    }
}
