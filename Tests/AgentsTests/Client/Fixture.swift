import Foundation
import HTTPClient
import Model
import Testing

@testable import Agents

/// A vendor as the tests go through them: its reader, its client, and what was recorded of its format.
enum Vendor: String, CaseIterable, CustomTestStringConvertible {
    case anthropic, openai, ollama

    var testDescription: String { rawValue }

    func reader() -> any AnswerReader {
        switch self {
        case .anthropic: AnthropicReader()
        case .openai: OpenAIReader()
        case .ollama: OllamaReader(callsBefore: 0)
        }
    }

    func client(
        _ http: HTTPClient, _ url: String, key: ModelKey? = nil, idleTimeout: Duration = .seconds(60)
    ) -> any ModelClient {
        switch self {
        case .anthropic: AnthropicClient(http: http, url: url, model: "m", key: key, idleTimeout: idleTimeout)
        case .openai: OpenAIClient(http: http, url: url, model: "m", key: key, idleTimeout: idleTimeout)
        case .ollama: OllamaClient(http: http, url: url, model: "m", key: key, idleTimeout: idleTimeout)
        }
    }

    func body(_ request: ModelRequest) throws -> JSONValue {
        switch self {
        case .anthropic: AnthropicClient.body(request, model: "claude-opus-5-5")
        case .openai: try OpenAIClient.body(request, model: "gpt-6-astra")
        case .ollama: OllamaClient.body(request, model: "qwen3", context: 32_768)
        }
    }

    var isEventStream: Bool { self != .ollama }
    var streamType: String { isEventStream ? "text/event-stream; charset=utf-8" : "application/x-ndjson" }
    var streamSuffix: String { isEventStream ? "sse" : "ndjson" }

    func stream(_ name: String) throws -> [UInt8] { try Fixture.bytes("\(rawValue)/\(name).\(streamSuffix)") }
}

/// What was recorded in Tests/Wire/fixtures, which the vendors' own types check as well.
enum Fixture {
    static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../../Wire/fixtures")

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: path))) }

    static func json(_ path: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(bytes(path)))
    }

    /// The reply that a recorded stream stands for.
    static func reply(_ path: String) throws -> ModelReply {
        let json = try json(path)
        let parts = try #require(json["parts"]?.array).map { part in
            if let text = part["text"]?.string { return ModelPart.text(text) }
            if let value = part["vendor"] { return .vendor(value) }
            let call = try #require(part["call"])
            return .call(
                id: try #require(call["id"]?.string), tool: try #require(call["tool"]?.string),
                arguments: try #require(call["arguments"]))
        }
        let stops: [String: ModelReply.Stop] = ["end": .end, "calls": .calls, "length": .length, "refusal": .refusal]
        let means = try #require(json["means"]?.string)
        func tokens(_ key: String) throws -> Int { Int(try #require(json["usage"]?[key]?.number)) }
        return ModelReply(
            parts: parts, stop: stops[means] ?? .other(means),
            usage: ModelUsage(
                input: try tokens("input"), output: try tokens("output"), cacheRead: try tokens("cacheRead"),
                cacheWritten: try tokens("cacheWritten")))
    }
}

/// A conversation with everything that one can hold.
enum SampleRequest {
    static let tools = [
        ModelTool(
            name: "metrics", description: "Asks PromQL.",
            schema: [
                "type": "object", "properties": ["expr": ["type": "string", "description": "PromQL"]],
                "required": ["expr"], "additionalProperties": false,
            ]),
        ModelTool(name: "units", description: "Lists failed units.", schema: ["type": "object", "properties": [:]]),
    ]

    static let schema: JSONValue = [
        "type": "object", "properties": ["cause": ["type": "string"]], "required": ["cause"],
        "additionalProperties": false,
    ]

    static let plain = ModelRequest(
        system: "", messages: [ModelMessage(.user, [.text("Why does naïve 🌙 payment/fail?")])], outputMax: 512)

    static let withSchema = ModelRequest(
        system: "You find causes.", messages: [ModelMessage(.user, [.text("Why?"), .text("Be short.")])],
        schema: schema, outputMax: 512)

    static let withTools = ModelRequest(
        system: "You find causes.",
        messages: [
            ModelMessage(.user, [.text("Why?")]),
            ModelMessage(
                .assistant,
                [
                    .text("I look."), .call(id: "c1", tool: "metrics", arguments: ["expr": "up == 0", "n": 1.5]),
                    .call(id: "c2", tool: "units", arguments: .string("not an object")),
                ]),
            ModelMessage(
                .user,
                [
                    .text("Go on."), .result(id: "c1", text: "1", isError: false),
                    .result(id: "c2", text: "no such tool", isError: true),
                ]),
            ModelMessage(.assistant, [.text("")]),
        ], tools: tools, outputMax: 4096)

    /// With what only the vendor understands.
    static func withVendor(_ value: JSONValue) -> ModelRequest {
        ModelRequest(
            system: "",
            messages: [
                ModelMessage(.user, [.text("Why?")]),
                ModelMessage(.assistant, [.vendor(value), .call(id: "c1", tool: "units", arguments: [:])]),
                ModelMessage(.user, [.result(id: "c1", text: "none", isError: false)]),
            ], tools: [tools[1]], outputMax: 1024)
    }
}
