import Model
import TestServer
import Testing

@testable import Agents

/// Answers without an end: each is stopped by a bound of its own.
extension ClientTests {
    @Test func anEndlessAnswerOfPingsTimesOut() async throws {
        let ping = Self.chunk(Array("event: ping\ndata: {\"type\": \"ping\"}\n\n".utf8))
        let server = TestServer { _, connection in
            connection.send(Self.head(.anthropic))
            while connection.send(ping) {}
        }
        var request = SampleRequest.plain
        request.timeout = .milliseconds(100)
        let error = try #require(await error(.anthropic, server.url, request))
        #expect(error.kind == .timeout || error.kind == .malformed)
    }

    @Test(arguments: Vendor.allCases)
    func anEndlessLineIsStopped(vendor: Vendor) async {
        let server = TestServer { _, connection in
            connection.send(Self.head(vendor))
            while connection.send(Self.chunk([UInt8](repeating: 120, count: 65_536))) {}
        }
        let error = await error(vendor, server.url)
        #expect(error?.kind == .malformed && error?.message.contains("a line of more than 1048576 bytes") == true)
    }

    @Test(arguments: Vendor.allCases)
    func anEndlessTextIsStopped(vendor: Vendor) async {
        let words = String(repeating: "word ", count: 2000)
        let (first, next) =
            switch vendor {
            case .anthropic:
                (
                    """
                    event: message_start
                    data: {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", \
                    "model": "x", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}

                    event: content_block_start
                    data: {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}


                    """,
                    """
                    event: content_block_delta
                    data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "\(words)"}}


                    """
                )
            case .openai: ("", "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"\(words)\"}}]}\n\n")
            case .ollama:
                ("", "{\"message\": {\"role\": \"assistant\", \"content\": \"\(words)\"}, \"done\": false}\n")
            }
        let server = TestServer { _, connection in
            connection.send(Self.head(vendor))
            if !first.isEmpty { connection.send(Self.chunk(Array(first.utf8))) }
            while connection.send(Self.chunk(Array(next.utf8))) {}
        }
        let error = await error(vendor, server.url)
        #expect(
            error?.kind == .malformed && error?.message.contains("tokens can be") == true, "\(error?.message ?? "")")
    }

    @Test func anEndlessErrorBodyIsStopped() async {
        let server = TestServer { _, connection in
            connection.send("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.send(Self.chunk([UInt8](repeating: 120, count: 65_536))) {}
        }
        #expect(await error(.openai, server.url)?.kind == .busy)
    }
}
