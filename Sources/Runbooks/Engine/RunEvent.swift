public import Model

/// Something that happened to a run. The numbered events are its history, and its state is their fold.
///
/// The JSON names are those below and never change: recorded histories must fold for ever.
public enum RunEvent: Sendable, Codable, Hashable {
    case created(RunFacts)
    /// What the guards said before the first step.
    case guarded(GuardVerdict)
    /// What the run waits for may be free by now, or what a person was shown may have changed.
    case unblocked
    /// The effect is about to be performed; from here on it may have happened.
    case started(key: EffectKey, boot: String?, invocationBefore: String?)
    /// How the effect ended. Without a `started` before it nothing happened.
    case result(key: EffectKey, outcome: Outcome)
    /// What is known of an effect whose result was lost.
    case probed(key: EffectKey, answer: Probed)
    /// The state's timer is due.
    case timer(RunTimer.Name)
    /// A watch's condition as it is now; told when it changes, and when it has held for long enough.
    case watched(path: String, holds: Bool, detail: String, samples: Int)
    /// A person's word; `remaining` is the executor's count of approvals still missing, where an executor counts.
    case approved(path: String, plan: String, by: Approver, remaining: Int?)
    case rejected(path: String, by: Approver, why: String)
    /// Another incident about the same target is this run's affair from now on.
    case joined(incident: String)
    /// Whether an incident's signal still stands.
    case signal(incident: String, stands: Bool)
    case halted(by: String, why: String)
    /// Whoever began the run, or a person, wants no more of it.
    case withdrawn(by: String, why: String)
    /// The driver began anew, this long after it was last seen alive.
    case restarted(downtime: Duration)
    /// The engine itself could not go on with the run.
    case broken(String)
}

/// What is known of a run when it is created.
public struct RunFacts: Sendable, Codable, Hashable {
    public var id: String
    public var runbook: String
    public var digest: String
    /// The incident's ID.
    public var incident: String
    public var fingerprint: String
    public var labels: Labels
    public var binding: Binding
    /// The stricter of the runbook's and the settings' mode.
    public var mode: Mode
    /// What lock, cooldown and attempts are kept by; the incident's fingerprint where the runbook has no target.
    public var target: String
    /// Counts the runs of this runbook for this incident, from 1.
    public var occurrence: Int
    public var directory: String
    /// The step of another run that began this one; nil where an incident, an escalation or a person did.
    public var parent: EffectKey?
    /// How deep it is among runs that begin each other; nil for the first, which is 1.
    public var depth: Int?
    /// What is known of the incident's project, as its settings were: `$project`.
    public var project: JSONValue?

    public init(
        id: String, runbook: String, digest: String, incident: String, fingerprint: String, labels: Labels,
        binding: Binding, mode: Mode, target: String, occurrence: Int, directory: String, parent: EffectKey? = nil,
        depth: Int? = nil, project: JSONValue? = nil
    ) {
        self.id = id
        self.runbook = runbook
        self.digest = digest
        self.incident = incident
        self.fingerprint = fingerprint
        self.labels = labels
        self.binding = binding
        self.mode = mode
        self.target = target
        self.occurrence = occurrence
        self.directory = directory
        self.parent = parent
        self.depth = depth
        self.project = project
    }

    public var parameters: Parameters {
        if case .bound(let parameters) = binding { parameters } else { Parameters() }
    }

    public var context: RunContext {
        RunContext(id: id, runbook: runbook, target: target, directory: directory, incident: incident)
    }
}

/// What a probe says of an effect.
public enum Probed: Sendable, Codable, Hashable {
    case running
    case result(Outcome)
    /// It never began and never will under this key.
    case void
    /// It began, and how it ended cannot be known; with what is known.
    case unknown(String)
}

/// Who approved or rejected.
public struct Approver: Sendable, Codable, Hashable {
    public var name: String
    public var uid: UInt32

    public init(name: String, uid: UInt32) {
        self.name = name
        self.uid = uid
    }
}

/// What a person is asked, and what their word is bound to.
public struct ApprovalRequest: Sendable, Codable, Hashable {
    /// `run` for the run itself, else the path of an `approve` step or of a merge.
    public var path: String
    /// The hash of what is shown; an approval of anything else is none.
    public var plan: String
    public var text: String
    public var needs: Int
    /// The group that may approve; nil for the settings'.
    public var by: String?
    public var expires: Duration

    public init(path: String, plan: String, text: String, needs: Int, by: String? = nil, expires: Duration) {
        self.path = path
        self.plan = plan
        self.text = text
        self.needs = needs
        self.by = by
        self.expires = expires
    }
}
