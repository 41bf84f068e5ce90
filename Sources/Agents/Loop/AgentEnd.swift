public import Model

/// How an agent ended.
public enum AgentEnd: Sendable, Hashable, Codable {
    /// The result fits the role's schema, and what it cites exists.
    case finished(JSONValue)
    case failed(AgentFailure)
}

/// Why there is no result: a stable word for programs, and a sentence.
public struct AgentFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    /// The loop's own words; a check of the caller fails under its gate's name.
    public enum Reason: String, Sendable, CaseIterable {
        /// All requests that the role may send are used up.
        case turns
        /// Tokens, money or time are, or the next request could go past them.
        case budget
        /// Too many answers fit neither the role's schema nor a tool's.
        case schema
        /// A claim cites what does not exist or does not say so.
        case citation
        /// The same call again and again.
        case loop
        /// The model or the vendor declines.
        case refusal
        /// The answer was cut off.
        case length
        case malformed
        case unreachable
        case timeout
        case cancelled
    }

    public var reason: String
    public var text: String
    /// What the request took that was under way and is in no exchange; nil where none was, or where nobody knows.
    public var lost: ModelUsage?

    public init(_ reason: Reason, _ text: String) { self.init(gate: reason.rawValue, text) }
    public init(gate: String, _ text: String) {
        reason = gate
        self.text = text
    }

    init(_ error: ModelError) {
        let reason: Reason =
            switch error.kind {
            case .unreachable, .busy: .unreachable
            case .timeout: .timeout
            case .refused: .refusal
            case .malformed: .malformed
            case .cancelled: .cancelled
            }
        self.init(reason, error.message)
        if error.isCounted { lost = error.usage }
    }

    /// `GATE: SENTENCE`
    public var description: String { "\(reason): \(text)" }
}

/// What bounds a loop besides the role's budget.
public struct AgentLimits: Sendable, Hashable {
    /// Tokens of one answer.
    public var outputMax = 8192
    /// Fewer than this are not worth a request.
    public var outputMin = 256
    public var requestTimeout = Duration.seconds(120)
    public var toolTimeout = Duration.seconds(60)
    /// Of a tool's result, after masking.
    public var resultBytes = 16 << 10
    /// Of one input or one piece of material, after masking.
    public var inputBytes = 64 << 10
    public var callsPerTurn = 8
    /// The identical call for this time ends the loop.
    public var repeats = 3
    /// The answer that is no valid `finish` for this time ends the loop; so does, twice as late, an invalid call.
    public var invalid = 3

    public init() {}
}

/// A check of a result by code, after its schema. Its problem goes back to the model once; then the agent fails by its
/// name.
public struct ResultCheck: Sendable {
    /// The gate's name, such as `apply`.
    public var gate: String
    /// A sentence, and below it lines that prove it; nil where the result holds.
    public var problem: @Sendable (JSONValue) async -> String?

    public init(gate: String, problem: @escaping @Sendable (JSONValue) async -> String?) {
        self.gate = gate
        self.problem = problem
    }
}

/// A request before it goes out: at worst it uses `tokensMost`.
public struct AgentAsk: Sendable {
    public var request: ModelRequest
    /// Of the exchange that it is to become.
    public var number: Int
    /// Of the role's budget, this request included.
    public var left: Role.Budget
}

/// Asked before each request: a sentence says why it may not go out.
public typealias BudgetGate = @Sendable (_ ask: AgentAsk) async -> String?

/// What an agent works on.
public struct AgentTask: Sendable {
    /// By the names that the role's prompt speaks of; shown as data, unless the prompt prints them itself.
    public var inputs: [String: JSONValue]
    /// What is known of it, `$incident` in prompts; shown as data, unless the prompt prints of it itself.
    public var incident: JSONValue
    /// Raw text, each piece with a citation ID of its own.
    public var material: [(name: String, text: String)]
    /// What all earlier agent steps of the run were shown.
    public var earlier: Citations

    public init(
        inputs: [String: JSONValue] = [:], incident: JSONValue = .object([:]),
        material: [(name: String, text: String)] = [], earlier: Citations = Citations()
    ) {
        self.inputs = inputs
        self.incident = incident
        self.material = material
        self.earlier = earlier
    }
}
