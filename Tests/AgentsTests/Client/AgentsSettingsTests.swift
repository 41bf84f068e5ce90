import Agents
import HTTPClient
import Model
import Testing
import Text

@Suite struct AgentsSettingsTests {
    private func parse(_ text: String) throws -> AgentsSettings {
        let node = try #require(try YAML.parse(text, file: "n.yaml"))
        let problems = Problems()
        let settings = AgentsSettings(node, problems)
        try problems.throwIfAny()
        return try #require(settings)
    }

    private func complaints(_ text: String) throws -> [String] {
        let node = try #require(try YAML.parse(text, file: "n.yaml"))
        let problems = Problems()
        #expect(AgentsSettings(node, problems) == nil)
        return problems.all.map(\.description)
    }

    static let prices = "prices: {input: 3, output: 15}"

    @Test func nothingIsSentWhereNobodySaysSo() throws {
        #expect(try parse("provider: none") == AgentsSettings())
        #expect(try parse("budget: {}") == AgentsSettings())
        #expect(AgentsSettings().provider == nil)
    }

    @Test func aProviderIsReadWhole() throws {
        let settings = try parse(
            """
            provider:
              anthropic:
                url: https://gateway.example/anthropic/
                model: claude-opus-5-5
                key_file: $CREDENTIALS_DIRECTORY/model-key
                prices: {input: 5, output: 25, cache_read: 0.50, cache_write: 6.25}
                context: 200k
                output_max: 16k
                tools: true
                timeout: 10m
                idle_timeout: 90s
            budget: {incident: 0.50 USD, day: 5 USD, month: 50 USD, tokens: 300k per incident}
            """)
        let prices = Prices(
            input: Money(microdollars: 5_000_000), output: Money(microdollars: 25_000_000),
            cacheRead: Money(microdollars: 500_000), cacheWrite: Money(microdollars: 6_250_000))
        #expect(
            settings.provider
                == ProviderSettings(
                    vendor: .anthropic, url: "https://gateway.example/anthropic", model: "claude-opus-5-5",
                    keyFile: "$CREDENTIALS_DIRECTORY/model-key", prices: prices, context: 200_000, outputMax: 16_000,
                    timeout: .seconds(600), idleTimeout: .seconds(90)))
        #expect(
            settings.budget
                == Budget(
                    incident: Money(microdollars: 500_000), day: Money(microdollars: 5_000_000),
                    month: Money(microdollars: 50_000_000), incidentTokens: 300_000))
    }

    @Test func whatIsLeftOutHasADefault() throws {
        let openai = try parse("provider: {openai: {model: gpt-6-astra, \(Self.prices)}}").provider
        #expect(openai?.url == "https://api.openai.com/v1" && openai?.keyFile == nil && openai?.hasTools == true)
        #expect(openai?.context == 128_000 && openai?.outputMax == 8192)
        #expect(openai?.outputKey == .maxCompletionTokens)
        let ollama = try parse("provider: {ollama: {model: qwen3}}").provider
        #expect(ollama?.url == "http://127.0.0.1:11434" && ollama?.prices == .free)
        #expect(ollama?.context == 16_384 && ollama?.outputMax == 8192)
        let small = try parse("provider: {ollama: {model: qwen3, context: 4096, tools: false}}").provider
        #expect(small?.outputMax == 2048 && small?.hasTools == false)
    }

    @Test(arguments: [
        "http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:8080", "https://api.openai.com/v1",
        "https://10.0.0.1",
    ])
    func aKeyGoesOverTLSOrStaysHere(url: String) throws {
        let text = "provider: {openai: {model: m, url: '\(url)', key_file: /k, \(Self.prices)}}"
        #expect(try parse(text).provider?.url == url)
    }

    static let refused: [(String, String)] = [
        ("provider: anthropic", "n.yaml:1:11: error: \"provider\" needs none or one of {anthropic: …}, "),
        ("provider: {antropic: {}}", "n.yaml:1:12: error: unknown key \"antropic\" in the provider; did you mean"),
        ("provider: {}", "\"provider\" needs exactly one of anthropic, openai, ollama"),
        ("provider: {ollama: {model: m}, openai: {model: m}}", "\"provider\" needs exactly one of"),
        ("provider: {ollama: }", "\"ollama\" of the provider is empty"),
        ("provider: [none]", "the provider needs a mapping"),
        ("provider: {anthropic: {model: m, key_file: /k}}", "anthropic needs \"prices\""),
        ("provider: {anthropic: {model: m, \(prices)}}", "anthropic needs \"key_file\""),
        ("provider: {openai: {\(prices)}}", "openai needs \"model\""),
        ("provider: {openai: {model: '', \(prices)}}", "\"model\" is empty"),
        ("provider: {ollama: {model: m, key: sk-1}}", "unknown key \"key\" in ollama"),
        ("provider: {ollama: {model: m, output_key: max_tokens}}", "unknown key \"output_key\""),
        ("provider: {openai: {model: m, output_key: max, \(prices)}}", "\"output_key\" needs"),
        (
            "provider: {openai: {model: m, key_file: key, \(prices)}}",
            "n.yaml:1:41: error: \"key_file\" needs an absolute"
        ),
        ("provider: {openai: {model: m, key_file: $CREDENTIALS_DIRECTORY/../x, \(prices)}}", "\"key_file\" needs"),
        ("provider: {openai: {model: m, url: 'ftp://x', \(prices)}}", "\"url\" needs http://"),
        ("provider: {openai: {model: m, url: 'https://', \(prices)}}", "\"url\" needs http://"),
        ("provider: {openai: {model: m, url: 'https://a:b@x', \(prices)}}", "no user, query or fragment"),
        ("provider: {openai: {model: m, url: 'https://x?key=1', \(prices)}}", "no user, query or fragment"),
        ("provider: {openai: {model: m, key_file: /k, url: 'http://10.0.0.1', \(prices)}}", "over https:// only"),
        (
            "provider: {openai: {model: m, key_file: /k, url: 'http://127.evil.example', \(prices)}}",
            "over https:// only"
        ),
        (
            "provider: {openai: {model: m, key_file: /k, url: 'http://localhost.evil.example', \(prices)}}",
            "over https:// only"
        ),
        ("provider: {openai: {model: m, prices: {input: 3}}}", "the prices needs \"output\""),
        ("provider: {openai: {model: m, prices: {input: -3, output: 1}}}", "\"input\" needs US dollars for a million"),
        ("provider: {openai: {model: m, prices: {input: 3, output: 1, cache_read: free}}}", "\"cache_read\" needs US"),
        ("provider: {openai: {model: m, prices: {input: 3, output: 1, cached: 1}}}", "unknown key \"cached\""),
        ("provider: {ollama: {model: m, context: 0}}", "\"context\" needs a number of tokens"),
        ("provider: {ollama: {model: m, context: 9k, output_max: 9k}}", "\"output_max\" must be less than \"context\""),
        ("provider: {ollama: {model: m, output_max: 5 k}}", "\"output_max\" needs a number of tokens"),
        ("provider: {ollama: {model: m, timeout: 0s}}", "\"timeout\" must be from 1s to 1h"),
        ("provider: {ollama: {model: m, idle_timeout: 2h}}", "\"idle_timeout\" must be from 1s to 1h"),
        (
            "budget: {incident: 0 USD}",
            "n.yaml:1:20: error: \"incident\" needs an amount such as 1 USD or 0.50 USD, above"
        ),
        ("budget: {day: 10}", "\"day\" needs an amount"), ("budget: {month: 1 EUR}", "\"month\" needs an amount"),
        ("budget: {tokens: 200k}", "\"tokens\" needs a budget such as 200k per incident"),
        ("budget: {tokens: 0 per incident}", "\"tokens\" needs a budget"),
        ("budget: {tokens: 200k per day}", "\"tokens\" needs a budget"),
        ("budget: {tokens: 99999999999k per incident}", "\"tokens\" needs a budget"),
        ("budget: {week: 1 USD}", "unknown key \"week\" in the budget"),
        ("model: m", "unknown key \"model\" in agents"),
        ("[]", "agents needs a mapping"),
    ]

    @Test(arguments: refused)
    func mistakesAreNamedWithTheirPlace(text: String, complaint: String) throws {
        let complaints = try complaints(text)
        #expect(complaints.contains { $0.contains(complaint) }, "\(complaints)")
    }

    @Test func allMistakesAreToldAtOnce() throws {
        let text = "provider: {openai: {url: x, prices: {}, timeout: 0s}}\nbudget: {day: 0 USD, tokens: all}"
        #expect(try complaints(text).count >= 6)
    }

    @Test(arguments: ProviderSettings.Vendor.allCases)
    func aClientIsMadeOfThem(vendor: ProviderSettings.Vendor) throws {
        let settings = ProviderSettings(vendor: vendor, model: "m", prices: .free, hasTools: false)
        let client = try settings.client(http: HTTPClient(), environment: [:])
        #expect(client.model == "m" && !client.hasTools)
        var keyed = settings
        keyed.keyFile = "/nowhere/key"
        #expect(throws: Fault.self) { try keyed.client(http: HTTPClient(), environment: [:]) }
    }
}
