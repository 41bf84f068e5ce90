import Foundation
import HTTPClient
import Model
import Synchronization
import TestServer
import Testing

@Suite struct HTTPClientTests {
    let client = HTTPClient()

    private func fault(_ request: HTTPRequest) async -> Fault? {
        do throws(Fault) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [200, 204, 404, 500])
    func anyStatusIsAnAnswer(status: Int) async throws {
        let server = TestServer { _, connection in
            connection.answer(status == 204 ? "" : "hello", status: status, headers: [("X-Test", " one ")])
        }
        let response = try await client.send(HTTPRequest(url: server.url + "/a?b=c"))
        #expect(response.status == status)
        #expect(response[header: "x-test"] == "one")
        #expect(response.text == (status == 204 ? "" : "hello"))
        #expect(server.requests.map(\.path) == ["/a?b=c"])
        #expect(response.duration > .zero && response.began.microseconds > 0)
    }

    @Test func sendsMethodHeadersAndBodyAsGiven() async throws {
        let server = TestServer { _, connection in connection.answer("ok") }
        let body = Array("{\"a\": \"\0\"}".utf8) + [UInt8](repeating: 7, count: 100_000)
        _ = try await client.send(
            HTTPRequest(
                method: "PUT", url: server.url, headers: [("Content-Type", "application/json"), ("X-Empty", "")],
                body: body))
        let request = try #require(server.requests.first)
        #expect(request.method == "PUT")
        #expect(request.body == body)
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["x-empty"] == "")
        #expect(request.headers["user-agent"] == "nightshift")
        #expect(request.headers["expect"] == nil)
    }

    @Test(arguments: ["POST", "DELETE", "HEAD"])
    func otherMethodsWorkWithoutABody(method: String) async throws {
        let server = TestServer { request, connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (request.method == "HEAD" ? "" : "ok"))
        }
        let body: [UInt8]? = method == "POST" ? [] : nil
        let response = try await client.send(HTTPRequest(method: method, url: server.url, body: body))
        #expect(response.text == (method == "HEAD" ? "" : "ok"))
        #expect(server.requests.map(\.method) == [method])
    }

    @Test func redirectsAreAnswersToo() async throws {
        let server = TestServer { _, connection in
            connection.answer("", status: 302, headers: [("Location", "/elsewhere")])
        }
        #expect(try await client.send(HTTPRequest(url: server.url)).status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func gzipIsAskedForAndDecoded() async throws {
        let server = TestServer { request, connection in
            connection.answer(Gzip.stored(Array("plain".utf8)), headers: [("Content-Encoding", "gzip")])
        }
        #expect(try await client.send(HTTPRequest(url: server.url)).text == "plain")
        #expect(server.requests.first?.headers["accept-encoding"] == "gzip")
    }

    @Test func theEnvironmentsProxyIsNotUsed() async throws {
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        let server = TestServer { _, connection in connection.answer("direct") }
        #expect(try await client.send(HTTPRequest(url: server.url)).text == "direct")
    }

    @Test func aUnixSocketServesAsWell() async throws {
        let path = "/tmp/nightshift-http-\(getpid()).sock"
        unlink(path)
        let server = TestServer(socketPath: path) { request, connection in connection.answer(request.path) }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(url: "http://localhost/x", unixSocket: path))
        #expect(response.text == "/x")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func hugeAndEndlessBodiesAreStopped(head: String) async throws {
        let sent = Mutex(0)
        let server = TestServer { _, connection in
            connection.send(head)
            let piece = [UInt8](repeating: 97, count: 4096)
            let chunk = head.contains("chunked") ? Array("1000\r\n".utf8) + piece + Array("\r\n".utf8) : piece
            while connection.send(chunk) { sent.withLock { $0 += piece.count } }
        }
        let fault = await fault(HTTPRequest(url: server.url, bodyLimit: 10_240))
        #expect(fault?.code == "http.size")
        #expect(fault?.message == "GET \(server.url) was stopped: it has a body of more than 10KiB")
    }

    @Test func theLimitHoldsForWhatGzipUnpacks() async throws {
        let bomb = Gzip.zeros(50 << 20)
        let server = TestServer { _, connection in connection.answer(bomb, headers: [("Content-Encoding", "gzip")]) }
        let fault = await fault(HTTPRequest(url: server.url, bodyLimit: 1 << 20))
        #expect(fault?.code == "http.size")
    }

    @Test func endlessHeadersAreStopped() async throws {
        let server = TestServer { _, connection in
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X-More: \(String(repeating: "x", count: 1000))\r\n") {}
        }
        #expect(await fault(HTTPRequest(url: server.url))?.message.contains("headers of more than 64KiB") == true)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "http.truncated"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "http.truncated"),
        ("", "http.truncated"),
        ("\u{0}\u{1}garbage\r\n\r\n", "http.protocol"),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", "http.protocol"),
    ])
    func brokenAnswersAreFaults(answer: String, code: String) async throws {
        let server = TestServer { _, connection in
            connection.send(answer)
            connection.hangUp()
        }
        #expect(await fault(HTTPRequest(url: server.url))?.code == code)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"])
    func hangingAnswersEndAtTheTimeout(answer: String) async throws {
        let server = TestServer { _, connection in
            connection.send(answer)
            connection.hang()
        }
        let fault = await fault(HTTPRequest(url: server.url, timeout: .milliseconds(100)))
        #expect(fault?.code == "http.timeout")
    }

    @Test func oneThatHangsDelaysNobody() async throws {
        let server = TestServer { request, connection in
            request.path == "/hang" ? connection.hang() : connection.answer("quick")
        }
        let hanging = HTTPRequest(url: server.url + "/hang", timeout: .seconds(60))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = await fault(hanging) } }
            for _ in 0..<20 {
                let response = try await client.send(HTTPRequest(url: server.url))
                #expect(response.text == "quick")
            }
            group.cancelAll()
        }
    }

    @Test func cancellationAbortsTheTransfer() async throws {
        let (hung, isHanging) = AsyncStream.makeStream(of: Void.self)
        let (gone, isGone) = AsyncStream.makeStream(of: Void.self)
        let server = TestServer { _, connection in
            isHanging.yield()
            connection.hang()
            isGone.yield()
        }
        let task = Task { await fault(HTTPRequest(url: server.url, timeout: .seconds(60))) }
        for await _ in hung { break }
        task.cancel()
        #expect(await task.value?.code == "http.cancelled")
        for await _ in gone { break }  // the server saw the connection close
    }

    @Test func nothingIsSentForATaskThatIsCancelledAlready() async throws {
        let server = TestServer { _, connection in connection.answer("") }
        let code = await withTaskGroup(of: String?.self) { group in
            group.cancelAll()
            group.addTask { await fault(HTTPRequest(url: server.url))?.code }
            return await group.next() ?? nil
        }
        #expect(code == "http.cancelled")
        #expect(server.requests.isEmpty)
    }

    @Test func transfersUnderWayAreBoundedAndOthersWaitWithinTheirTimeouts() async throws {
        let (hung, isHanging) = AsyncStream.makeStream(of: Void.self)
        let server = TestServer { _, connection in
            isHanging.yield()
            connection.hang()
        }
        let client = HTTPClient(concurrentMax: 2, waitingMax: 3)
        @Sendable func code(_ timeout: Duration) async -> String {
            do throws(Fault) {
                _ = try await client.send(HTTPRequest(url: server.url, timeout: timeout))
                return ""
            } catch {
                return error.code
            }
        }
        await withTaskGroup { group in
            for _ in 0..<2 { group.addTask { _ = await code(.seconds(60)) } }
            var under = 0
            for await _ in hung {
                under += 1
                if under == 2 { break }
            }
            let codes = await withTaskGroup(of: String.self) { waiting in
                for _ in 0..<5 { waiting.addTask { await code(.milliseconds(200)) } }
                return await waiting.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.sorted() == ["http.busy", "http.busy", "http.timeout", "http.timeout", "http.timeout"])
            #expect(server.connectionsMax == 2)
            group.cancelAll()
        }
    }

    @Test(arguments: [
        ("file:///etc/passwd", "http.request"), ("ftp://127.0.0.1/x", "http.request"), ("http://", "http.request"),
        ("http://127.0.0.1/a b", "http.request"), ("http://a\r\nX: y@127.0.0.1/", "http.request"),
    ])
    func nothingButHTTPIsSpoken(url: String, code: String) async {
        #expect(await fault(HTTPRequest(url: url))?.code == code)
    }

    @Test func headersCannotSmuggleLines() async {
        let request = HTTPRequest(url: "http://127.0.0.1:1/", headers: [("X", "a\r\nY: b")])
        #expect(await fault(request)?.code == "http.request")
    }

    @Test func faultsSayWhatHappenedWithoutSecrets() async {
        let server = TestServer { _, _ in }
        let address = server.address
        server.stop()
        let fault = await fault(HTTPRequest(url: "http://ada:hunter2@\(address)/metrics?token=hunter2"))
        #expect(fault?.code == "http.connect")
        #expect(fault?.message.hasPrefix("GET http://\(address)/metrics failed: ") == true)
        #expect(fault?.description.contains("hunter2") == false)
    }
}
