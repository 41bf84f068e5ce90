import Model
import Testing

@testable import Agents

/// Every recorded stream, cut at every byte.
@Suite struct ReaderTests {
    static let streams: [(Vendor, String)] = [
        (.anthropic, "text"), (.anthropic, "tools"), (.anthropic, "max-tokens"), (.anthropic, "context"),
        (.anthropic, "refusal"), (.anthropic, "pause-turn"),
        (.openai, "text"), (.openai, "tools"), (.openai, "length"), (.openai, "refusal"), (.openai, "content-filter"),
        (.ollama, "text"), (.ollama, "tools"), (.ollama, "length"),
    ]

    private func read(_ vendor: Vendor, _ pieces: [ArraySlice<UInt8>]) throws(ModelError) -> (ModelReply, String) {
        var reader = vendor.reader()
        var text = ""
        for piece in pieces { try reader.take(Array(piece)) { text += $0 } }
        return (try reader.finish(), text)
    }

    /// Text that arrives while the answer is under way: an explanation of a refusal only comes with the end.
    private func streamed(_ vendor: Vendor, _ reply: ModelReply) -> String {
        vendor == .anthropic && reply.stop == .refusal ? "" : reply.text
    }

    /// One cut: at each byte of the streams with calls.
    @Test(arguments: Vendor.allCases)
    func aStreamIsReadWhereverItIsCut(vendor: Vendor) throws {
        let bytes = try vendor.stream("tools")
        let expected = try Fixture.reply("\(vendor)/tools.json")
        var first = vendor.reader()
        var begun = ""
        for cut in bytes.indices {
            var (second, text) = (first, begun)
            try second.take(Array(bytes[cut...])) { text += $0 }
            let reply = try second.finish()
            guard reply == expected, text == streamed(vendor, expected) else {
                Issue.record("cut at byte \(cut): \(reply), text \(text)")
                return
            }
            try first.take([bytes[cut]]) { begun += $0 }
        }
    }

    /// All cuts at once, with each of the three line ends.
    @Test(arguments: streams)
    func aStreamIsReadByteByByteAndWithOtherLineEnds(vendor: Vendor, name: String) throws {
        let bytes = try vendor.stream(name)
        let expected = try Fixture.reply("\(vendor)/\(name).json")
        for end in vendor.isEventStream ? ["\n", "\r\n", "\r"] : ["\n", "\r\n"] {
            let other = Array(String(decoding: bytes, as: UTF8.self).replacing("\n", with: end).utf8)
            let (reply, text) = try read(vendor, other.indices.map { other[$0...$0] })
            #expect(reply == expected && text == streamed(vendor, expected))
        }
    }

    @Test(arguments: streams)
    func aStreamThatBreaksOffAnywhereIsNoAnswer(vendor: Vendor, name: String) throws {
        let bytes = try vendor.stream(name)
        var reader = vendor.reader()
        // The last line feed of a line of JSON may be missing.
        for end in 0..<(bytes.count - 1) {
            do throws(ModelError) {
                var broken = reader
                let reply = try broken.finish()
                Issue.record("the first \(end) bytes were an answer: \(reply)")
                return
            } catch {
                let isEarly = error.kind == .malformed && end < 400
                guard error.kind == .unreachable || isEarly else {
                    Issue.record("the first \(end) bytes: \(error)")
                    return
                }
            }
            try reader.take([bytes[end]]) { _ in }
        }
    }

    @Test func aLastLineNeedsNoEnd() throws {
        let bytes = try Vendor.ollama.stream("text")
        let (reply, _) = try read(.ollama, [bytes.dropLast()])
        #expect(try reply == Fixture.reply("ollama/text.json"))
    }

    @Test(arguments: [
        (Vendor.anthropic, "error-overloaded", ModelError.Kind.busy, "(overloaded_error): Overloaded"),
        (.openai, "error-server", .busy, "(server_error): The server had an error"),
        (.ollama, "error-stream", .busy, "an error was encountered while running the model"),
    ])
    func anErrorInTheMidstOfAStreamIsOne(vendor: Vendor, name: String, kind: ModelError.Kind, text: String) throws {
        let bytes = try vendor.stream(name)
        for cut in bytes.indices {
            do throws(ModelError) {
                _ = try read(vendor, [bytes[..<cut], bytes[cut...]])
                Issue.record("an error was an answer")
            } catch {
                guard error.kind == kind, error.message.contains(text) else {
                    Issue.record("cut at byte \(cut): \(error)")
                    return
                }
            }
        }
    }

