import Model
import Runbooks
import Testing

@testable import Actuation

@Suite struct FrameTests {
    @Test func whatIsWrittenIsRead() throws {
        let key = EffectKey(run: "r1", path: "restart", attempt: 2)
        let order = Order(run: "r1", runbook: "x", digest: "d", parameters: .init(["unit": "web.service", "n": 3]))
        for request: ExecRequest in [.hello, .perform(key: key, order: order), .halt(why: "\u{0}é\n")] {
            var buffer = FrameBuffer()
            for byte in try Frame.bytes(request, id: 7) { buffer.append([byte]) }
            let body = try #require(try buffer.next())
            let (id, read) = try Frame.decode(body, as: ExecRequest.self)
            #expect(id == 7)
            #expect(read == request)
            #expect(try buffer.next() == nil)
        }
    }

    @Test func severalFramesInOnePiece() throws {
        var buffer = FrameBuffer()
        buffer.append(try Frame.bytes(ApproveRequest.resume, id: 1) + Frame.bytes(ApproveRequest.status, id: 2))
        let ids = try [1, 2].map { _ in try Frame.decode(try #require(try buffer.next()), as: ApproveRequest.self).id }
        #expect(ids == [1, 2])
    }

    @Test(arguments: [[0, 0, 0, 0], [0, 1, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF], [0x47, 0x45, 0x54, 0x20]] as [[UInt8]])
    func aLengthOutOfBoundsEndsTheConnection(prefix: [UInt8]) {
        var buffer = FrameBuffer()
        buffer.append(prefix)
        let fault = #expect(throws: Fault.self) { try buffer.next() }
        #expect(fault?.code == "frame.size")
    }

    @Test(
        arguments: [
            ("", "frame.malformed"), ("{", "frame.malformed"), ("[]", "frame.malformed"),
            ("{\"v\":1}", "frame.malformed"),
            ("{\"v\":2,\"id\":1,\"body\":{\"hello\":{}}}", "frame.version"),
            ("{\"id\":1,\"body\":{\"hello\":{}}}", "frame.malformed"),
            ("{\"v\":1,\"id\":1,\"body\":{\"shell\":{\"line\":\"id\"}}}", "frame.malformed"),
            ("{\"v\":1,\"id\":\"1\",\"body\":{\"hello\":{}}}", "frame.malformed"),
            (String(repeating: "[", count: 60_000), "frame.malformed"),
        ])
    func whatIsNoMessageIsAFault(json: String, code: String) {
        let fault = #expect(throws: Fault.self) { try Frame.decode(json.utf8, as: ExecRequest.self) }
        #expect(fault?.code == code)
    }

    @Test func aMessageThatFitsNoFrameIsNotSent() {
        let long = String(repeating: "x", count: Frame.bodyMax)
        #expect(throws: Fault.self) { try Frame.bytes(ExecRequest.halt(why: long), id: 1) }
    }
}
