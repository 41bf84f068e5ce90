public import Model

// Proof: a condition that has to hold, over samples newer than the last result.
extension Decision {
    func watch(_ path: String, _ expr: String, _ holdsFor: Duration, _ within: Duration) -> RunState.Watch {
        RunState.Watch(
            path: path, expr: expr, holdsFor: holdsFor, within: within, since: now, newerThan: state.lastResult?.wall)
    }

    mutating func verify() {
        guard let verify = state.definition.verify else {
            return escalate("the runbook only informs: nothing was repaired")
        }
        do {
            let expr = try verify.expr.render(state.scope)
            state.phase = .verifying(watch("verify", expr, verify.holdsFor, verify.within))
        } catch {
            otherwise("the proof could not be rendered: \(error.message)")
        }
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
