import Foundation

/// An HTTP server for tests only: it answers on loopback or a unix socket exactly as a test tells it to, rightly or wrongly.
///
/// Each connection has a thread of its own and blocking reads and writes, so that a test can hang, drip and break off.
public final class TestServer: @unchecked Sendable {
    public struct Request: Sendable {
        public var method = ""
        /// With the query.
        public var path = ""
        /// Names in lower case.
        public var headers: [String: String] = [:]
        public var body: [UInt8] = []
    }

    public typealias Answer = @Sendable (Request, Connection) -> Void

    public let port: Int
    public let socketPath: String?
    private let listener: Int32
    private let lock = NSLock()
    private var open: [Int32] = []
    private var seen: [Request] = []
    private var mostOpen = 0
    private var isStopped = false

    /// - Parameter socketPath: listens there instead of on a loopback port.
    public init(socketPath: String? = nil, _ answer: @escaping Answer) {
        self.socketPath = socketPath
        if let socketPath {
            listener = Self.listen(unix: socketPath)
            port = 0
        } else {
            (listener, port) = Self.listenOnLoopback()
        }
        // The thread must not keep the server: its owner's last reference stops it.
        Thread.detachNewThread { [listener, weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let server = self else { return }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                server.serve(connection, answer)
            }
        }
    }

    deinit { stop() }

    public var url: String { "http://127.0.0.1:\(port)" }
    public var address: String { "127.0.0.1:\(port)" }
    public var requests: [Request] { lock.withLock { seen } }
    /// The largest number of connections that were open at once.
    public var connectionsMax: Int { lock.withLock { mostOpen } }

    public func stop() {
        lock.withLock {
            guard !isStopped else { return }
            isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
            for connection in open { shutdown(connection, Int32(SHUT_RDWR)) }
            if let socketPath { unlink(socketPath) }
        }
    }

    private func serve(_ descriptor: Int32, _ answer: @escaping Answer) {
        let isWelcome = lock.withLock {
            if !isStopped {
                open.append(descriptor)
                mostOpen = max(mostOpen, open.count)
            }
            return !isStopped
        }
        guard isWelcome else {
            close(descriptor)
            return
        }
        Thread.detachNewThread { [weak self] in
            let connection = Connection(descriptor)
            while let request = connection.readRequest() {
                self?.lock.withLock { self?.seen.append(request) }
                answer(request, connection)
                if connection.isDone { break }
            }
            self?.lock.withLock { self?.open.removeAll { $0 == descriptor } }
            close(descriptor)
        }
    }

    /// A program that another test starts must not hold a connection open.
    private static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    private static func listen(unix path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, streamType, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafeBytes(of: &address) {
            bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        precondition(result == 0 && Foundation.listen(descriptor, 64) == 0, "no test server on \(path)")
        return descriptor
    }

    private static func listenOnLoopback() -> (Int32, Int) {
        let descriptor = socket(AF_INET, streamType, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var length = size
        let result = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(descriptor, pointer, size) == 0 && Foundation.listen(descriptor, 1024) == 0
                && getsockname(descriptor, pointer, &length) == 0
        }
        precondition(result, "no test server on loopback")
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}

/// The server's end of one connection.
public final class Connection: @unchecked Sendable {
    private let descriptor: Int32
    fileprivate var isDone = false
    private var received: [UInt8] = []

    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// A whole answer with a length; the connection stays open for the next request.
    public func answer(_ body: [UInt8], status: Int = 200, headers: [(String, String)] = []) {
        var head = "HTTP/1.1 \(status) Test\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        send(Array((head + "\r\n").utf8) + body)
    }

    public func answer(_ body: String, status: Int = 200, headers: [(String, String)] = []) {
        answer(Array(body.utf8), status: status, headers: headers)
    }

    /// False when the client has gone.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                isDone = true
                return false
            }
            sent += count
        }
        return true
    }

    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Breaks off.
    public func hangUp() { isDone = true }

    /// Says nothing more until the client goes away.
    public func hang() {
        isDone = true
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
    }

    fileprivate func readRequest() -> TestServer.Request? {
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        while headEnd == nil {
            headEnd = received.firstRange(of: end)?.lowerBound
            if headEnd == nil, !receive() { return nil }
        }
        guard let headEnd else { return nil }
        let lines = String(decoding: received[..<headEnd], as: UTF8.self).components(separatedBy: "\r\n")
        var request = TestServer.Request()
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        (request.method, request.path) = (String(words[0]), String(words[1]))
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            request.headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
                .trimmingCharacters(in: .whitespaces)
        }
        received.removeFirst(headEnd + end.count)
        let length = request.headers["content-length"].flatMap { Int($0) } ?? 0
        while received.count < length { if !receive() { return nil } }
        request.body = Array(received.prefix(length))
        received.removeFirst(length)
        return request
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { received += buffer.prefix(count) }
        return count > 0
    }
}
