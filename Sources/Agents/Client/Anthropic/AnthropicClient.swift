public import HTTPClient

/// Anthropic's Messages API.
public struct AnthropicClient: ModelClient {
    /// The version of the API whose published types this follows.
    static let version = "2026-10-21"

    public let model: String
    public let hasTools: Bool
    private let url: String
    private let call: WireCall

    /// - Parameter url: what comes before `/v1/messages`.
    public init(
        http: HTTPClient, url: String = "https://api.anthropic.com", model: String, key: ModelKey?,
        hasTools: Bool = true, idleTimeout: Duration = .seconds(120)
    ) {
        self.url = url + "/v1/messages"
        self.model = model
        self.hasTools = hasTools
        call = WireCall(vendor: "Anthropic", http: http, key: key, idleTimeout: idleTimeout)
    }

    public func send(
        _ request: ModelRequest, onText: @Sendable (String) -> Void
    ) async throws(ModelError) -> ModelReply {
        var headers = [(name: "anthropic-version", value: Self.version)]
        if let key = call.key { headers.append((name: "x-api-key", value: key.secret)) }
        let post = try call.post(
            url, Self.body(request, model: model), accept: "text/event-stream", headers: headers,
            timeout: request.timeout)
        return try await call.send(
            post, asked: request, reading: AnthropicReader(), wholeTypes: ["application/json", "text/html"],
            onText: onText)
    }
}
