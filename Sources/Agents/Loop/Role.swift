import Model
public import Text

/// What an agent is: a prompt, the tools it may use, the shape of its result, and what it may spend. Data, no code.
public struct Role: Sendable, Hashable {
    /// Raw text that is given to a role at once.
    public enum Material: String, Sendable, Hashable, CaseIterable {
        case journal
    }

    /// What one conversation of the role may use, each a limit that is never passed.
    public struct Budget: Sendable, Hashable, Codable {
        /// Requests to the model.
        public var turns: Int
        /// All of a request's and a reply's, cached ones too.
        public var tokens: Int
        public var cost: Money
        /// Time at work, without that between a stop of ours and the next start.
        public var wall: Duration

        public init(turns: Int, tokens: Int, cost: Money, wall: Duration) {
            self.turns = turns
            self.tokens = tokens
            self.cost = cost
            self.wall = wall
        }
    }

    public let name: String
    public let description: String
    /// Names, in the order in which the model is told of them.
    public let tools: [String]
    public let material: [Material]
    /// Of a standard budget of the incident; `Role.Budget.part` says what it is of another.
    public var budget: Budget
    public let result: JSONSchema
    /// May read `$inputs` and `$incident`.
    public let prompt: Template
    /// Of the whole file, so that a transcript says by which words it came about.
    public let digest: String

    /// What a prompt may read.
    static let variables = ["inputs", "incident"]
    /// The loop's own tool, by which alone a role ends.
    static let finish = "finish"

    var readsIncident: Bool { prompt.references.contains { $0.first == "incident" } }

    /// The inputs that the prompt prints itself.
    public var inputsRead: Set<String> {
        Set(prompt.references.filter { $0.first == "inputs" && $0.count > 1 }.map { $0[1] })
    }
}
