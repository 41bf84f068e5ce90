import Model
import Text

// Steps: one after the other, each attempt under a key of its own.
extension Decision {
    mutating func begin(stepAt index: Int) {
        guard let facts = state.facts else { return }
        guard index < state.definition.steps.count else { return verify() }
        let step = state.definition.steps[index]
        do {
            if let condition = step.condition, !Pipeline.isTrue(try condition.evaluate(state.scope)) {
                state.ended.append(RunState.EndedStep(name: step.name, outcome: nil))
                return begin(stepAt: index + 1)
            }
            let rendered = try state.definition.render(step.kind, step.timeout, state.scope, facts.parameters)
            let key = EffectKey(run: facts.id, path: step.name, attempt: 1)
            attempt(key, index, isUndo: false, rendered, reason: "", failures: 0, repeats: 0)
        } catch {
            finish(stepAt: index, .failed("it could not be rendered: \(error.message)"))
        }
    }

    mutating func attempt(
        _ key: EffectKey, _ index: Int, isUndo: Bool, _ step: RenderedStep, reason: String, failures: Int, repeats: Int
    ) {
        let status: RunState.Status
        switch step {
        case .systemd, .run, .http, .notify:
            status = .intended
            effects.append(.perform(key: key, step: step))
        case .wait: status = .waiting(since: now)
        case .check(let expr): status = .watching(watch(key.path, expr, .zero, state.definition.steps[index].timeout))
        case .approve(let by, let expires, let show):
            let plan = Digest.sha256("\(key)\u{0}\(show)".utf8)
            let request = ApprovalRequest(path: key.path, plan: plan, text: show, needs: 1, by: by, expires: expires)
            state.approvers = []
            status = .asking(request, since: now)
            effects.append(.ask(request))
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
        if wasStarted, case .run = attempt.step { effects.append(.collect(key: key)) }
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
            repeated(attempt, "it never began")
        }
    }

    /// What an attempt's outcome means: the next attempt, the next step, or the end of the steps.
    private mutating func conclude(_ attempt: RunState.Attempt, _ outcome: Outcome) {
        var outcome = outcome
        if case .overdue = attempt.status, case .cancelled = outcome { outcome = .timedOut }
        switch outcome {
        case .unknown(let text):
            if state.halt == nil, state.definition.steps[attempt.index].retrySafe, !attempt.isUndo {
                repeated(attempt, "its outcome is unknown: \(text)")
            } else {
                escalate("the outcome of \(attempt.key.path) is unknown: \(text)")
            }
        case .failed, .timedOut, .cancelled:
            let retry = attempt.isUndo ? .once : state.definition.steps[attempt.index].retry
            guard state.halt == nil, attempt.failures + 1 < retry.attempts else { return settle(attempt, outcome) }
            var paused = attempt
            paused.status = .pausing(since: now, pause: retry.pause(before: attempt.failures + 2))
            state.phase = .step(paused)
        case .done, .refused: settle(attempt, outcome)
        }
    }

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
        state.ended.append(RunState.EndedStep(name: step.name, outcome: outcome))
        if let halt = state.halt { return escalate("\(halt); \(step.name) ended as \(outcome.word)") }
        switch (outcome, step.onError) {
        case (.done, _): begin(stepAt: index + 1)
        case (.refused(let name, let text), _):
            guard state.hasActed else { return end(RunEnd(.refused, guard: name, text)) }
            otherwise("\(step.name) was refused by \(name): \(text)")
        case (_, .continue): begin(stepAt: index + 1)
        case (_, .stop): otherwise("\(step.name) \(outcome.sentence)")
        case (_, .undo): otherwise("\(step.name) \(outcome.sentence)", undo: true)
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
            guard rounds < RunBounds.overdueRounds else {
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
            finish(stepAt: attempt.index, .failed("nobody approved within \(request.expires.literal)"))
        case .intended: break
        }
    }

    private func current(_ key: EffectKey) -> RunState.Attempt? {
        guard case .step(let attempt) = state.phase, attempt.key == key else { return nil }
        return attempt
    }
}

// Undo: in reverse order over the steps that are done or timed out and say how.
extension Decision {
    mutating func beginUndo(below index: Int, _ reason: String) {
        guard let facts = state.facts else { return }
        for index in stride(from: index - 1, through: 0, by: -1) {
            let step = state.definition.steps[index]
            guard let undo = step.undo, state.ended.contains(where: { $0.name == step.name && $0.isUndone }) else {
                continue
            }
            do {
                let rendered = try state.definition.render(undo.kind, undo.timeout, state.scope, facts.parameters)
                let key = EffectKey(run: facts.id, path: "undo.\(step.name)", attempt: 1)
                return attempt(key, index, isUndo: true, rendered, reason: reason, failures: 0, repeats: 0)
            } catch {
                return escalate("\(reason); \(step.name) could not be taken back: \(error.message)")
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
        beginUndo(below: attempt.index, attempt.reason)
    }
}

extension RunState.EndedStep {
    /// Whether it may have changed something that its undo takes back.
    var isUndone: Bool {
        switch outcome {
        case .done?, .timedOut?: true
        default: false
        }
    }
}

extension Outcome {
    var isRefusal: Bool { if case .refused = self { true } else { false } }

    /// After a step's name.
    var sentence: String {
        switch self {
        case .done: "is done"
        case .failed(let text): "failed: \(text)"
        case .timedOut: "timed out"
        case .refused(let name, let text): "was refused by \(name): \(text)"
        case .unknown(let text): "ended in an unknown way: \(text)"
        case .cancelled(let text): "was cancelled: \(text)"
        }
    }
}
