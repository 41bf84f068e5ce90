import Model

extension AnthropicClient {
    /// The request's JSON: `MessageCreateParamsStreaming`.
    static func body(_ request: ModelRequest, model: String) -> JSONValue {
        var body: [String: JSONValue] = [
            "model": .string(model), "max_tokens": .number(Double(request.outputMax)), "stream": true,
            "messages": .array(request.messages.compactMap(message)),
        ]
        if !request.system.isEmpty { body["system"] = .string(request.system) }
        if !request.tools.isEmpty {
            body["tools"] = .array(
                request.tools.map {
                    ["name": .string($0.name), "description": .string($0.description), "input_schema": $0.schema]
                })
            // A loop with tools sends the same beginning again and again: it costs a tenth out of the vendor's cache.
            body["cache_control"] = ["type": "ephemeral"]
        }
        if let schema = request.schema {
            body["output_config"] = ["format": ["type": "json_schema", "schema": schema]]
        }
        return .object(body)
    }

    /// Nil where nothing is left to say: an empty message is refused.
    private static func message(_ message: ModelMessage) -> JSONValue? {
        var results: [JSONValue] = []
        var others: [JSONValue] = []
        for part in message.parts {
            switch part {
            case .text(let text):
                if !text.isEmpty { others.append(["type": "text", "text": .string(text)]) }
            case .call(let id, let tool, let arguments):
                others.append([
                    "type": "tool_use", "id": .string(id), "name": .string(tool),
                    "input": WireJSON.object(arguments),
                ])
            case .result(let id, let text, let isError):
                results.append([
                    "type": "tool_result", "tool_use_id": .string(id), "content": .string(text),
                    "is_error": .bool(isError),
                ])
            case .vendor(let block):
                if block["type"]?.string != nil { others.append(block) }
            }
        }
        // Results must come first in their message.
        let content = results + others
        guard !content.isEmpty else { return nil }
        return ["role": .string(message.speaker.rawValue), "content": .array(content)]
    }
}
