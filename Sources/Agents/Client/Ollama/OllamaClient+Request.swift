import Model

extension OllamaClient {
    /// The request's JSON: `ChatRequest`.
    static func body(_ request: ModelRequest, model: String, context: Int) -> JSONValue {
        var messages: [JSONValue] = []
        if !request.system.isEmpty { messages.append(["role": "system", "content": .string(request.system)]) }
        // A result names its tool, which only the call knows.
        var tools: [String: String] = [:]
        for message in request.messages {
            for case .call(let id, let tool, _) in message.parts { tools[id] = tool }
            messages += message.speaker == .user ? user(message, tools) : assistant(message).map { [$0] } ?? []
        }
        var body: [String: JSONValue] = [
            "model": .string(model), "stream": true, "messages": .array(messages),
            "options": [
                "num_predict": .number(Double(request.outputMax)), "num_ctx": .number(Double(context)),
            ],
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
        if let schema = request.schema { body["format"] = schema }
        return .object(body)
    }

    private static func user(_ message: ModelMessage, _ tools: [String: String]) -> [JSONValue] {
        var messages: [JSONValue] = []
        var texts: [String] = []
        for part in message.parts {
            switch part {
            case .text(let text): if !text.isEmpty { texts.append(text) }
            case .result(let id, let text, let isError):
                var value: [String: JSONValue] = [
                    "role": "tool", "content": .string(isError ? "Error: \(text)" : text),
                ]
                if let tool = tools[id] { value["tool_name"] = .string(tool) }
                messages.append(.object(value))
            case .call, .vendor: break
            }
        }
        if !texts.isEmpty {
            messages.append(["role": "user", "content": .string(texts.joined(separator: "\n\n"))])
        }
        return messages
    }

    private static func assistant(_ message: ModelMessage) -> JSONValue? {
        var text = ""
        var calls: [JSONValue] = []
        var thinking: JSONValue?
        for part in message.parts {
            switch part {
            case .text(let piece): text += piece
            case .call(_, let tool, let arguments):
                calls.append(["function": ["name": .string(tool), "arguments": WireJSON.object(arguments)]])
            case .vendor(let value): thinking = value["thinking"] ?? thinking
            case .result: break
            }
        }
        guard !text.isEmpty || !calls.isEmpty else { return nil }
        var value: [String: JSONValue] = ["role": "assistant", "content": .string(text)]
        if !calls.isEmpty { value["tool_calls"] = .array(calls) }
        if let thinking { value["thinking"] = thinking }
        return .object(value)
    }
}
