public import HTTPClient

/// Ollama's `/api/chat`.
public struct OllamaClient: ModelClient {
    public let model: String
    public let hasTools: Bool
    private let url: String
    private let context: Int
    private let call: WireCall

    /// - Parameters:
    ///   - url: what comes before `/api/chat`.
    ///   - context: tokens that the model may see: Ollama cuts off, without a word, what goes beyond its own default.
    public init(
        http: HTTPClient, url: String = "http://127.0.0.1:11434", model: String, key: ModelKey? = nil,
        hasTools: Bool = true, context: Int = 32_768, idleTimeout: Duration = .seconds(120)
    ) {
        self.url = url + "/api/chat"
        self.model = model
        self.hasTools = hasTools
        self.context = context
        call = WireCall(vendor: "Ollama", http: http, key: key, idleTimeout: idleTimeout)
    }

    public func send(
        _ request: ModelRequest, onText: @Sendable (String) -> Void
    ) async throws(ModelError) -> ModelReply {
        let headers = call.key.map { [(name: "Authorization", value: "Bearer \($0.secret)")] } ?? []
        let post = try call.post(
            url, Self.body(request, model: model, context: context), accept: "application/x-ndjson",
            headers: headers, timeout: request.timeout)
        let earlier = request.messages.flatMap(\.parts).count { if case .call = $0 { true } else { false } }
        return try await call.send(
            post, asked: request, reading: OllamaReader(callsBefore: earlier), wholeTypes: ["text/html"],
            onText: onText)
    }
}
