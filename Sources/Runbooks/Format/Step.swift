public import Model
public import Text

/// One step of a runbook, as written.
public struct Step: Sendable {
    /// Unique in the runbook; outside groups also the step's path.
    public let name: String
    public let place: SourcePlace
    public let kind: StepKind
    public let timeout: Duration
    public let retry: Retry
    /// Whether it may run again when its outcome is unknown.
    public let retrySafe: Bool
    public let onError: OnError
    public let probe: StepProbe?
    public let undo: Undo?
    /// The step is skipped where this is not true.
    public let condition: Pipeline?
}

/// What a step does.
public enum StepKind: Sendable {
    case systemd(SystemdVerb, unit: UnitReference)
    case run(RunStep)
    case http(HTTPStep)
    case wait(Duration)
    case check(ExpressionTemplate)
    case approve(ApproveStep)
    case notify(NotifyStep)
    case agent(AgentStep)
    case repository(RepositoryStep)
    case forge(ForgeStep)
    case deploy(DeployStep)
    case runbook(SubrunStep)

    public var word: String {
        switch self {
        case .systemd: "systemd"
        case .run: "run"
        case .http: "http"
        case .wait: "wait"
        case .check: "check"
        case .approve: "approve"
        case .notify: "notify"
        case .agent: "agent"
        case .repository: "repository"
        case .forge: "forge"
        case .deploy: "deploy"
        case .runbook: "runbook"
        }
    }

    /// Whether it changes something outside Nightshift: what needs proof, and what can be taken back.
    public var acts: Bool {
        switch self {
        case .systemd, .run, .deploy, .runbook: true
        case .http(let step): !step.isSafe
        case .forge(let step): if case .merge = step.action { true } else { false }
        case .wait, .check, .approve, .notify, .agent, .repository: false
        }
    }

    /// Whether something came of it that a person should hear of when the run ends, though the host is as it was.
    var isWork: Bool {
        switch self {
        case .agent, .repository, .forge: true
        default: false
        }
    }

    /// Whether its own result is the proof: a test that passed, a sub-run that was proven, a merge that was asked for.
    var isProof: Bool {
        switch self {
        case .runbook: true
        case .deploy(let step): if case .test = step.action { true } else { false }
        case .forge(let step): if case .merge = step.action { true } else { false }
        default: false
        }
    }

    /// Begins the sentence of its failure where the project's staging is the gate: `staging: `.
    var gate: String {
        guard case .deploy(let step) = self else { return "" }
        switch step.action {
        case .to(.staging, _), .test(.staging): return "staging: "
        default: return ""
        }
    }

    /// Whether the helper performs it, not the core.
    public var isExecutors: Bool {
        switch self {
        case .systemd, .run, .deploy: true
        default: false
        }
    }
}

/// What systemd is asked to do with a unit.
public enum SystemdVerb: String, Sendable, Codable, CaseIterable {
    case start, stop, restart, reload
    case resetFailed = "reset-failed"

    /// Whether doing it twice is as good as once.
    public var isRetrySafe: Bool { self == .start || self == .stop || self == .restart }
}

/// A unit that a step names: a parameter's value, or one that the author wrote down.
public enum UnitReference: Sendable, Hashable {
    case parameter(String)
    case literal(String)
}

/// A program and its arguments, never a shell line; the program itself is never a template.
public struct RunStep: Sendable {
    /// A list parameter standing alone gives one argument for each of its items.
    public let arguments: [Template]
    /// Nightshift's own unprivileged user otherwise.
    public let asRoot: Bool
}

/// A request that the core itself sends.
public struct HTTPStep: Sendable {
    public let method: String
    public let url: Template
    public let headers: [(name: String, value: Template)]
    public let body: Template?
    public let expect: Expectation

    /// Which answers count as done.
    public struct Expectation: Sendable, Hashable, Codable {
        /// Empty for any status from 200 to 299.
        public let statuses: [Int]
        /// RE2, somewhere in the body.
        public let pattern: String?

        public init(statuses: [Int] = [], pattern: String? = nil) {
            self.statuses = statuses
            self.pattern = pattern
        }
    }

    /// A method that by its definition changes nothing.
    public var isSafe: Bool { method == "GET" || method == "HEAD" }
}

/// A person's decision in the middle of a run.
public struct ApproveStep: Sendable {
    /// A group of the host; nil for the settings' approvers.
    public let by: String?
    public let expires: Duration
    public let show: Template
}

/// A message to a receiver of the settings.
public struct NotifyStep: Sendable {
    public let to: String
    public let text: Template
}

/// How often a failed step is tried, the first time included, and the pause before the second (then doubled, to 5 min).
public struct Retry: Sendable, Hashable {
    public let attempts: Int
    public let backoff: Duration

    public static let once = Retry(attempts: 1, backoff: .zero)

    /// The pause before an attempt; attempts count from 1.
    public func pause(before attempt: Int) -> Duration {
        guard attempt > 1 else { return .zero }
        return min(backoff * (1 << min(attempt - 2, 20)), max(backoff, .seconds(300)))
    }
}

/// What follows when a step did not end as done.
public enum OnError: String, Sendable, CaseIterable {
    /// The steps end here, and `otherwise` follows.
    case stop
    case `continue`
    /// As `stop`, but what was done is taken back even where `otherwise` does not say so.
    case undo
}

/// How to find out what became of a step whose outcome is unknown.
public enum StepProbe: Sendable {
    /// Holds: done. Does not hold: failed.
    case expr(ExpressionTemplate)
    /// Active: done. Failed: failed.
    case unit(UnitReference)
    /// Answers as expected: done. Answers otherwise: failed.
    case http(HTTPStep)
}

/// How to take a step back: a systemd, run, http or deploy step.
public struct Undo: Sendable {
    public let kind: StepKind
    public let timeout: Duration
}
