public import Model
public import Text

/// What templates read as `$run`.
public struct RunContext: Sendable, Codable, Hashable {
    public var id: String
    public var runbook: String
    /// The target parameter's value as text; empty where the runbook has none.
    public var target: String
    /// A directory of the run's own, that its `run` steps may write to.
    public var directory: String
    /// The incident's ID; empty where the renderer does not know it (the helper), so steps that act cannot read it.
    public var incident: String

    public init(id: String, runbook: String, target: String, directory: String, incident: String = "") {
        self.id = id
        self.runbook = runbook
        self.target = target
        self.directory = directory
        self.incident = incident
    }

    /// What the helper knows too.
    static let executorKeys = ["id", "runbook", "target", "directory"]
    static let keys = executorKeys + ["incident"]

    var value: JSONValue {
        [
            "id": .string(id), "runbook": .string(runbook), "target": .string(target),
            "directory": .string(directory), "incident": .string(incident),
        ]
    }
}

extension TemplateScope {
    /// What a step's templates read.
    ///
    /// `results` are those of earlier steps by name, each `{"outcome": WORD, "result": {…}}`. A name that is not
    /// there is an error, so a step that reads the result of a skipped one fails.
    /// `project` is what the run knows of its project, an object.
    public init(
        parameters: Parameters, run: RunContext, labels: Labels = Labels(), results: [String: JSONValue] = [:],
        project: JSONValue? = nil
    ) {
        self.init(
            variables: [
                "params": .object(parameters.values), "run": run.value, "steps": .object(results),
                "labels": .object(labels.dictionary.mapValues { .string($0) }),
            ],
            dot: .null, missing: .error)
        if let project { variables["project"] = project }
    }
}