    @Test(arguments: [
        (Vendor.anthropic, #"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#),
        (.openai, #"{"error":{"type":"insufficient_quota","code":null,"message":"no"}}"#),
        (.openai, #"{"error":{"type":"invalid","code":400,"message":"no"}}"#),
    ])
    func anErrorThatWillNotPassIsRefused(vendor: Vendor, json: String) {
        #expect(kind(vendor, Self.event(json)) == .refused)
    }

    private func kind(_ vendor: Vendor, _ stream: String) -> ModelError.Kind? {
        do throws(ModelError) {
            _ = try read(vendor, [Array(stream.utf8)[...]])
            return nil
        } catch {
            return error.kind
        }
    }

    private static func event(_ json: String) -> String { "data: \(json)\n\n" }
    static let start = event(#"{"type":"message_start","message":{"usage":{"input_tokens":1}}}"#)
    static let block = event(#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)
    static let stop = event(#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{}}"#)
    static let end = event(#"{"type":"message_stop"}"#)
    static let done = "data: [DONE]\n\n"

    static let brokenMessages: [String] = [
        event("hello"), event("[]"), event("{}"), event("\u{0}"), "garbage\n\n\n", event(#"{"type":"error"}"#),
        start + start, block, start + end, stop, start + block + block, start + block + stop + end,
        start + event(#"{"type":"content_block_delta","index":0,"delta":{}}"#),
        start + event(#"{"type":"content_block_stop","index":-1}"#),
        start + block + event(#"{"type":"content_block_stop","index":1e300}"#),
        event(#"{"type":"message_start","message":{"usage":{"input_tokens":-1}}}"#),
        event(#"{"type":"message_start","message":{"usage":{"output_tokens":1e99}}}"#),
        event(#"{"type":"message_start","message":{"usage":{"output_tokens":"1"}}}"#),
        start + event(#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}"#)
            + event(#"{"type":"content_block_stop","index":0}"#) + stop + end,
    ]
    static let brokenChunks: [String] = [
        event("hello"), event("[]"), event("{}"), event(#"{"choices":"#), "garbage\n\n\n",
        event(#"{"choices":[]}"#) + done, event(#"{"choices":[{"delta":{"tool_calls":[{}]}}]}"#),
        event(#"{"choices":[{"delta":{"tool_calls":[{"index":7}]}}]}"#),
        event(#"{"choices":[],"usage":{"prompt_tokens":1.5}}"#),
        event(#"{"choices":[{"delta":{"tool_calls":[{"index":0}]},"finish_reason":"tool_calls"}]}"#) + done,
    ]
    static let brokenLines: [String] = [
        "hello\n", "[]\n", "{}\n", "garbage", #"{"message":"# + "\n",
        #"{"message":{"tool_calls":[{"function":{}}]}}"# + "\n",
        #"{"message":{},"done":true,"eval_count":-3}"# + "\n",
    ]

    @Test(arguments: brokenMessages)
    func whatIsNoMessageIsMalformed(stream: String) { #expect(kind(.anthropic, stream) == .malformed) }

    @Test(arguments: brokenChunks)
    func whatIsNoCompletionIsMalformed(stream: String) { #expect(kind(.openai, stream) == .malformed) }

    @Test(arguments: brokenLines)
    func whatIsNoChatIsMalformed(stream: String) { #expect(kind(.ollama, stream) == .malformed) }

    @Test func bytesThatAreNoTextAreMalformed() {
        #expect(throws: ModelError.self) { try read(.openai, [Array("data: ".utf8) + [0xFF, 0xFE, 10, 10]]) }
    }

    @Test func manyCallsAreBounded() {
        let line = #"{"message":{"tool_calls":[{"function":{"name":"t"}}]}}"# + "\n"
        #expect(kind(.ollama, String(repeating: line, count: OllamaReader.callsMax + 1)) == .malformed)
        let chunks = (0...OpenAIReader.callsMax).map {
            Self.event(#"{"choices":[{"delta":{"tool_calls":[{"index":\#($0)}]}}]}"#)
        }
        #expect(kind(.openai, chunks.joined()) == .malformed)
    }

    @Test func argumentsThatAreNoObjectAreKeptAsText() throws {
        let call = #"{"index":0,"id":"a","function":{"name":"t","arguments":"[1"}}"#
        let stream = #"data: {"choices":[{"delta":{"tool_calls":[\#(call)]},"finish_reason":"stop"}]}"#
        let (reply, _) = try read(.openai, [Array((stream + "\n\n" + Self.done).utf8)[...]])
        #expect(reply.parts == [.call(id: "a", tool: "t", arguments: .string("[1"))])
        #expect(reply.stop == .calls)
    }

    @Test func unknownEventsBlocksAndDeltasAreLetBe() throws {
        let stream =
            Self.start + Self.event(#"{"type":"news"}"#)
            + Self.event(#"{"type":"content_block_start","index":0,"content_block":{"type":"poem","lines":[1]}}"#)
            + Self.event(#"{"type":"content_block_delta","index":0,"delta":{"type":"line_delta"}}"#)
            + Self.event(#"{"type":"content_block_stop","index":0}"#) + Self.stop + Self.end
        let (reply, _) = try read(.anthropic, [Array(stream.utf8)[...]])
        #expect(reply.parts == [.vendor(["type": "poem", "lines": [1]])])
    }
}
