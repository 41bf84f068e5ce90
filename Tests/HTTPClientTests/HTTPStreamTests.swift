import Dispatch
import HTTPClient
import Model
import TestServer
import Testing

@Suite struct HTTPStreamTests {
    let client = HTTPClient()

    private func read(
        _ request: HTTPRequest, idleTimeout: Duration = .seconds(60), until last: String? = nil
    ) async throws(Fault) -> (response: HTTPResponse, text: String) {
        var text = ""
        let response = try await client.stream(request, idleTimeout: idleTimeout) { head, bytes in
            #expect(head.status > 0 && head.body.isEmpty)
            text += String(decoding: bytes, as: UTF8.self)
            return last.map { !text.hasSuffix($0) } ?? true
        }
        return (response, text)
    }

    private func fault(_ request: HTTPRequest, idleTimeout: Duration = .seconds(60)) async -> Fault? {
        do throws(Fault) {
            _ = try await read(request, idleTimeout: idleTimeout)
            return nil
        } catch {
            return error
        }
    }

    private static let chunkedHead = "HTTP/1.1 200 OK\r\nX-Test: one\r\nTransfer-Encoding: chunked\r\n\r\n"

    private static func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }

    @Test func bytesArriveWhileTheServerIsStillTalking() async throws {
        let taken = DispatchSemaphore(value: 0)
        // Each part is sent only after the one before was taken.
        let server = TestServer { _, connection in
            connection.send(Self.chunkedHead)
            for part in ["one ", "two ", "three"] {
                connection.send(Self.chunk(part))
                taken.wait()
            }
            connection.send("0\r\n\r\n")
        }
        var parts: [String] = []
        let request = HTTPRequest(url: server.url, timeout: .seconds(120))
        let response = try await client.stream(request, idleTimeout: .seconds(60)) { head, bytes in
            #expect(head[header: "x-test"] == "one")
            parts.append(String(decoding: bytes, as: UTF8.self))
            taken.signal()
            return true
        }
        #expect(response.status == 200 && parts == ["one ", "two ", "three"])
    }

    @Test(arguments: [200, 404, 529])
    func anyStatusIsAnAnswer(status: Int) async throws {
        let server = TestServer { _, connection in connection.answer("hello", status: status) }
        let (response, text) = try await read(HTTPRequest(url: server.url, timeout: .seconds(120)))
        #expect(response.status == status && text == "hello")
    }

    @Test func anAnswerWithoutABodyHasOnlyAHead() async throws {
        let server = TestServer { _, connection in connection.answer("", status: 204, headers: [("X-Test", "one")]) }
        let (response, text) = try await read(HTTPRequest(url: server.url, timeout: .seconds(120)))
        #expect(response.status == 204 && response[header: "X-Test"] == "one" && text == "")
    }

    @Test func enoughEndsAnAnswerThatWouldNotEnd() async throws {
        let (gone, isGone) = AsyncStream.makeStream(of: Void.self)
        let server = TestServer { _, connection in
            connection.send(Self.chunkedHead + Self.chunk("a") + Self.chunk("b") + Self.chunk("END"))
            connection.hang()
            isGone.yield()
        }
        let (response, text) = try await read(HTTPRequest(url: server.url, timeout: .seconds(120)), until: "END")
        #expect(response.status == 200 && text == "abEND")
        for await _ in gone { break }  // the server saw the connection close
    }

    @Test func silenceEndsAnAnswerThatHasBegun() async throws {
        let server = TestServer { request, connection in
            connection.send(request.path == "/head" ? Self.chunkedHead : Self.chunkedHead + Self.chunk("a"))
            connection.hang()
        }
        for path in ["/head", "/body"] {
            let fault = await fault(HTTPRequest(url: server.url + path), idleTimeout: .milliseconds(50))
            #expect(fault?.code == "http.timeout")
            #expect(fault?.message.hasSuffix("was stopped: no byte came for 50ms") == true)
        }
    }

    @Test func silenceBeforeTheAnswerIsTheWholeTimeoutsBusiness() async throws {
        let server = TestServer { _, connection in connection.hang() }
        let request = HTTPRequest(url: server.url, timeout: .milliseconds(100))
        let fault = await fault(request, idleTimeout: .milliseconds(1))
        #expect(fault?.code == "http.timeout" && fault?.message.contains("no byte") == false)
    }

    @Test func theWholeTimeoutHoldsForAnAnswerThatNeverFallsSilent() async throws {
        let server = TestServer { _, connection in
            connection.send(Self.chunkedHead)
            while connection.send(Self.chunk(".")) {}
        }
        let request = HTTPRequest(url: server.url, timeout: .milliseconds(100), bodyLimit: 1 << 30)
        #expect(await fault(request)?.code == "http.timeout")
    }

    @Test func anEndlessBodyIsStoppedAtTheLimit() async throws {
        let server = TestServer { _, connection in
            connection.send(Self.chunkedHead)
            while connection.send(Self.chunk(String(repeating: "x", count: 4096))) {}
        }
        var bytes = 0
        do throws(Fault) {
            _ = try await client.stream(HTTPRequest(url: server.url, bodyLimit: 100_000), idleTimeout: .seconds(9)) {
                bytes += $1.count
                return true
            }
            Issue.record("an endless body ended")
        } catch {
            #expect(error.code == "http.size")
        }
        #expect(bytes <= 100_000)
    }

    @Test func aBrokenAnswerGivesItsBytesAndThenAFault() async throws {
        let server = TestServer { _, connection in
            connection.send(Self.chunkedHead + Self.chunk("half") + "5\r\nab")
            connection.hangUp()
        }
        var text = ""
        do throws(Fault) {
            _ = try await client.stream(HTTPRequest(url: server.url, timeout: .seconds(120)), idleTimeout: .seconds(9))
            {
                text += String(decoding: $1, as: UTF8.self)
                return true
            }
            Issue.record("a broken answer was whole")
        } catch {
            #expect(error.code == "http.truncated")
        }
        #expect(text == "halfab")
    }

    @Test func cancellationAbortsTheTransfer() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (gone, isGone) = AsyncStream.makeStream(of: Void.self)
        let server = TestServer { _, connection in
            connection.send(Self.chunkedHead + Self.chunk("a"))
            connection.hang()
            isGone.yield()
        }
        let task = Task {
            do throws(Fault) {
                _ = try await client.stream(
                    HTTPRequest(url: server.url, timeout: .seconds(120)), idleTimeout: .seconds(60)
                ) { _, _ in
                    begin.yield()
                    return true
                }
                return ""
            } catch {
                return error.code
            }
        }
        for await _ in begun { break }
        task.cancel()
        #expect(await task.value == "http.cancelled")
        for await _ in gone { break }  // the server saw the connection close
    }

    @Test func nothingIsSentForATaskThatIsCancelledAlready() async throws {
        let server = TestServer { _, connection in connection.answer("") }
        let code = await withTaskGroup(of: String?.self) { group in
            group.cancelAll()
            group.addTask { await fault(HTTPRequest(url: server.url, timeout: .seconds(120)))?.code }
            return await group.next() ?? nil
        }
        #expect(code == "http.cancelled")
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func withoutAnIdleTimeoutNothingIsSent(idleTimeout: Duration) async {
        #expect(await fault(HTTPRequest(url: "http://127.0.0.1:1"), idleTimeout: idleTimeout)?.code == "http.request")
    }

    @Test func streamsAndWholeAnswersShareAClient() async throws {
        let server = TestServer { request, connection in connection.answer(request.path) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask { try await read(HTTPRequest(url: server.url + "/\(number)")).text == "/\(number)" }
                group.addTask { try await client.send(HTTPRequest(url: server.url + "/x")).text == "/x" }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
