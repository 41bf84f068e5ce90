public import Model

// The pipeline's kinds of step with all their values in place.

public struct RenderedAgent: Sendable, Codable, Hashable {
    public var role: String
    public var inputs: [String: JSONValue]

    public init(role: String, inputs: [String: JSONValue]) {
        self.role = role
        self.inputs = inputs
    }
}

public struct RenderedRepository: Sendable, Codable, Hashable {
    public enum Action: Sendable, Codable, Hashable {
        /// Result: `{revision, branch}`.
        case checkout
        /// Result: `{files, lines, diff}`.
        case apply(edits: [JSONValue], kind: EditKind)
        /// Result: `{passed, failed, tests, new_tests, output}`.
        case test(expect: TestExpectation, times: Int)
        /// Result: `{commit, branch, files, lines, diff}`.
        case commit(message: String)
    }

    public var project: String
    public var action: Action

    public init(project: String, action: Action) {
        self.project = project
        self.action = action
    }
}

public struct RenderedForge: Sendable, Codable, Hashable {
    public enum Action: Sendable, Codable, Hashable {
        /// Result: `{id, head, base, branch, lines, low_risk}`.
        case open(commit: String, title: String, body: String)
        /// Result: `{commit, by}`.
        case merge(RenderedMerge)
    }

    public var project: String
    public var action: Action

    public init(project: String, action: Action) {
        self.project = project
        self.action = action
    }
}

/// Exactly this head into exactly this base; anything else needs another approval.
public struct RenderedMerge: Sendable, Codable, Hashable {
    public var pr: String
    public var head: String
    public var base: String
    /// What the person who approves is shown.
    public var text: String
    public var expires: Duration
    /// The group that may approve; nil for the settings'.
    public var group: String?
    /// Who approved: persons' names, or the project's policy; nil until then, and then nothing may be merged.
    public var by: String?

    /// In place of a person's name.
    public static let policy = "the project's policy for low risk"

    public init(
        pr: String, head: String, base: String, text: String, expires: Duration, group: String? = nil,
        by: String? = nil
    ) {
        self.pr = pr
        self.head = head
        self.base = base
        self.text = text
        self.expires = expires
        self.group = group
        self.by = by
    }
}

public struct RenderedDeploy: Sendable, Codable, Hashable {
    /// Result: as that of a `run` step.
    public enum Action: Sendable, Codable, Hashable {
        case to(DeployStage, revision: String)
        case test(DeployStage)
        case rollback(DeployStage)
    }

    public var project: String
    public var action: Action

    public init(project: String, action: Action) {
        self.project = project
        self.action = action
    }
}

/// Result: `{run, end, text}`.
public struct RenderedSubrun: Sendable, Codable, Hashable {
    public var name: String
    /// As given; the sub-run's own types decide what they are worth.
    public var parameters: [String: JSONValue]
    /// The name is not the author's but a result's: some agent chose it.
    public var isChosen: Bool

    public init(name: String, parameters: [String: JSONValue], isChosen: Bool = false) {
        self.name = name
        self.parameters = parameters
        self.isChosen = isChosen
    }
}

// What a line of a plan, a timeline or a test says.

extension RenderedRepository {
    var summary: String {
        switch action {
        case .checkout: "repository checkout \(project)"
        case .apply(_, let kind): "repository apply \(kind.rawValue) \(project)"
        case .test(let expect, let times): "repository test \(project) \(expect.rawValue) \(times) of \(times)"
        case .commit: "repository commit \(project)"
        }
    }
}

extension RenderedForge {
    var summary: String {
        switch action {
        case .open: "forge open \(project)"
        case .merge(let merge): "forge merge \(project) \(merge.pr)"
        }
    }
}

extension RenderedDeploy {
    var summary: String {
        switch action {
        case .to(let stage, let revision): "deploy to \(stage.rawValue) \(project) \(revision)"
        case .test(let stage): "deploy test \(stage.rawValue) \(project)"
        case .rollback(let stage): "deploy rollback \(stage.rawValue) \(project)"
        }
    }
}

extension RenderedSubrun {
    var summary: String {
        let values = parameters.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value.argument.quotedWhereNeeded)" }
        return "runbook \(name)\(values.joined())"
    }
}
