import Foundation
import Model
import Testing

@testable import Agents

/// What is sent is what Tests/Wire/fixtures holds, which the vendors' published types accept.
@Suite struct RequestTests {
    static let thinking: JSONValue = ["type": "thinking", "thinking": "Hm.", "signature": "Eq=="]
    static let cases: [(Vendor, String, ModelRequest)] =
        Vendor.allCases.map { ($0, "plain", SampleRequest.plain) }
        + Vendor.allCases.map { ($0, "schema", SampleRequest.withSchema) }
        + Vendor.allCases.map { ($0, "tools", SampleRequest.withTools) }
        + [
            (.anthropic, "thinking", SampleRequest.withVendor(thinking)),
            (.ollama, "thinking", SampleRequest.withVendor(["thinking": "Hm."])),
        ]

    @Test(arguments: cases)
    func requestsAreAsRecorded(vendor: Vendor, name: String, request: ModelRequest) throws {
        let path = "\(vendor)/request-\(name).json"
        let body = try vendor.body(request)
        let text = try WireJSON.text(body)
        #expect(try Fixture.json(path) == body, "\(path) should be \(text)")
    }

    @Test func whatAnotherVendorWroteIsLeftOut() throws {
        let request = SampleRequest.withVendor(Self.thinking)
        #expect(try !WireJSON.text(Vendor.openai.body(request)).contains("Hm."))
        let other = SampleRequest.withVendor(["thinking": "Hm."])
        #expect(try !WireJSON.text(Vendor.anthropic.body(other)).contains("Hm."))
    }

    @Test func theSameRequestHasTheSameBytes() throws {
        let first = try WireJSON.encode(Vendor.anthropic.body(SampleRequest.withTools))
        let again = try WireJSON.encode(Vendor.anthropic.body(SampleRequest.withTools))
        #expect(first == again)
    }

    @Test func aNumberThatJSONDoesNotHaveIsRefused() {
        let call = ModelPart.call(id: "1", tool: "t", arguments: ["x": .number(.infinity)])
        let request = ModelRequest(system: "", messages: [ModelMessage(.assistant, [call])])
        #expect(throws: ModelError.self) { try WireJSON.encode(Vendor.anthropic.body(request)) }
        #expect(throws: ModelError.self) { try Vendor.openai.body(request) }
    }

    @Test func theOlderKeyForTheLengthIsOnlyUsedWhereAsked() throws {
        let body = try OpenAIClient.body(SampleRequest.plain, model: "m", outputKey: .maxTokens)
        #expect(body["max_tokens"] == 512 && body["max_completion_tokens"] == nil)
    }
}
