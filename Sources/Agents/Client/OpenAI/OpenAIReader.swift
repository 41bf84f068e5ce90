import Model

/// Puts the chunks of a streamed completion together: `ChatCompletionChunk`, then `[DONE]`.
struct OpenAIReader: AnswerReader {
    private struct Call {
        var id = ""
        var name = ""
        var arguments = ""
    }

    static let callsMax = 128

    private(set) var usage: ModelUsage?
    private(set) var outputBytes = 0
    private(set) var isComplete = false
    private var events = EventStream()
    private var hasBegun = false
    private var text = ""
    private var hasRefusal = false
    private var calls: [Call] = []
    private var stop: String?

    mutating func take(_ bytes: [UInt8], onText: (String) -> Void) throws(ModelError) {
        for event in try events.take(bytes) where !isComplete {
            if event.data.elementsEqual("[DONE]".utf8) {
                isComplete = true
                return
            }
            guard let value = WireJSON.decode(event.data), value.object != nil else {
                throw ModelError(.malformed, "the answer has an event that is not the vendor's JSON")
            }
            if let error = VendorError(value) { throw ModelError(error) }
            guard let choices = value["choices"]?.array else {
                throw ModelError(.malformed, "the answer has an event without choices")
            }
            hasBegun = true
            try count(value["usage"])
            // One choice was asked for.
            if let choice = choices.first { try take(choice, onText) }
        }
    }

    private mutating func take(_ choice: JSONValue, _ onText: (String) -> Void) throws(ModelError) {
        let delta = choice["delta"]
        for key in ["content", "refusal"] {
            guard let piece = delta?[key]?.string, !piece.isEmpty else { continue }
            if key == "refusal" { hasRefusal = true }
            text += piece
            outputBytes += piece.utf8.count
            onText(piece)
        }
        for piece in delta?["tool_calls"]?.array ?? [] { try add(piece) }
        stop = choice["finish_reason"]?.string ?? stop
    }

    private mutating func add(_ piece: JSONValue) throws(ModelError) {
        guard let index = piece["index"]?.number.flatMap({ Int(exactly: $0) }), (0...calls.count).contains(index),
            index < Self.callsMax
        else { throw ModelError(.malformed, "the answer has a tool call without its index or out of order") }
        if index == calls.count { calls.append(Call()) }
        if let id = piece["id"]?.string, !id.isEmpty { calls[index].id = id }
        if let name = piece["function"]?["name"]?.string { calls[index].name += name }
        if let arguments = piece["function"]?["arguments"]?.string {
            calls[index].arguments += arguments
            outputBytes += arguments.utf8.count
        }
    }

    private mutating func count(_ value: JSONValue?) throws(ModelError) {
        guard let value, value != .null else { return }
        let prompt = try value.tokens("prompt_tokens") ?? 0
        let details = value["prompt_tokens_details"]
        // The prompt's count includes both.
        let cached = min(prompt, try details?.tokens("cached_tokens") ?? 0)
        let written = min(prompt - cached, try details?.tokens("cache_write_tokens") ?? 0)
        usage = ModelUsage(
            input: prompt - cached - written, output: try value.tokens("completion_tokens") ?? 0, cacheRead: cached,
            cacheWritten: written)
    }

    mutating func finish() throws(ModelError) -> ModelReply {
        guard isComplete, hasBegun else { throw .brokenOff(hasBegun: hasBegun || isComplete) }
        guard let stop else { throw ModelError(.malformed, "the answer ends without a finish_reason") }
        if stop == "length", let last = calls.last, WireJSON.arguments(last.arguments).object == nil {
            calls.removeLast()
        }
        var parts: [ModelPart] = text.isEmpty ? [] : [.text(text)]
        for (number, call) in calls.enumerated() {
            guard !call.name.isEmpty else { throw ModelError(.malformed, "the answer has a tool call without a name") }
            let id = call.id.isEmpty ? "call_\(number)" : call.id
            parts.append(.call(id: id, tool: call.name, arguments: WireJSON.arguments(call.arguments)))
        }
        return ModelReply(parts: parts, stop: reason(stop), usage: usage ?? ModelUsage())
    }

    private func reason(_ stop: String) -> ModelReply.Stop {
        if hasRefusal { return .refusal }
        switch stop {
        case "length": return .length
        case "content_filter": return .refusal
        case "tool_calls", "function_call": return .calls
        // Some servers say "stop" after calls as well.
        case "stop": return calls.isEmpty ? .end : .calls
        default: return .other(stop)
        }
    }
}
