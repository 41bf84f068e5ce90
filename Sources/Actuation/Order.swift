public import Model
public import Runbooks

/// What the core asks for: a run of an installed runbook with these parameters; the step is in the effect's key.
public struct Order: Hashable, Sendable, Codable {
    public var run: String
    public var runbook: String
    /// The digest of the installed copy's text.
    public var digest: String
    public var parameters: Parameters

    public init(run: String, runbook: String, digest: String, parameters: Parameters) {
        self.run = run
        self.runbook = runbook
        self.digest = digest
        self.parameters = parameters
    }
}

/// A run that waits for people, as the executor itself renders it.
public struct Proposal: Hashable, Sendable, Codable {
    /// Binds run, digest, parameters, the rendered effects and the target's InvocationID.
    public var planHash: String
    public var text: String
    /// Approvals that are still missing; 0 when none is needed.
    public var needs: Int
    /// When the approvals lapse unless the run has begun; nil when none is needed.
    public var expires: Timestamp?
    /// Who has approved so far.
    public var approvedBy: [Person]

    public init(planHash: String, text: String, needs: Int, expires: Timestamp?, approvedBy: [Person]) {
        self.planHash = planHash
        self.text = text
        self.needs = needs
        self.expires = expires
        self.approvedBy = approvedBy
    }
}

public enum ProposalAnswer: Hashable, Sendable, Codable {
    case proposed(Proposal)
    case refused(guard: String, text: String)
}

public enum Acceptance: Hashable, Sendable, Codable {
    /// The boot under which the step began, and the unit's InvocationID before it (nil for `run` steps).
    case accepted(boot: String, invocationBefore: String?)
    case refused(guard: String, text: String)
}

public enum ProbeAnswer: Hashable, Sendable, Codable {
    case running
    case result(Outcome)
    /// It never began, and from now on it is certain that this key never acts.
    case void
    /// It began, and how it ended cannot be known; with what is known.
    case unknown(String)
}
