import Foundation
import HTTPClient
import Model
import Synchronization
import TestServer
import Testing

@testable import Agents

/// The clients against a server that answers rightly, wrongly, or not at all.
@Suite struct ClientTests {
    static let secret = "sk-test-0123456789abcdef"
    private let http = HTTPClient()

    private func ask(
        _ vendor: Vendor, _ url: String, _ request: ModelRequest = SampleRequest.plain,
        idleTimeout: Duration = .seconds(60)
    ) async -> Result<(ModelReply, String), ModelError> {
        let client = vendor.client(http, url, key: ModelKey(Self.secret), idleTimeout: idleTimeout)
        let text = Mutex("")
        do throws(ModelError) {
            let reply = try await client.send(request) { piece in text.withLock { $0 += piece } }
            return .success((reply, text.withLock { $0 }))
        } catch {
            #expect(!"\(error) \(error.message)".contains(Self.secret))
            return .failure(error)
        }
    }

    func error(
        _ vendor: Vendor, _ url: String, _ request: ModelRequest = SampleRequest.plain,
        idleTimeout: Duration = .seconds(60)
    ) async -> ModelError? {
        guard case .failure(let error) = await ask(vendor, url, request, idleTimeout: idleTimeout) else { return nil }
        return error
    }

    static func head(_ vendor: Vendor) -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: \(vendor.streamType)\r\nTransfer-Encoding: chunked\r\n\r\n"
    }
    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8)
    }

    @Test(arguments: Vendor.allCases, [1, 7, 100_000])
    func aStreamedAnswerArrives(vendor: Vendor, size: Int) async throws {
        let bytes = try vendor.stream("tools")
        let server = TestServer { _, connection in
            connection.send(Self.head(vendor))
            for start in stride(from: 0, to: bytes.count, by: size) {
                connection.send(Self.chunk(Array(bytes[start..<min(start + size, bytes.count)])))
            }
            connection.send("0\r\n\r\n")
        }
        let (reply, text) = try await ask(vendor, server.url, SampleRequest.withSchema).get()
        #expect(try reply == Fixture.reply("\(vendor)/tools.json"))
        #expect(text == reply.text)
    }

    @Test(arguments: [
        (Vendor.anthropic, "/v1/messages", "x-api-key", secret), (.openai, "/chat/completions", "authorization", ""),
        (.ollama, "/api/chat", "authorization", ""),
    ])
    func aRequestHasItsPathKeyAndBody(vendor: Vendor, path: String, header: String, value: String) async throws {
        let stream = try vendor.stream("text")
        let server = TestServer { _, connection in
            connection.answer(stream, headers: [("Content-Type", vendor.streamType)])
        }
        _ = try await ask(vendor, server.url + "/base", SampleRequest.withTools).get()
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.path == "/base" + path)
        #expect(request.headers[header] == (value.isEmpty ? "Bearer \(Self.secret)" : value))
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["accept"] == (vendor.isEventStream ? "text/event-stream" : "application/x-ndjson"))
        #expect(request.headers["anthropic-version"] == (vendor == .anthropic ? "2026-10-21" : nil))
        let body = try #require(WireJSON.decode(request.body))
        var expected = try #require(vendor.body(SampleRequest.withTools).object)
        expected["model"] = "m"
        #expect(body == .object(expected))
    }

    /// Recorded error bodies: what the status says, and whether another try may help.
    static let statuses: [(Vendor, Int, String, ModelError.Kind)] = [
        (.anthropic, 400, "400", .refused), (.anthropic, 401, "401", .refused), (.anthropic, 402, "402", .refused),
        (.anthropic, 403, "403", .refused), (.anthropic, 404, "404", .refused), (.anthropic, 413, "400", .refused),
        (.anthropic, 429, "429", .busy), (.anthropic, 500, "500", .busy), (.anthropic, 504, "504", .busy),
        (.anthropic, 529, "529", .busy), (.openai, 400, "400", .refused), (.openai, 401, "401", .refused),
        (.openai, 404, "404", .refused), (.openai, 429, "429", .busy), (.openai, 429, "429-quota", .refused),
        (.openai, 500, "500", .busy), (.openai, 503, "503", .busy), (.ollama, 400, "400", .refused),
        (.ollama, 404, "404", .refused), (.ollama, 429, "429", .busy), (.ollama, 500, "500", .busy),
    ]

    @Test(arguments: statuses)
    func aStatusSaysWhetherToTryAgain(vendor: Vendor, status: Int, name: String, kind: ModelError.Kind) async throws {
        let body = try Fixture.bytes("\(vendor)/error-\(name).json")
        let server = TestServer { _, connection in
            connection.answer(
                body, status: status, headers: [("Content-Type", "application/json"), ("Retry-After", "7")])
        }
        let error = try #require(await error(vendor, server.url))
        #expect(error.kind == kind)
        #expect(error.retryAfter == (kind == .busy ? .seconds(7) : nil))
        let fixture = try Fixture.json("\(vendor)/error-\(name).json")
        let message = try #require(fixture["error"]?.string ?? fixture["error"]?["message"]?.string)
        #expect(error.message.contains("it answered \(status) ") && error.message.contains(message))
        #expect(error.usage == ModelUsage())
    }

    @Test(arguments: [
        (301, ModelError.Kind.refused), (302, .refused), (405, .refused), (408, .busy), (409, .busy), (422, .refused),
        (425, .busy), (502, .busy), (599, .busy), (204, .refused),
    ])
    func aStatusWithoutAWordIsUnderstoodToo(status: Int, kind: ModelError.Kind) async throws {
        let server = TestServer { _, connection in
            connection.answer(status == 204 ? "" : "<html>no</html>", status: status)
        }
        #expect(await error(.openai, server.url)?.kind == kind)
    }

    @Test(arguments: [("false", 500, ModelError.Kind.refused), ("true", 400, .busy), ("maybe", 500, .busy)])
    func theVendorsOwnWordAboutTryingAgainCounts(word: String, status: Int, kind: ModelError.Kind) async {
        let server = TestServer { _, connection in
            connection.answer("{}", status: status, headers: [("X-Should-Retry", word)])
        }
        #expect(await error(.anthropic, server.url)?.kind == kind)
    }

    @Test(arguments: Vendor.allCases)
    func an200WithAnErrorIsAnError(vendor: Vendor) async throws {
        let body = try Fixture.bytes("\(vendor)/error-500.json")
        let compact = try WireJSON.encode(#require(WireJSON.decode(body)))
        let server = TestServer { request, connection in
            connection.answer(compact, headers: [("Content-Type", "application/json")])
        }
        #expect(await error(vendor, server.url)?.kind == .busy)
    }

    @Test(arguments: [
        ("application/json", "{\"id\": 1}"), ("application/json", "not JSON"), ("text/html", "<html>Welcome</html>"),
        ("text/plain", "hello\n\nworld\n\n"), ("", "{\"x\":\n\n"),
    ])
    func a200WithSomethingElseIsMalformed(type: String, body: String) async {
        let server = TestServer { _, connection in
            connection.answer(body, headers: type.isEmpty ? [] : [("Content-Type", type)])
        }
        for vendor in Vendor.allCases { #expect(await error(vendor, server.url)?.kind == .malformed) }
    }

    @Test(arguments: Vendor.allCases)
    func aConnectionThatBreaksIsUnreachable(vendor: Vendor) async throws {
        let bytes = try vendor.stream("text").prefix(500)
        let server = TestServer { _, connection in
            connection.send(Array(Self.head(vendor).utf8) + Self.chunk(Array(bytes)))
            connection.hangUp()
        }
        #expect(await error(vendor, server.url)?.kind == .unreachable)
        server.stop()
        #expect(await error(vendor, server.url)?.kind == .unreachable)
    }

    @Test(arguments: Vendor.allCases)
    func aServerThatHangsTimesOut(vendor: Vendor) async throws {
        let bytes = try vendor.stream("text").prefix(500)
        var request = SampleRequest.plain
        request.timeout = .milliseconds(100)
        let silent = TestServer { _, connection in connection.hang() }
        #expect(await error(vendor, silent.url, request)?.kind == .timeout)
        let stuck = TestServer { _, connection in
            connection.send(Array(Self.head(vendor).utf8) + Self.chunk(Array(bytes)))
            connection.hang()
        }
        #expect(await error(vendor, stuck.url, idleTimeout: .milliseconds(50))?.kind == .timeout)
    }

    @Test(arguments: Vendor.allCases)
    func theLastEventEndsAnAnswerWhoseConnectionStaysOpen(vendor: Vendor) async throws {
        let bytes = try vendor.stream("text")
        let server = TestServer { _, connection in
            connection.send(Array(Self.head(vendor).utf8) + Self.chunk(bytes))
            connection.hang()
        }
        #expect(try await ask(vendor, server.url).get().0 == Fixture.reply("\(vendor)/text.json"))
    }

    @Test(arguments: Vendor.allCases)
    func cancellationEndsARequest(vendor: Vendor) async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let bytes = try vendor.stream("text").prefix(500)
        let server = TestServer { _, connection in
            connection.send(Array(Self.head(vendor).utf8) + Self.chunk(Array(bytes)))
            begin.yield()
            connection.hang()
        }
        let task = Task { await error(vendor, server.url) }
        for await _ in begun { break }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
    }

    @Test(arguments: Vendor.allCases)
    func aKeyThatTheVendorRepeatsIsHidden(vendor: Vendor) async throws {
        let server = TestServer { request, connection in
            connection.answer(
                "{\"error\":{\"type\":\"\(Self.secret)\",\"message\":\"no such key: \(Self.secret)\"}}", status: 401)
        }
        let error = try #require(await error(vendor, server.url))
        #expect(error.message.contains("no such key: [key]"))
        let client = vendor.client(http, "http://127.0.0.1:1", key: ModelKey(Self.secret))
        var shown = "\(client) " + String(reflecting: client)
        dump(client, to: &shown)
        #expect(!shown.contains(Self.secret))
    }

    @Test func foreignTextIsOneShortLine() async throws {
        let text = #"a\u001b[31m\nb\u202e"# + String(repeating: "x", count: 5000)
        let server = TestServer { _, connection in connection.answer("{\"error\":\"\(text)\"}", status: 400) }
        let message = try #require(await error(.ollama, server.url)).message
        #expect(message.contains("a [31m b xxx") && message.hasSuffix("…") && message.count < 500)
    }

    @Test func anAnswerThatNobodyCountedCostsTheMost() async throws {
        let stream = #"data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n"
        let server = TestServer { _, connection in connection.answer(stream) }
        let (reply, _) = try await ask(.openai, server.url).get()
        #expect(reply.usage == ModelUsage(input: SampleRequest.plain.inputTokensMost, output: 512))
    }

    @Test func aBrokenAnswerCostsWhatWasCounted() async throws {
        let anthropic = Array(try Vendor.anthropic.stream("text").dropLast(100))
        let openai = Array((#"data: {"choices":[{"delta":{"content":"hi"}}]}"# + "\n\n").utf8)
        let server = TestServer { request, connection in
            connection.answer(request.path.contains("messages") ? anthropic : openai)
        }
        let counted = try #require(await error(.anthropic, server.url)).usage
        #expect(counted.input == 25 && counted.output > 1)
        let guessed = try #require(await error(.openai, server.url)).usage
        #expect(guessed.input == SampleRequest.plain.inputTokensMost && guessed.output == 1)
    }
}
