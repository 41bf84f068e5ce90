import Model
import Runbooks

// What must be true after each event; what is not is written down.
extension SimulatedHost {
    mutating func check(_ event: RunEvent, before: RunState, _ id: String) {
        if case .started = event, halted != nil { broken.append("\(id): started under halt") }
        checkExecutions(id)
        guard case .guarded = event else { return }
        // Runs that began each other share their locks.
        var held: [String: String] = [:]
        for other in open {
            guard let state = runs[other]?.state else { continue }
            let first = ancestors(of: state).first { runs[$0]?.state.facts?.parent == nil } ?? other
            for lock in state.locks {
                if let holder = held.updateValue(first, forKey: lock), holder != first {
                    broken.append("\(id): two runs hold \(lock)")
                }
            }
        }
    }

    /// What is not retry_safe and has no `retry` happens once, however often the driver dies.
    private mutating func checkExecutions(_ id: String) {
        for path in ["once", "once-more", "undo.once", "merge", "produce", "undo.produce"]
        where executions["\(id)/\(path)", default: 0] > 1 {
            broken.append("\(id): \(path) happened \(executions["\(id)/\(path)", default: 0]) times")
        }
    }

    mutating func checkLimits(_ run: Run) {
        if admissions.count(where: { stamp.since($0) < Self.actionLimit.per }) > Self.actionLimit.count {
            broken.append("\(run.scope): the host's budget is exceeded")
        }
        let limits = run.state.definition.limits
        let acted = (records[run.scope] ?? []).count {
            $0.admitted.map { stamp.since($0) < limits.attempts.per } ?? false
        }
        if acted > limits.attempts.count { broken.append("\(run.scope): too many attempts") }
    }

    /// Resolved means: the condition was seen to hold, for its time, after the last result.
    mutating func checkProof(_ id: String) {
        guard let run = runs[id], run.state.end?.kind == .resolved, let verify = run.state.definition.verify else {
            return
        }
        var since: Stamp?
        for (event, stamp) in run.history {
            switch event {
            case .watched("verify", let holds, _, _): since = holds ? since ?? stamp : nil
            case .result, .probed, .restarted: since = nil
            default: break
            }
        }
        guard let since, case .literal(let holdsFor) = verify.holdsFor, stamp.since(since) >= holdsFor else {
            broken.append("\(id): resolved without proof")
            return
        }
    }
}
