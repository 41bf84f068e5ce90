public import Model

/// A language model behind some vendor's wire format.
public protocol ModelClient: Sendable {
    /// The vendor's word for the model, as transcripts and prices name it.
    var model: String { get }
    /// Whether the model can be given tools; otherwise the loop asks for JSON under a schema.
    var hasTools: Bool { get }

    /// Sends one request, once: whoever calls decides about another try.
    ///
    /// - Parameter onText: receives text as it arrives, in order; the reply repeats all of it.
    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply
}

/// What a model is asked: a conversation, the tools that it may call, and the shape that an answer in text must have.
public struct ModelRequest: Sendable, Hashable, Codable {
    public var system: String
    public var messages: [ModelMessage]
    public var tools: [ModelTool]
    /// A JSON schema for the text of the answer; nil for free text.
    public var schema: JSONValue?
    /// Tokens that the answer may have.
    public var outputMax: Int
    public var timeout: Duration

    public init(
        system: String, messages: [ModelMessage], tools: [ModelTool] = [], schema: JSONValue? = nil,
        outputMax: Int = 4096, timeout: Duration = .seconds(120)
    ) {
        self.system = system
        self.messages = messages
        self.tools = tools
        self.schema = schema
        self.outputMax = outputMax
        self.timeout = timeout
    }
}

public struct ModelMessage: Sendable, Hashable, Codable {
    public enum Speaker: String, Sendable, Codable {
        case user, assistant
    }

    public var speaker: Speaker
    public var parts: [ModelPart]

    public init(_ speaker: Speaker, _ parts: [ModelPart]) {
        self.speaker = speaker
        self.parts = parts
    }
}

/// A piece of a message.
public enum ModelPart: Sendable, Hashable, Codable {
    case text(String)
    /// The model wants a tool called; `id` ties the result to the call.
    ///
    /// The arguments are an object, or text where the model wrote something else than a JSON object.
    case call(id: String, tool: String, arguments: JSONValue)
    case result(id: String, text: String, isError: Bool)
    /// What only the vendor understands, such as signed thinking: sent back unchanged and in its place, or the vendor
    /// refuses what follows.
    case vendor(JSONValue)
}

public struct ModelTool: Sendable, Hashable, Codable {
    public var name: String
    public var description: String
    /// A JSON schema of the arguments: an object.
    public var schema: JSONValue

    public init(name: String, description: String, schema: JSONValue) {
        self.name = name
        self.description = description
        self.schema = schema
    }
}

/// A model's whole answer.
public struct ModelReply: Sendable, Hashable, Codable {
    public enum Stop: Sendable, Hashable, Codable {
        /// It said all that it wanted.
        case end
        case calls
        /// The answer was cut off at `outputMax` or at the model's own limit.
        case length
        /// The model or the vendor declines to answer.
        case refusal
        case other(String)
    }

    /// Text and calls, in order.
    public var parts: [ModelPart]
    public var stop: Stop
    public var usage: ModelUsage

    public init(parts: [ModelPart], stop: Stop, usage: ModelUsage) {
        self.parts = parts
        self.stop = stop
        self.usage = usage
    }

    public var text: String { parts.compactMap { if case .text(let text) = $0 { text } else { nil } }.joined() }
}

/// Tokens as the vendor counts them.
public struct ModelUsage: Sendable, Hashable, Codable {
    /// Read anew, without what came from a cache.
    public var input: Int
    public var output: Int
    public var cacheRead: Int
    public var cacheWritten: Int

    public init(input: Int = 0, output: Int = 0, cacheRead: Int = 0, cacheWritten: Int = 0) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWritten = cacheWritten
    }

    public var total: Int { [input, output, cacheRead, cacheWritten].reduce(0, Self.sum) }

    public static func + (left: ModelUsage, right: ModelUsage) -> ModelUsage {
        ModelUsage(
            input: sum(left.input, right.input), output: sum(left.output, right.output),
            cacheRead: sum(left.cacheRead, right.cacheRead), cacheWritten: sum(left.cacheWritten, right.cacheWritten))
    }

    /// A vendor's count is a stranger's number: it must stop a request, never this process. One below zero is none.
    public static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflow) = max(0, left).addingReportingOverflow(max(0, right))
        return overflow ? .max : sum
    }
}

/// Why there is no answer.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable, Codable {
        /// Nobody answered, or the answer broke off.
        case unreachable
        case timeout
        /// Too many requests, or the vendor is overloaded: worth another try after a pause.
        case busy
        /// The vendor will not take this request: wrong key, unknown model, too long, not allowed.
        case refused
        /// The answer is not what the vendor's published format says.
        case malformed
        case cancelled
    }

    public var kind: Kind
    public var message: String
    /// When to try again, as the vendor says.
    public var retryAfter: Duration?
    /// What the vendor had counted before the answer broke off, and so may bill.
    public var usage: ModelUsage

    public init(_ kind: Kind, _ message: String, retryAfter: Duration? = nil, usage: ModelUsage = ModelUsage()) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
        self.usage = usage
    }

    public var description: String { message }
    /// Whether the same request may succeed later.
    public var isTransient: Bool { kind == .unreachable || kind == .timeout || kind == .busy }
    /// Whether `usage` is what it cost: a vendor that did not answer, or whose answer nobody understood, may have counted.
    public var isCounted: Bool { usage.total > 0 || [.unreachable, .busy, .refused].contains(kind) }
}
