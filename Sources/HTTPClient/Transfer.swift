import CCurl
import Glibc
import Model
import Synchronization

/// One request on its way; all but its cancellation and its answer is touched by the engine's thread alone.
final class Transfer: @unchecked Sendable {
    typealias Answer = Result<HTTPResponse, Fault>

    let request: HTTPRequest
    let deadline: ContinuousClock.Instant
    /// Where the body of a streamed answer goes; nil for a whole one.
    private let stream: StreamBuffer?
    private let continuation = Mutex<CheckedContinuation<Answer, Never>?>(nil)
    private let cancellation = Atomic(false)

    private(set) var handle: UnsafeMutableRawPointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var bodyBytes = 0
    /// When the last bytes of a streamed answer came; nil before its first.
    private var lastBytes: ContinuousClock.Instant?
    private var isTooLarge = false
    private var began = Timestamp(microseconds: 0)
    private var start = ContinuousClock.now

    static let headerBytesMax = 65_536

    init(_ request: HTTPRequest, stream: StreamBuffer? = nil) {
        self.request = request
        self.stream = stream
        deadline = .now + request.timeout
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        close()
        errorText.deallocate()
    }

    var isCancelled: Bool {
        get { cancellation.load(ordering: .acquiring) }
        set { cancellation.store(newValue, ordering: .releasing) }
    }

    func begin(_ continuation: CheckedContinuation<Answer, Never>) {
        self.continuation.withLock { $0 = continuation }
    }

    /// Gives the answer; only the first counts.
    func finish(_ answer: Answer) {
        let continuation = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        continuation?.resume(returning: answer)
        stream?.end(answer)
    }

    func fail(_ code: String, _ text: String) { finish(.failure(Fault(code, "\(request.shown) \(text)"))) }

    // MARK: On the engine's thread

    /// An easy handle with everything set.
    func open() -> UnsafeMutableRawPointer? {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        began = Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
        start = .now
        curl_easy_set_string(handle, CURLOPT_URL, request.url)
        curl_easy_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        setPolicy(handle)
        setLimits(handle)
        setMessage(handle)
        let context = Unmanaged.passUnretained(self).toOpaque()
        curl_easy_set_pointer(handle, CURLOPT_WRITEDATA, context)
        curl_easy_set_pointer(handle, CURLOPT_HEADERDATA, context)
        curl_easy_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            Transfer.from(context).takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        curl_easy_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            Transfer.from(context).takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        return handle
    }

    func close() {
        if let handle { curl_easy_cleanup(handle) }
        curl_slist_free_all(headerList)
        handle = nil
        headerList = nil
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        guard let context else { preconditionFailure("libcurl lost its context") }
        return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    /// Nothing but what was asked for: no other protocol, proxy, redirect, signal, or file of the user's.
    private func setPolicy(_ handle: UnsafeMutableRawPointer) {
        curl_easy_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        curl_easy_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        curl_easy_set_string(handle, CURLOPT_PROXY, "")
        curl_easy_set_long(handle, CURLOPT_NETRC, 0)
        curl_easy_set_long(handle, CURLOPT_NOSIGNAL, 1)
        // A resolver that hangs must not hold up every other transfer.
        curl_easy_set_long(handle, CURLOPT_QUICK_EXIT, 1)
        curl_easy_set_long(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        if let path = request.unixSocket { curl_easy_set_string(handle, CURLOPT_UNIX_SOCKET_PATH, path) }
        if request.acceptsGzip { curl_easy_set_string(handle, CURLOPT_ACCEPT_ENCODING, "gzip") }
    }

    private func setLimits(_ handle: UnsafeMutableRawPointer) {
        let left = max(1, (deadline - start).milliseconds)
        curl_easy_set_long(handle, CURLOPT_TIMEOUT_MS, Int(left))
        curl_easy_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, request.connectTimeout.milliseconds)))
        curl_easy_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, Int(request.bodyLimit))
    }

    private func setMessage(_ handle: UnsafeMutableRawPointer) {
        var headers = request.headers
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            headers.append((name: "User-Agent", value: "nightshift"))
        }
        for (name, value) in headers {
            headerList = curl_slist_append(headerList, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        // curl would first ask whether a larger body is welcome, and wait a second for the answer.
        headerList = curl_slist_append(headerList, "Expect:")
        if let body = request.body {
            curl_easy_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
            // Copied by curl, to the size just set.
            let terminated = body + [0]
            terminated.withUnsafeBytes { bytes in
                _ = curl_easy_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
            }
            if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
                headerList = curl_slist_append(headerList, "Content-Type:")
            }
        }
        curl_easy_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
        if request.method == "HEAD" {
            curl_easy_set_long(handle, CURLOPT_NOBODY, 1)
        } else {
            curl_easy_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        bodyBytes += bytes.count
        guard bodyBytes <= request.bodyLimit else {
            isTooLarge = true
            return 0
        }
        if let stream {
            lastBytes = .now
            stream.add(bytes, head: response())
        } else {
            body.append(contentsOf: bytes)
        }
        return bytes.count
    }

    /// When a streamed answer that has begun has been silent for too long.
    var idleDeadline: ContinuousClock.Instant? {
        guard let stream, let lastBytes else { return nil }
        return lastBytes + stream.idleTimeout
    }

    func failIdle() { fail("http.timeout", "was stopped: no byte came for \(stream?.idleTimeout.literal ?? "long")") }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        if stream != nil { lastBytes = .now }
        guard headerBytes <= Self.headerBytesMax else {
            isTooLarge = true
            return 0
        }
        if bytes.starts(with: "HTTP/".utf8) {
            // The headers of an interim answer, such as 103, are not those of the answer.
            headers = []
        } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            let isSpace: (UInt8) -> Bool = { [9, 10, 13, 32].contains($0) }
            var value = bytes[(colon + 1)...].drop(while: isSpace)
            while let last = value.last, isSpace(last) { value = value.dropLast() }
            headers.append(
                (name: String(decoding: bytes[..<colon], as: UTF8.self), value: String(decoding: value, as: UTF8.self)))
        }
        return bytes.count
    }

    /// curl is done with this transfer.
    func complete(_ code: CURLcode) {
        guard code == CURLE_OK else { return complain(code) }
        finish(.success(response()))
    }

    /// What has come so far.
    private func response() -> HTTPResponse {
        var status = 0
        curl_easy_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return HTTPResponse(status: status, headers: headers, body: body, began: began, duration: .now - start)
    }

    private func complain(_ code: CURLcode) {
        if isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
            let what = headerBytes > Self.headerBytesMax ? "headers" : "a body"
            let limit = headerBytes > Self.headerBytesMax ? Self.headerBytesMax : request.bodyLimit
            return fail("http.size", "was stopped: it has \(what) of more than \(ByteSize(bytes: limit).literal)")
        }
        let text = String(cString: errorText[0] == 0 ? curl_easy_strerror(code) : UnsafePointer(errorText))
        let kind: String
        switch code {
        case CURLE_OPERATION_TIMEDOUT: kind = "timeout"
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_SSL_CONNECT_ERROR: kind = "connect"
        case CURLE_URL_MALFORMAT: kind = "request"
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR: kind = "truncated"
        default: kind = "protocol"
        }
        fail("http.\(kind)", "failed: \(text)")
    }
}
