public import HTTPClient
public import Model

/// The settings' `agents`: whose model, and how much of it.
public struct AgentsSettings: Sendable, Hashable, Codable {
    /// Nil for `provider: none`: nothing is sent to any model.
    public var provider: ProviderSettings?
    public var budget: Budget
    /// Who runs the agents' process besides the daemon's own user.
    public var user = "nightshift-agents"
    /// Where that process keeps mirrors and worktrees.
    public var state = "/var/lib/nightshift-agents"

    public init(provider: ProviderSettings? = nil, budget: Budget = Budget()) {
        self.provider = provider
        self.budget = budget
    }
}

/// A vendor, or a server that speaks like one, and the model to ask there.
public struct ProviderSettings: Sendable, Hashable, Codable {
    public enum Vendor: String, Sendable, Hashable, Codable, CaseIterable {
        case anthropic, openai, ollama

        /// What comes before the path that the vendor's API has.
        public var standardURL: String {
            switch self {
            case .anthropic: "https://api.anthropic.com"
            case .openai: "https://api.openai.com/v1"
            case .ollama: "http://127.0.0.1:11434"
            }
        }

        /// Small where the context takes this host's own memory.
        var standardContext: Int { self == .ollama ? 16_384 : 128_000 }
    }

    public var vendor: Vendor
    public var url: String
    public var model: String
    /// An absolute path, or `$CREDENTIALS_DIRECTORY/NAME`.
    public var keyFile: String?
    public var prices: Prices
    /// Tokens that the model can see at once.
    public var context: Int
    /// Tokens that an answer may have.
    public var outputMax: Int
    /// Whether the model can be given tools.
    public var hasTools: Bool
    /// OpenAI's only.
    public var outputKey: OpenAIClient.OutputKey
    /// For a whole answer, and for a silence within it: some models think for a while before their first word.
    public var timeout: Duration
    public var idleTimeout: Duration

    public init(
        vendor: Vendor, url: String? = nil, model: String, keyFile: String? = nil, prices: Prices,
        context: Int? = nil, outputMax: Int = 8192, hasTools: Bool = true,
        outputKey: OpenAIClient.OutputKey = .maxCompletionTokens, timeout: Duration = .seconds(300),
        idleTimeout: Duration = .seconds(120)
    ) {
        self.vendor = vendor
        self.url = url ?? vendor.standardURL
        self.model = model
        self.keyFile = keyFile
        self.prices = prices
        self.context = context ?? vendor.standardContext
        self.outputMax = outputMax
        self.hasTools = hasTools
        self.outputKey = outputKey
        self.timeout = timeout
        self.idleTimeout = idleTimeout
    }

    /// A client that has read its key; without retries.
    public func client(
        http: HTTPClient, environment: [String: String]
    ) throws(Fault) -> any ModelClient {
        let key: ModelKey? =
            if let keyFile { try ModelKey.read(ModelKey.path(keyFile, environment: environment)) } else { nil }
        switch vendor {
        case .anthropic:
            return AnthropicClient(
                http: http, url: url, model: model, key: key, hasTools: hasTools, idleTimeout: idleTimeout)
        case .openai:
            return OpenAIClient(
                http: http, url: url, model: model, key: key, hasTools: hasTools, outputKey: outputKey,
                idleTimeout: idleTimeout)
        case .ollama:
            return OllamaClient(
                http: http, url: url, model: model, key: key, hasTools: hasTools, context: context,
                idleTimeout: idleTimeout)
        }
    }
}
