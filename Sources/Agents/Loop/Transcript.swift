public import Model
import Text

/// Where an agent's exchanges are kept: `append` returns once the exchange would survive a crash.
public protocol TranscriptStore: Sendable {
    /// All of this agent's, in order.
    func exchanges() async throws -> [Exchange]
    func append(_ exchange: Exchange) async throws
}

/// One request, its reply, and what the loop made of it. Stored before the loop goes on.
public struct Exchange: Sendable, Hashable, Codable {
    /// From 1.
    public var number: Int
    /// When the request was sent.
    public var at: Stamp
    /// Until the last tool had answered.
    public var took: Duration
    public var model: String
    /// The digest of the whole request but its timeout.
    public var request: String
    /// How the conversation began; in the first exchange only. What later requests add is `answers` and `note`.
    public var opening: Opening?
    public var reply: ModelReply
    /// In the order of the calls.
    public var answers: [Answer]
    /// What the loop says to the model besides the answers.
    public var note: String?
    public var complaints: [Complaint]
    public var cost: Money
    /// In the last exchange only; an end that comes without a reply is in no transcript.
    public var end: AgentEnd?

    /// A call of the reply, and what it was answered.
    public struct Answer: Sendable, Hashable, Codable {
        public var call: String
        public var tool: String
        public var answer: ToolAnswer
    }

    /// What was wrong with a reply.
    public struct Complaint: Sendable, Hashable, Codable {
        public enum Kind: String, Sendable, Codable {
            /// Neither a call nor an end.
            case answer
            /// An unknown tool, or arguments that do not fit it.
            case call
            /// A result that does not fit the role's schema.
            case finish
            /// A result that a gate did not let through.
            case gate
        }

        public var kind: Kind
        public var gate: String?
        public var text: String
    }

    init(number: Int, at: Stamp, model: String, request: String, opening: Opening?, reply: ModelReply, cost: Money) {
        self.number = number
        self.at = at
        self.model = model
        self.request = request
        self.opening = opening
        self.reply = reply
        self.cost = cost
        took = .zero
        answers = []
        complaints = []
    }

    mutating func complain(_ kind: Complaint.Kind, _ text: String, gate: String? = nil) {
        complaints.append(Complaint(kind: kind, gate: gate, text: text))
    }

    /// Everything that the model was shown as data under an ID.
    public var shown: [ToolAnswer] { (opening?.material ?? []) + answers.map(\.answer) }
}

/// How a conversation begins: kept with its first exchange, so that it goes on the same whatever has changed meanwhile.
public struct Opening: Sendable, Hashable, Codable {
    public var role: String
    /// The digest of the role's file.
    public var digest: String
    public var system: String
    /// The role's, then `finish`.
    public var tools: [ModelTool]
    /// Whether the model is given the tools, or described them and asked for JSON.
    public var givesTools: Bool
    public var material: [ToolAnswer]
    /// The inputs, marked as data.
    public var task: String
}
