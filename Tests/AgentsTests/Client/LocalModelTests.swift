import Agents
import Foundation
import HTTPClient
import Model
import Synchronization
import Testing

private let localModel = ProcessInfo.processInfo.environment["NIGHTSHIFT_LOCAL_MODEL"]

/// The clients against a model server that nobody here wrote: its address is in NIGHTSHIFT_LOCAL_MODEL.
///
/// It must speak OpenAI's and Anthropic's format, as llama.cpp's server does. What the model says is not looked at.
@Suite(.enabled(if: localModel != nil), .serialized)
struct LocalModelTests {
    let http = HTTPClient()
    let address = localModel ?? ""
    private var openai: OpenAIClient { OpenAIClient(http: http, url: address + "/v1", model: "m", key: nil) }
    private var anthropic: AnthropicClient { AnthropicClient(http: http, url: address, model: "m", key: nil) }

    static func ask(_ text: String, schema: JSONValue? = nil, outputMax: Int = 48) -> ModelRequest {
        ModelRequest(
            system: "You are short.", messages: [ModelMessage(.user, [.text(text)])], schema: schema,
            outputMax: outputMax, timeout: .seconds(240))
    }

    @Test(arguments: [false, true])
    func textStreamsAndIsCounted(isAnthropic: Bool) async throws {
        let client: any ModelClient = isAnthropic ? anthropic : openai
        let pieces = Mutex<[String]>([])
        let reply = try await client.send(Self.ask("Say hello to the night shift.")) { piece in
            pieces.withLock { $0.append(piece) }
        }
        #expect(!reply.text.isEmpty && pieces.withLock { $0.joined() } == reply.text)
        #expect(pieces.withLock { $0.count } > 1)
        #expect(reply.stop == .end || reply.stop == .length)
        #expect((1...200).contains(reply.usage.input + reply.usage.cacheRead))
        #expect((1...48).contains(reply.usage.output))
    }

    @Test(arguments: [false, true])
    func theLengthHolds(isAnthropic: Bool) async throws {
        let client: any ModelClient = isAnthropic ? anthropic : openai
        let reply = try await client.send(Self.ask("Count from 1 to 100.", outputMax: 4)) { _ in }
        #expect(reply.stop == .length && reply.usage.output <= 4)
    }

    @Test func aSchemaHolds() async throws {
        let schema: JSONValue = [
            "type": "object", "required": ["kind", "why"], "additionalProperties": false,
            "properties": ["kind": ["enum": ["disk", "memory"]], "why": ["type": "string", "maxLength": 20]],
        ]
        let reply = try await openai.send(Self.ask("Which is full?", schema: schema, outputMax: 192)) { _ in }
        let value = try JSONDecoder().decode([String: String].self, from: Data(reply.text.utf8))
        #expect(["disk", "memory"].contains(value["kind"]) && value["why"] != nil && value.count == 2)
    }

    @Test func toolsAreTaken() async throws {
        var request = Self.ask("Which units failed?")
        request.tools = [
            ModelTool(name: "units", description: "Lists failed units.", schema: ["type": "object", "properties": [:]])
        ]
        #expect(try await openai.send(request) { _ in }.usage.total > 0)
        request.messages += [
            ModelMessage(.assistant, [.call(id: "c1", tool: "units", arguments: [:])]),
            ModelMessage(.user, [.result(id: "c1", text: "nginx.service", isError: false)]),
        ]
        #expect(try await openai.send(request) { _ in }.usage.total > 0)
    }

    @Test func cancellationEndsAnAnswer() async {
        let client = openai
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            do throws(ModelError) {
                _ = try await client.send(Self.ask("Count from 1 to 1000.", outputMax: 2000)) { _ in begin.yield() }
                return ModelError.Kind?.none
            } catch {
                return error.kind
            }
        }
        for await _ in begun { break }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func whatItWillNotTakeIsRefused() async {
        let long = Self.ask(String(repeating: "night shift ", count: 20_000))
        do throws(ModelError) {
            _ = try await openai.send(long) { _ in }
            Issue.record("a prompt beyond the context was taken")
        } catch {
            #expect(error.kind == .refused, "\(error)")
        }
        do throws(ModelError) {
            _ = try await OpenAIClient(http: http, url: address + "/nowhere", model: "m", key: nil)
                .send(Self.ask("Hello.")) { _ in }
            Issue.record("an unknown path answered")
        } catch {
            #expect(error.kind == .refused, "\(error)")
        }
    }
}
