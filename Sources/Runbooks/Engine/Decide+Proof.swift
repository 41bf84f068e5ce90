public import Model

// Proof: a condition that has to hold, over samples newer than the last result.
extension Decision {
    func watch(_ path: String, _ expr: String, _ holdsFor: Duration, _ within: Duration) -> RunState.Watch {
        RunState.Watch(
            path: path, expr: expr, holdsFor: holdsFor, within: within, since: now, newerThan: state.lastResult?.wall)
    }

    mutating func verify() {
        guard let verify = state.definition.verify else { return conclude() }
        do {
            let proof = try verify.render(state.scope)
            state.phase = .verifying(watch("verify", proof.expr, proof.holdsFor, proof.within))
        } catch {
            otherwise("the proof could not be rendered: \(error.message)")
        }
    }

    /// Without `verify` the last step that acted decides, where its own result is a proof.
    private mutating func conclude() {
        let steps = state.definition.steps
        guard steps.contains(where: { $0.kind.acts }) else {
            return escalate("the runbook only informs: nothing was repaired")
        }
        let acted = state.ended.last { ended in
            ended.outcome != nil && steps.contains { $0.name == ended.name && $0.kind.acts }
        }
        guard let acted else { return escalate("there was nothing that \(state.definition.name) could do") }
        let isProof = steps.contains { $0.name == acted.name && $0.kind.isProof }
        guard isProof, case .done? = acted.outcome else { return otherwise("nothing proves that \(acted.path) helped") }
        end(RunEnd(.resolved, "proven by \(acted.path)"))
    }

    mutating func watched(_ path: String, _ holds: Bool, _ detail: String) {
        switch state.phase {
        case .verifying(var watch) where watch.path == path:
            watch.holdingSince = holds ? watch.holdingSince ?? now : nil
            state.phase = .verifying(watch)
            if watch.hasHeld(at: now) {
                end(RunEnd(.resolved, "proven by \(watch.expr) for \(watch.holdsFor.literal)"))
            }
        case .step(let attempt):
            guard case .watching(let watch) = attempt.status, watch.path == path, holds else { return }
            finish(stepAt: attempt.index, .done(["value": .string(detail)]))
        default: break
        }
    }
}

extension RunState.Watch {
    func hasHeld(at now: Stamp) -> Bool {
        holdingSince.map { now.since($0) >= holdsFor } ?? false
    }

    /// Whether the engine needs to be told: the condition changed, or it has now held for long enough.
    public func isNews(holds: Bool, at now: Stamp) -> Bool {
        holds ? holdingSince == nil || hasHeld(at: now) : holdingSince != nil
    }
}
