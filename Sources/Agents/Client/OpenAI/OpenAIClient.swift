public import HTTPClient

/// OpenAI's chat completions, and the servers that speak like it.
public struct OpenAIClient: ModelClient {
    /// Where the request says how long the answer may be: OpenAI wants the newer key, some servers know only the older.
    public enum OutputKey: String, Sendable, Hashable, Codable, CaseIterable {
        case maxCompletionTokens = "max_completion_tokens"
        case maxTokens = "max_tokens"
    }

    public let model: String
    public let hasTools: Bool
    private let url: String
    private let outputKey: OutputKey
    private let call: WireCall

    /// - Parameter url: what comes before `/chat/completions`.
    public init(
        http: HTTPClient, url: String = "https://api.openai.com/v1", model: String, key: ModelKey?,
        hasTools: Bool = true, outputKey: OutputKey = .maxCompletionTokens, idleTimeout: Duration = .seconds(120)
    ) {
        self.url = url + "/chat/completions"
        self.model = model
        self.hasTools = hasTools
        self.outputKey = outputKey
        call = WireCall(vendor: "OpenAI", http: http, key: key, idleTimeout: idleTimeout)
    }

    public func send(
        _ request: ModelRequest, onText: @Sendable (String) -> Void
    ) async throws(ModelError) -> ModelReply {
        let headers = call.key.map { [(name: "Authorization", value: "Bearer \($0.secret)")] } ?? []
        let body = try Self.body(request, model: model, outputKey: outputKey)
        let post = try call.post(
            url, body, accept: "text/event-stream", headers: headers, timeout: request.timeout)
        return try await call.send(
            post, asked: request, reading: OpenAIReader(), wholeTypes: ["application/json", "text/html"],
            onText: onText)
    }
}
