import FoundationEssentials
import Model
import Text

/// A call that a reply makes.
struct ToolCall: Hashable {
    let id: String
    let tool: String
    let arguments: JSONValue

    /// Equal for calls that ask the same.
    var key: String { "\(tool) \(arguments.text)" }
}

/// A transcript as the messages that the model is sent, in both modes: with tools, or with JSON in their place.
struct Conversation {
    let opening: Opening
    var exchanges: [Exchange]

    func request(outputMax: Int, timeout: Duration) -> ModelRequest {
        var messages = [ModelMessage(.user, [.text(first)])]
        for exchange in exchanges {
            messages.append(ModelMessage(.assistant, said(exchange.reply)))
            messages.append(ModelMessage(.user, answered(exchange)))
        }
        return ModelRequest(
            system: opening.givesTools ? opening.system : opening.system + "\n\n" + toolsAsText, messages: messages,
            tools: opening.givesTools ? opening.tools : [], schema: opening.givesTools ? nil : callSchema,
            outputMax: outputMax, timeout: timeout)
    }

    private var first: String {
        let parts = opening.material.map(DataFence.around) + [opening.task]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// No vendor takes a message without content, or a call that is never answered.
    private func said(_ reply: ModelReply) -> [ModelPart] {
        let parts = reply.parts.filter { part in
            switch part {
            case .text(let text): !text.isEmpty
            case .call: opening.givesTools
            case .vendor: true
            case .result: false
            }
        }
        let speaks = parts.contains { if case .vendor = $0 { false } else { true } }
        return speaks ? parts : parts + [.text("(nothing)")]
    }

    private func answered(_ exchange: Exchange) -> [ModelPart] {
        var parts = exchange.answers.map { one -> ModelPart in
            let shown = one.answer.from == nil ? one.answer.text : DataFence.around(one.answer)
            return opening.givesTools
                ? .result(id: one.call, text: shown, isError: one.answer.isError)
                : .text("\(one.answer.isError ? "Error" : "Result") of \(one.tool):\n\(shown)")
        }
        if let note = exchange.note { parts.append(.text(note)) }
        return parts
    }

    /// What a reply calls; where it calls nothing, a sentence for the model.
    func calls(in reply: ModelReply) -> Result<[ToolCall], Complaint> {
        guard opening.givesTools else { return call(inText: reply.text).map { [$0] } }
        let calls = reply.parts.compactMap { part -> ToolCall? in
            guard case .call(let id, let tool, let arguments) = part else { return nil }
            return ToolCall(id: id, tool: tool, arguments: arguments)
        }
        let nothing = Complaint("That called no tool. Call one, or end by calling \(Role.finish) with the result.")
        return calls.isEmpty ? .failure(nothing) : .success(calls)
    }

    struct Complaint: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private func call(inText text: String) -> Result<ToolCall, Complaint> {
        let shape = "Answer with one JSON object and nothing else: {\"tool\": NAME, \"arguments\": {…}}."
        guard let value = WireJSON.decode(Self.unwrapped(text).utf8) else {
            return .failure(Complaint("That was not JSON. \(shape)"))
        }
        guard let tool = value["tool"]?.string, let arguments = value["arguments"], arguments.object != nil else {
            return .failure(Complaint("That had no \"tool\" with \"arguments\". \(shape)"))
        }
        return .success(ToolCall(id: "\(exchanges.count + 1)", tool: tool, arguments: arguments))
    }

    /// Models like to put JSON between three backquotes.
    private static func unwrapped(_ text: String) -> String {
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        lines = Array(lines.drop { $0.allSatisfy(\.isWhitespace) })
        guard lines.count > 2, lines[0].hasPrefix("```"), lines[lines.count - 1] == "```" else { return text }
        return lines.dropFirst().dropLast().joined(separator: "\n")
    }

    private var toolsAsText: String {
        let tools = opening.tools.map { "- \($0.name): \($0.description)\n  Arguments: \($0.schema.text)" }
        return """
            Answer each time with one JSON object and nothing else: {"tool": NAME, "arguments": {…}}. The tools:
            \(tools.joined(separator: "\n"))
            """
    }

    /// A call of any of the tools, each with the arguments of its own.
    private var callSchema: JSONValue {
        let calls = opening.tools.map { tool -> JSONValue in
            [
                "type": "object", "required": ["tool", "arguments"], "additionalProperties": false,
                "properties": [
                    "tool": ["type": "string", "enum": [.string(tool.name)]], "arguments": Self.shape(of: tool.schema),
                ],
            ]
        }
        return calls.count == 1 ? calls[0] : ["anyOf": .array(calls)]
    }

    /// A schema without what servers that compile it to a grammar refuse or take ages for, such as lengths; the loop
    /// checks all of it anyway.
    private static func shape(of schema: JSONValue) -> JSONValue {
        guard case .object(var members) = schema else { return schema }
        for word in ["description", "pattern", "minLength", "maxLength", "maxItems"] { members[word] = nil }
        members["items"] = members["items"].map(shape)
        members["properties"] = members["properties"]?.object.map { .object($0.mapValues(shape)) }
        return .object(members)
    }
}

extension JSONValue {
    /// On one line, names sorted: equal values give equal text.
    var text: String { encoded(pretty: false) }

    func encoded(pretty: Bool) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        // Only a number that JSON does not have could fail, and no JSON that was read holds one.
        guard let data = try? encoder.encode(self) else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }
}

extension ModelRequest {
    /// SHA-256 of everything but the timeout: equal requests ask the model the same.
    var digest: String {
        get throws {
            var request = self
            request.timeout = .zero
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return Digest.sha256(try encoder.encode(request))
        }
    }
}
