import Model

extension OpenAIClient {
    /// The request's JSON: `CompletionCreateParamsStreaming`.
    static func body(
        _ request: ModelRequest, model: String, outputKey: OutputKey = .maxCompletionTokens
    ) throws(ModelError) -> JSONValue {
        var messages: [JSONValue] = []
        if !request.system.isEmpty { messages.append(["role": "system", "content": .string(request.system)]) }
        for message in request.messages {
            switch message.speaker {
            case .user: messages += user(message)
            case .assistant: if let value = try assistant(message) { messages.append(value) }
            }
        }
        var body: [String: JSONValue] = [
            "model": .string(model), outputKey.rawValue: .number(Double(request.outputMax)), "stream": true,
            "stream_options": ["include_usage": true], "messages": .array(messages),
        ]
        if !request.tools.isEmpty {
            body["tools"] = .array(
                request.tools.map {
                    [
                        "type": "function",
                        "function": [
                            "name": .string($0.name), "description": .string($0.description), "parameters": $0.schema,
                        ],
                    ]
                })
        }
        if let schema = request.schema {
            // Not strict: only some schemas may be, and whoever asked checks the answer anyway.
            body["response_format"] = [
                "type": "json_schema", "json_schema": ["name": "answer", "schema": schema],
            ]
        }
        return .object(body)
    }

    /// Each result is a message of its own, and follows the calls at once.
    private static func user(_ message: ModelMessage) -> [JSONValue] {
        var messages: [JSONValue] = []
        var texts: [String] = []
        for part in message.parts {
            switch part {
            case .text(let text): if !text.isEmpty { texts.append(text) }
            case .result(let id, let text, let isError):
                messages.append([
                    "role": "tool", "tool_call_id": .string(id), "content": .string(isError ? "Error: \(text)" : text),
                ])
            case .call, .vendor: break
            }
        }
        if !texts.isEmpty {
            messages.append(["role": "user", "content": .string(texts.joined(separator: "\n\n"))])
        }
        return messages
    }

    private static func assistant(_ message: ModelMessage) throws(ModelError) -> JSONValue? {
        var text = ""
        var calls: [JSONValue] = []
        for part in message.parts {
            switch part {
            case .text(let piece): text += piece
            case .call(let id, let tool, let arguments):
                // What was no JSON goes back as the text that it was.
                let written = if let text = arguments.string { text } else { try WireJSON.text(arguments) }
                calls.append([
                    "type": "function", "id": .string(id),
                    "function": ["name": .string(tool), "arguments": .string(written)],
                ])
            case .result, .vendor: break
            }
        }
        guard !text.isEmpty || !calls.isEmpty else { return nil }
        var value: [String: JSONValue] = ["role": "assistant", "content": text.isEmpty ? nil : .string(text)]
        if !calls.isEmpty { value["tool_calls"] = .array(calls) }
        return .object(value)
    }
}
