public import Model

/// Something that an agent may look up. It reads; nothing acts through a tool.
public struct AgentTool: Sendable {
    public let name: String
    /// For the model: what it answers, and when to ask it.
    public let description: String
    /// Of the arguments, an object; a call that does not fit never reaches `call`.
    public let schema: JSONSchema
    /// Should return early where its task is cancelled: that is how its time ends.
    public let call: @Sendable (_ arguments: JSONValue) async -> ToolResult

    public init(
        name: String, description: String, schema: JSONSchema,
        call: @escaping @Sendable (_ arguments: JSONValue) async -> ToolResult
    ) {
        self.name = name
        self.description = description
        self.schema = schema
        self.call = call
    }

    var offer: ModelTool { ModelTool(name: name, description: description, schema: schema.json) }
}

/// What a tool found, as it is; the loop masks it, cuts it to size and marks it as data.
public struct ToolResult: Sendable, Hashable, Codable {
    public var text: String
    /// The text says why there is nothing, in our words and not in a stranger's.
    public var isError: Bool

    public init(_ text: String, isError: Bool = false) {
        self.text = text
        self.isError = isError
    }
}

/// What the model was shown of a tool's result or of the material, and the ID under which it can cite it.
public struct ToolAnswer: Sendable, Hashable, Codable {
    /// `T3`, unique in a run; nil for an error, which proves nothing.
    public var citation: String?
    /// A tool's name, or the material's; nil for the loop's own words.
    public var from: String?
    /// Masked, cut and without anything that could close the marks around it.
    public var text: String
    public var isError: Bool
    /// How much was left out at the end.
    public var bytesCut: Int

    public init(citation: String?, from: String?, text: String, isError: Bool = false, bytesCut: Int = 0) {
        self.citation = citation
        self.from = from
        self.text = text
        self.isError = isError
        self.bytesCut = bytesCut
    }
}
