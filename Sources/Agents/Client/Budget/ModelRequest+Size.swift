import Model

extension ModelRequest {
    /// More tokens than the request's text should have for any vendor: one for each two bytes, and some for each part.
    ///
    /// Vendors' tokens have three to four bytes of English or code. Only the vendor can count exactly, and it does so
    /// after the fact.
    public var inputTokensMost: Int {
        var bytes = system.utf8.count + (schema?.bytesMost ?? 0)
        var parts = messages.count + tools.count
        for message in messages {
            parts += message.parts.count
            for part in message.parts { bytes += part.bytesMost }
        }
        for tool in tools { bytes += tool.name.utf8.count + tool.description.utf8.count + tool.schema.bytesMost }
        return bytes / 2 + parts * 16 + 512
    }

    /// With the longest answer.
    public var tokensMost: Int { ModelUsage.sum(inputTokensMost, outputMax) }
}

extension ModelPart {
    fileprivate var bytesMost: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .call(let id, let tool, let arguments): id.utf8.count + tool.utf8.count + arguments.bytesMost
        case .result(let id, let text, _): id.utf8.count + text.utf8.count
        case .vendor(let value): value.bytesMost
        }
    }
}

extension JSONValue {
    /// About what it takes as JSON text.
    fileprivate var bytesMost: Int {
        switch self {
        case .null, .bool: 5
        case .number: 12
        case .string(let text): text.utf8.count + 3
        case .array(let items): items.reduce(2) { $0 + $1.bytesMost + 1 }
        case .object(let members): members.reduce(2) { $0 + $1.key.utf8.count + 4 + $1.value.bytesMost }
        }
    }
}
