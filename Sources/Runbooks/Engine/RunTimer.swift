public import Model

/// The one point in time that a run waits for, derived from its state; an overdue one fires at once.
public struct RunTimer: Sendable, Hashable {
    public enum Name: String, Sendable, Codable, CaseIterable {
        case lock, approval, timeout, overdue, retry, wait, check, verify
    }

    public let name: Name
    public let since: Stamp
    public let after: Duration

    /// By the boot clock within a boot, by the wall clock across boots.
    public func remaining(at now: Stamp) -> Duration { max(.zero, after - now.since(since)) }
    public func isDue(at now: Stamp) -> Bool { now.since(since) >= after }
}

/// The bounds that no runbook sets.
public enum RunBounds {
    /// How long a run waits for another's lock.
    public static let lockWait = Duration.seconds(600)
    /// How often, and how many times, an effect past its timeout is asked after.
    public static let overduePause = Duration.seconds(60)
    public static let overdueRounds = 10
    /// How many attempts a step gets beyond its `retry` because earlier ones were unknown or never began.
    public static let repeats = 3
    /// How long an executor may be out of reach before a probe counts as unknown.
    public static let probePatience = Duration.seconds(60)
    /// Characters of what `escalate.show` adds to a reason.
    public static let shownMax = 1000
}

extension RunState {
    public var timer: RunTimer? {
        switch phase {
        case .waiting(_, _, let since): RunTimer(name: .lock, since: since, after: RunBounds.lockWait)
        case .awaitingApproval(let request, let since):
            RunTimer(name: .approval, since: since, after: request.expires)
        case .verifying(let watch): RunTimer(name: .verify, since: watch.since, after: watch.within)
        case .step(let attempt): attemptTimer(attempt)
        case .new, .guarding, .ended: nil
        }
    }

    private func attemptTimer(_ attempt: Attempt) -> RunTimer? {
        switch attempt.status {
        case .intended: nil
        case .started(let since, _): RunTimer(name: .timeout, since: since, after: timeout(of: attempt))
        case .overdue(let since, _): RunTimer(name: .overdue, since: since, after: RunBounds.overduePause)
        case .pausing(let since, let pause): RunTimer(name: .retry, since: since, after: pause)
        case .waiting(let since): RunTimer(name: .wait, since: since, after: timeout(of: attempt))
        case .watching(let watch): RunTimer(name: .check, since: watch.since, after: watch.within)
        case .asking(let request, let since): RunTimer(name: .approval, since: since, after: request.expires)
        }
    }

    func timeout(of attempt: Attempt) -> Duration {
        let step = definition.steps[attempt.index]
        return attempt.isUndo ? step.undo?.timeout ?? step.timeout : step.timeout
    }
}
