import Model

/// Puts the events of a streamed message together: `RawMessageStreamEvent`, with `ping` and `error`.
struct AnthropicReader: AnswerReader {
    private(set) var usage: ModelUsage?
    private(set) var outputBytes = 0
    private(set) var isComplete = false
    private var events = EventStream()
    private var hasBegun = false
    private var blocks: [AnthropicBlock] = []
    private var stop: String?
    private var explanation: String?

    mutating func take(_ bytes: [UInt8], onText: (String) -> Void) throws(ModelError) {
        for event in try events.take(bytes) where !isComplete {
            guard let value = WireJSON.decode(event.data), let type = value["type"]?.string else {
                throw ModelError(.malformed, "the answer has an event that is not the vendor's JSON")
            }
            try take(type, value, onText)
        }
    }

    private mutating func take(_ type: String, _ event: JSONValue, _ onText: (String) -> Void) throws(ModelError) {
        switch type {
        case "message_start":
            guard !hasBegun, let message = event["message"] else { throw Self.disorder(type) }
            hasBegun = true
            try count(message["usage"])
        case "error":
            throw VendorError(event).map { ModelError($0) } ?? Self.disorder(type)
        case "content_block_start":
            guard hasBegun, event["index"]?.number == Double(blocks.count), let block = event["content_block"]?.object
            else { throw Self.disorder(type) }
            blocks.append(AnthropicBlock(value: block))
            if let text = blocks[blocks.count - 1].text, !text.isEmpty { onText(text) }
        case "content_block_delta":
            guard let index = openBlock(event), let delta = event["delta"] else { throw Self.disorder(type) }
            let change = blocks[index].add(delta)
            outputBytes += change.bytes
            if let text = change.text { onText(text) }
        case "content_block_stop":
            guard let index = openBlock(event) else { throw Self.disorder(type) }
            blocks[index].isOpen = false
        case "message_delta":
            guard hasBegun else { throw Self.disorder(type) }
            try count(event["usage"])
            stop = event["delta"]?["stop_reason"]?.string ?? stop
            explanation = event["delta"]?["stop_details"]?["explanation"]?.string ?? explanation
        case "message_stop":
            guard hasBegun, stop != nil, !blocks.contains(where: \.isOpen) else { throw Self.disorder(type) }
            isComplete = true
        default: break  // ping, and what the vendor may add
        }
    }

    private func openBlock(_ event: JSONValue) -> Int? {
        guard let index = event["index"]?.number.flatMap({ Int(exactly: $0) }), blocks.indices.contains(index),
            blocks[index].isOpen
        else { return nil }
        return index
    }

    private static func disorder(_ type: String) -> ModelError {
        ModelError(.malformed, "the answer has a \(type) event that is incomplete or out of order")
    }

    /// Counts are totals: a later one replaces the earlier, one that is left out does not.
    private mutating func count(_ value: JSONValue?) throws(ModelError) {
        guard let value else { return }
        var total = usage ?? ModelUsage()
        total.input = try value.tokens("input_tokens") ?? total.input
        total.output = try value.tokens("output_tokens") ?? total.output
        total.cacheRead = try value.tokens("cache_read_input_tokens") ?? total.cacheRead
        total.cacheWritten = try value.tokens("cache_creation_input_tokens") ?? total.cacheWritten
        usage = total
    }

    mutating func finish() throws(ModelError) -> ModelReply {
        guard isComplete, let stop else { throw .brokenOff(hasBegun: hasBegun) }
        let reason: ModelReply.Stop
        switch stop {
        case "end_turn", "stop_sequence": reason = .end
        case "tool_use": reason = .calls
        case "max_tokens", "model_context_window_exceeded": reason = .length
        case "refusal": reason = .refusal
        default: reason = .other(stop)
        }
        if reason == .length, blocks.last?.isCutOff == true { blocks.removeLast() }
        var parts: [ModelPart] = []
        for block in blocks { if let part = try block.part() { parts.append(part) } }
        if reason == .refusal, let explanation { parts.append(.text(explanation)) }
        return ModelReply(parts: parts, stop: reason, usage: usage ?? ModelUsage())
    }
}
