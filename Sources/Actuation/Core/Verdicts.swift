import Model
import Runbooks

/// What systemd's words mean for a step. Pure.
enum Verdicts {
    /// `jobEnd`: how the step's own job ended; nil where nobody heard it, and then the unit must tell.
    static func systemd(
        _ verb: SystemdVerb, before: Action.Before, now: UnitState, job: UnitJob?, jobEnd: String?
    ) -> Finding {
        guard let jobEnd else { return unheard(verb, before, now) }
        switch jobEnd {
        case "done": return .ended(.done(result(before, now, job, jobEnd)))
        case "timeout": return .ended(.timedOut)
        case "failed" where now.result == "timeout": return .ended(.timedOut)
        case "failed":
            let status = now.exitCode == 0 ? "" : ", \(exit(now))"
            return .ended(.failed("\(verb.rawValue) of \(now.id) failed: \(now.result)\(status)"))
        case "canceled":
            return .ended(
                .failed("the job was cancelled, or another one took its place; \(now.id) is \(now.activeState)"))
        default: return .ended(.failed("the job ended as \(jobEnd); \(now.id) is \(now.activeState)"))
        }
    }

    /// The process that asked for the job died, or lost the bus, before it heard the end.
    private static func unheard(_ verb: SystemdVerb, _ before: Action.Before, _ now: UnitState) -> Finding {
        if now.job != 0 { return .running(UnitJob(id: now.job)) }
        let isSame = now.invocationID == before.invocation
        let done = Finding.ended(.done(result(before, now, nil, "unheard")))
        switch verb {
        case .start, .restart:
            if isSame { return .neverBegan }
            switch now.activeState {
            case "active": return done
            case "failed": return .ended(.failed("\(now.id) began anew and failed: \(now.result)"))
            case "inactive":
                return now.result == "success" ? done : .ended(.failed("\(now.id) is inactive: \(now.result)"))
            default: return .running(nil)
            }
        case .stop:
            switch now.activeState {
            case "inactive", "failed": return before.activeState == now.activeState ? .neverBegan : done
            case "deactivating": return .running(nil)
            default:
                return isSame
                    ? .neverBegan : .ended(.unknown("\(now.id) was started anew, by whom cannot be told"))
            }
        case .resetFailed:
            if before.activeState == "failed", now.activeState != "failed" { return done }
            return isSame && before.activeState == now.activeState
                ? .neverBegan : .ended(.unknown("\(now.id) is \(now.activeState)"))
        case .reload:
            if now.activeState == "reloading" { return .running(nil) }
            return .ended(.unknown("whether \(now.id) was reloaded cannot be told"))
        }
    }

    private static func result(
        _ before: Action.Before, _ now: UnitState, _ job: UnitJob?, _ jobEnd: String
    ) -> JSONValue {
        [
            "job": .number(Double(job?.id ?? 0)), "job_result": .string(jobEnd),
            "active_state": .string(now.activeState),
            "invocation_before": .string(before.invocation), "invocation_after": .string(now.invocationID),
        ]
    }

    /// `hasBegun`: systemd ran the unit once in this boot.
    static func run(_ now: UnitState, hasBegun: Bool, isCancelled: Bool) -> Finding {
        if now.job != 0 { return .running(UnitJob(id: now.job)) }
        switch now.activeState {
        case "active": return .ended(.done(result(now)))
        case "failed" where isCancelled: return .ended(.cancelled("it was stopped: \(exit(now))"))
        case "failed" where now.result == "timeout": return .ended(.timedOut)
        case "failed": return .ended(.failed(exit(now)))
        case "activating", "deactivating", "reloading": return .running(nil)
        default: break
        }
        if !hasBegun { return isCancelled ? .ended(.cancelled("it was stopped before it began")) : .neverBegan }
        if isCancelled { return .ended(.cancelled("it was stopped")) }
        return .ended(.unknown("it began, and its unit is gone: somebody else stopped it"))
    }

    private static func result(_ now: UnitState) -> JSONValue {
        [
            "exit": .number(Double(now.exitCode == 1 ? now.exitStatus : 0)),
            "signal": .number(Double(now.exitCode > 1 ? now.exitStatus : 0)), "result": .string(now.result),
            "invocation": .string(now.invocationID), "unit": .string(now.id),
        ]
    }

    /// How a main process ended, in words.
    static func exit(_ state: UnitState) -> String {
        switch (state.exitCode, state.exitStatus) {
        case (1, 203): "its program could not be started (203/EXEC)"
        case (1, 217): "its user does not exist (217/USER)"
        case (1, let status): "it exited with status \(status)"
        case (2, let signal), (3, let signal): "it was killed by signal \(signal)"
        default: state.result.isEmpty ? "it failed" : state.result
        }
    }
}
