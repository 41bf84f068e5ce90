import Model

/// A content block on its way: as it began, with the deltas that came for it.
struct AnthropicBlock: Sendable {
    var value: [String: JSONValue]
    var isOpen = true
    /// The JSON of a tool's input so far.
    private var input = ""
    /// What deltas added to its text or thinking, by the key; apart, so that each is appended and nothing copied.
    private var (added, key) = ("", "text")

    init(value: [String: JSONValue]) { self.value = value }

    private var type: String? { value["type"]?.string }
    var text: String? { type == "text" ? whole["text"]?.string : nil }

    /// The block with what was added to it.
    private var whole: [String: JSONValue] {
        guard !added.isEmpty else { return value }
        return value.merging([key: .string((value[key]?.string ?? "") + added)]) { $1 }
    }

    /// Says how many bytes a delta brought, and the text among them; one of an unknown type brings nothing.
    mutating func add(_ delta: JSONValue) -> (bytes: Int, text: String?) {
        switch delta["type"]?.string {
        case "text_delta":
            let text = delta["text"]?.string ?? ""
            append(text, to: "text")
            return (text.utf8.count, text)
        case "input_json_delta":
            let text = delta["partial_json"]?.string ?? ""
            input += text
            return (text.utf8.count, nil)
        case "thinking_delta":
            let text = delta["thinking"]?.string ?? ""
            append(text, to: "thinking")
            return (text.utf8.count, nil)
        case "signature_delta":
            value["signature"] = delta["signature"]
            return (0, nil)
        default:
            return (0, nil)
        }
    }

    private mutating func append(_ text: String, to key: String) {
        self.key = key
        added += text
    }

    /// A call whose arguments end in their midst.
    var isCutOff: Bool { type == "tool_use" && arguments.object == nil }

    private var arguments: JSONValue { input.isEmpty ? value["input"] ?? [:] : WireJSON.arguments(input) }

    /// Nil for empty text.
    func part() throws(ModelError) -> ModelPart? {
        switch type {
        case "text":
            guard let text = whole["text"]?.string else { break }
            return text.isEmpty ? nil : .text(text)
        case "tool_use":
            guard let id = value["id"]?.string, let name = value["name"]?.string else { break }
            return .call(id: id, tool: name, arguments: arguments)
        case .some:
            var value = whole
            if !input.isEmpty { value["input"] = arguments }
            return .vendor(.object(value))
        case nil: break
        }
        throw ModelError(.malformed, "the answer has a content block without its type, ID, name or text")
    }
}
