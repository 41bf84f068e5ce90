import Model

/// Puts the lines of a streamed chat together: `ChatResponse`, until one is done.
struct OllamaReader: AnswerReader {
    static let callsMax = 128

    private(set) var usage: ModelUsage?
    private(set) var outputBytes = 0
    private(set) var isComplete = false
    private var lines = LineSplitter()
    private var hasBegun = false
    private var text = ""
    private var thinking = ""
    private var calls: [ModelPart] = []
    private var stop: String?
    private let callsBefore: Int

    /// - Parameter callsBefore: calls in the conversation so far, so that the IDs which Ollama does not give stay apart.
    init(callsBefore: Int) { self.callsBefore = callsBefore }

    mutating func take(_ bytes: [UInt8], onText: (String) -> Void) throws(ModelError) {
        for line in try lines.take(bytes) where !line.isEmpty && !isComplete { try take(line: line, onText) }
    }

    private mutating func take(line: [UInt8], _ onText: (String) -> Void) throws(ModelError) {
        guard let value = WireJSON.decode(line), value.object != nil else {
            throw ModelError(.malformed, "the answer has a line that is not the vendor's JSON")
        }
        if let error = VendorError(value) { throw ModelError(error) }
        guard let message = value["message"] else {
            throw ModelError(.malformed, "the answer has a line without a message")
        }
        hasBegun = true
        if let piece = message["content"]?.string, !piece.isEmpty {
            text += piece
            outputBytes += piece.utf8.count
            onText(piece)
        }
        if let piece = message["thinking"]?.string {
            thinking += piece
            outputBytes += piece.utf8.count
        }
        for call in message["tool_calls"]?.array ?? [] { try add(call) }
        guard value["done"]?.bool == true else { return }
        let (input, output) = (try value.tokens("prompt_eval_count"), try value.tokens("eval_count"))
        if input != nil || output != nil { usage = ModelUsage(input: input ?? 0, output: output ?? 0) }
        stop = value["done_reason"]?.string
        isComplete = true
    }

    private mutating func add(_ call: JSONValue) throws(ModelError) {
        guard let function = call["function"], let name = function["name"]?.string, calls.count < Self.callsMax else {
            throw ModelError(.malformed, "the answer has a tool call without a name, or too many")
        }
        let arguments = function["arguments"] ?? [:]
        let id = call["id"]?.string ?? "call_\(callsBefore + calls.count)"
        outputBytes += name.utf8.count
        calls.append(.call(id: id, tool: name, arguments: arguments.string.map(WireJSON.arguments) ?? arguments))
    }

    mutating func finish() throws(ModelError) -> ModelReply {
        let rest = lines.rest()
        // The last line may have no end.
        if !isComplete, WireJSON.decode(rest) != nil { try take(line: rest) { _ in } }
        guard isComplete else { throw .brokenOff(hasBegun: hasBegun) }
        var parts: [ModelPart] = thinking.isEmpty ? [] : [.vendor(["thinking": .string(thinking)])]
        if !text.isEmpty { parts.append(.text(text)) }
        let reason: ModelReply.Stop
        switch stop {
        case "length": reason = .length
        case "stop", nil: reason = calls.isEmpty ? .end : .calls
        case .some(let other): reason = .other(other)
        }
        return ModelReply(parts: parts + calls, stop: reason, usage: usage ?? ModelUsage())
    }
}
