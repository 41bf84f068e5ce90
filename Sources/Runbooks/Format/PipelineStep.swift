public import Text

// The kinds of step that the development pipeline is made of, as written.

/// A role of the agents, given what earlier steps found out.
public struct AgentStep: Sendable {
    /// Names a file `runbooks/roles/ROLE.md`.
    public let role: String
    /// What its prompt reads as `$inputs.NAME`, in the order in which they were written.
    public let inputs: [(name: String, value: Pipeline)]
}

/// Work on a project's repository, in a worktree of the run's own.
public struct RepositoryStep: Sendable {
    public enum Action: Sendable {
        case checkout
        case apply(edits: Pipeline, kind: EditKind)
        case test(expect: TestExpectation, times: Int)
        case commit(message: Template)
    }

    public let project: Template
    public let action: Action
}

/// Which gates edits have to pass.
public enum EditKind: String, Sendable, Codable, CaseIterable {
    case test, fix
}

/// What the new tests must do each time.
public enum TestExpectation: String, Sendable, Codable, CaseIterable {
    case fails, passes
}

/// Work at the place where changes are asked for and merged.
public struct ForgeStep: Sendable {
    public enum Action: Sendable {
        case open(commit: Template, title: Template, body: Template)
        case merge(MergeStep)
    }

    public let project: Template
    public let action: Action
}

/// A merge that asks a person first.
public struct MergeStep: Sendable {
    /// The ID that a `forge: open` step of the same run gave.
    public let pr: Template
    /// How long it waits for the person.
    public let expires: Duration
    /// A group of the host; nil for the settings' approvers.
    public let by: String?
    public let show: Template?
    /// Where this is true the project's own policy stands for the person; it can only be what the forge says of the change.
    public let policy: Pipeline?
}

/// A command of an installed project.
public struct DeployStep: Sendable {
    public enum Action: Sendable {
        case to(DeployStage, revision: Template)
        case test(DeployStage)
        case rollback(DeployStage)
    }

    public let project: Template
    public let action: Action
}

public enum DeployStage: String, Sendable, Codable, CaseIterable {
    case staging, production
}

/// Another runbook, as a run of its own.
public struct SubrunStep: Sendable {
    public enum Given: Sendable {
        case each([(name: String, value: Template)])
        /// An expression that gives an object.
        case all(Pipeline)
    }

    public let name: Template
    public let parameters: Given
}

extension RepositoryStep.Action {
    var word: String {
        switch self {
        case .checkout: "checkout"
        case .apply(_, let kind): "apply \(kind.rawValue)"
        case .test: "test"
        case .commit: "commit"
        }
    }
}

extension ForgeStep.Action {
    var word: String { if case .open = self { "open" } else { "merge when approved" } }
}
