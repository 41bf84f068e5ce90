import Model
import Synchronization
import Text

@testable import Agents

/// What a scripted model does with one request.
enum Move: Sendable {
    case call(String, JSONValue)
    case calls([(String, JSONValue)])
    case text(String)
    case stop(ModelReply.Stop, String)
    case fails(ModelError)
    /// No call, counted like this.
    case wild(ModelUsage)

    static func finish(_ result: JSONValue) -> Move { .call("finish", result) }

    /// As a model with tools answers, or as one that was asked for JSON.
    func reply(_ number: Int, tools: Bool) throws(ModelError) -> ModelReply {
        let usage = ModelUsage(input: 100, output: 10)
        switch self {
        case .call(let tool, let arguments):
            let json: JSONValue = ["tool": .string(tool), "arguments": arguments]
            return tools
                ? try Move.calls([(tool, arguments)]).reply(number, tools: true)
                : ModelReply(parts: [.text(json.text)], stop: .end, usage: usage)
        case .calls(let calls):
            let parts = calls.enumerated().map { index, call in
                ModelPart.call(id: "call-\(number)-\(index)", tool: call.0, arguments: call.1)
            }
            return ModelReply(parts: parts, stop: .calls, usage: usage)
        case .text(let text): return ModelReply(parts: [.text(text)], stop: .end, usage: usage)
        case .stop(let stop, let text): return ModelReply(parts: [.text(text)], stop: stop, usage: usage)
        case .wild(let usage): return ModelReply(parts: [.text("hm")], stop: .end, usage: usage)
        case .fails(let error): throw error
        }
    }
}

/// A model that plays a script, by the length of the conversation: the nth request gets the nth move.
final class ScriptedClient: ModelClient {
    let model = "scripted"
    let hasTools: Bool
    private let moves: [Move]
    private let sent = Mutex<[ModelRequest]>([])

    init(_ moves: [Move], hasTools: Bool = true) {
        self.moves = moves
        self.hasTools = hasTools
    }

    var requests: [ModelRequest] { sent.withLock { $0 } }

    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply {
        sent.withLock { $0.append(request) }
        let number = request.messages.count { $0.speaker == .assistant }
        guard moves.indices.contains(number) else { throw ModelError(.refused, "the script ends here") }
        let reply = try moves[number].reply(number, tools: hasTools)
        onText(reply.text)
        return reply
    }
}

/// A transcript in memory; it can die right after it has stored an exchange, as a process does.
final class MemoryTranscript: TranscriptStore {
    struct Died: Error {}

    private let stored: Mutex<[Exchange]>
    private let dieAfter: Int?

    init(_ exchanges: [Exchange] = [], dieAfter: Int? = nil) {
        stored = Mutex(exchanges)
        self.dieAfter = dieAfter
    }

    var all: [Exchange] { stored.withLock { $0 } }

    func exchanges() async throws -> [Exchange] { all }
    func append(_ exchange: Exchange) async throws {
        let count = stored.withLock { stored in
            stored.append(exchange)
            return stored.count
        }
        if count == dieAfter { throw Died() }
    }
}

/// Time that passes only when somebody looks at it; nobody's sleep ends but by being cancelled.
func testClock(step: Duration = .zero) -> HostClock {
    let elapsed = AtomicDuration()
    return HostClock(
        now: {
            let time = elapsed.add(step)
            return Stamp(wall: Timestamp(seconds: 1_000_000) + time, bootID: "b", sinceBoot: time)
        },
        sleep: { _ in try await untilCancelled() })
}

/// Ends by CancellationError, and only so.
func untilCancelled() async throws {
    let (stream, _) = AsyncStream<Never>.makeStream()
    for await _ in stream {}
    try Task.checkCancellation()
}

final class AtomicDuration: Sendable {
    private let value = Mutex(Duration.zero)
    func add(_ more: Duration) -> Duration {
        value.withLock {
            $0 += more
            return $0
        }
    }
}

/// One agent with all that it needs, for a test to change what it is about.
struct Stage {
    static let roleText = """
        ---
        role: detective
        description: Finds out.
        tools: [lookup, shout]
        budget: {turns: 8, tokens: 100000, cost: 1 USD, wall: 10m}
        result:
          type: object
          additionalProperties: false
          required: [answer, citations]
          properties:
            answer: {type: string, minLength: 1}
            citations:
              type: array
              items: {type: object, required: [id, quote], properties: {id: {type: string}, quote: {type: string}}}
        ---
        Find out what happened to {{ $incident.id }}.
        """

    var roleText = Stage.roleText
    var hasTools = true
    var clock = testClock()
    var limits = AgentLimits()
    var prices = Prices(input: Money(microdollars: 1_000_000), output: Money(microdollars: 5_000_000))
    var gate: BudgetGate = { _ in nil }
    var checks: [ResultCheck] = []
    var tools = Stage.tools
    var task = AgentTask(inputs: ["facts": ["disk": "full"]], incident: ["id": "I-7"])
    var mask: @Sendable (String) -> String = { $0.replacing("hunter2", with: "[masked]") }

    static let lookup = AgentTool(
        name: "lookup", description: "Looks a thing up.",
        schema: schema(["type": "object", "required": ["of"], "properties": ["of": ["type": "string"]]])
    ) { arguments in
        ToolResult("the \(arguments["of"]?.string ?? "") was full at noon")
    }
    static let shout = AgentTool(name: "shout", description: "Fails.", schema: schema(["type": "object"])) { _ in
        ToolResult("no voice", isError: true)
    }
    static var tools: [AgentTool] { [lookup, shout] }

    static func schema(_ json: JSONValue) -> JSONSchema {
        do { return try JSONSchema(json) } catch { preconditionFailure("\(error)") }
    }

    /// A result that holds after one lookup of the disk.
    static let good: JSONValue = ["answer": "the disk", "citations": [["id": "T1", "quote": "disk was full"]]]
    static let uncited: JSONValue = ["answer": "the disk", "citations": []]

    func run(_ client: some ModelClient, _ store: some TranscriptStore = MemoryTranscript()) async throws -> AgentEnd {
        let loop = try AgentLoop(
            role: try Role.parse(roleText, file: "r"), client: client, tools: tools, store: store, clock: clock,
            mask: mask, prices: prices, gate: gate, checks: checks, limits: limits)
        return try await loop.run(task)
    }

    func run(_ moves: [Move], _ store: some TranscriptStore = MemoryTranscript()) async throws -> AgentEnd {
        try await run(ScriptedClient(moves, hasTools: hasTools), store)
    }
}

extension AgentEnd {
    /// The result's text, or `GATE: SENTENCE`.
    var line: String {
        switch self {
        case .finished(let result): result.text
        case .failed(let failure): failure.description
        }
    }
    var reason: String? { if case .failed(let failure) = self { failure.reason } else { nil } }
}
