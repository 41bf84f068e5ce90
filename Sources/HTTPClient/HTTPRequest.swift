public import Model

/// What is asked of an HTTP server, and how much of an answer is accepted.
public struct HTTPRequest: Sendable {
    public var method: String
    /// `http://` or `https://`; user and password in it are sent, but never shown.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// For everything, from the call to the last byte.
    public var timeout: Duration
    public var connectTimeout: Duration
    /// Bytes of body accepted, after decompression; a longer one ends the transfer with a fault.
    public var bodyLimit: Int
    public var acceptsGzip: Bool
    /// A socket's path to connect to instead of the URL's host.
    public var unixSocket: String?
    /// What faults call the request, where its URL is a secret; otherwise the method and the URL without its secrets.
    public var name: String?

    public init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, timeout: Duration = .seconds(10), connectTimeout: Duration = .seconds(5),
        bodyLimit: Int = 1 << 20, acceptsGzip: Bool = true, unixSocket: String? = nil, name: String? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.bodyLimit = bodyLimit
        self.acceptsGzip = acceptsGzip
        self.unixSocket = unixSocket
        self.name = name
    }

    /// `GET http://host:80/path`
    public var shown: String { name ?? "\(method) \(Self.withoutSecrets(url))" }

    /// A URL as it may be shown: without user, password, query and fragment.
    public static func withoutSecrets(_ url: String) -> String {
        guard let mark = url.firstRange(of: "://") else { return "a URL without a scheme" }
        let rest = url[mark.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest.dropFirst(authority.count)
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return "\(url[..<mark.upperBound])\(host)\(path.prefix { !"?#".contains($0) })"
    }

    /// Refuses what would be sent as something else than it looks.
    func validate() throws(Fault) {
        func isToken(_ text: String) -> Bool {
            !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && !#"()<>@,;:\"/[]?={}"#.utf8.contains($0) }
        }
        guard isToken(method) else { throw Fault("http.request", "\"\(method)\" is not an HTTP method") }
        for (name, value) in headers {
            guard isToken(name), value.utf8.allSatisfy({ ($0 >= 32 && $0 != 127) || $0 == 9 }) else {
                throw Fault("http.request", "the header \"\(name)\" of \(shown) has characters that HTTP forbids")
            }
        }
        guard !url.utf8.contains(where: { $0 <= 32 || $0 == 127 }) else {
            throw Fault("http.request", "the URL of \(shown) has spaces or control characters")
        }
        guard ["http://", "https://"].contains(where: { url.lowercased().hasPrefix($0) }) else {
            throw Fault("http.request", "\(shown) is neither http:// nor https://")
        }
        guard timeout > .zero, connectTimeout > .zero, bodyLimit > 0 else {
            throw Fault("http.request", "\(shown) needs timeouts and a body limit above zero")
        }
    }
}

public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    /// Decompressed.
    public var body: [UInt8]
    /// When the transfer began, and how long it took to its last byte.
    public var began: Timestamp
    public var duration: Duration

    public init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], began: Timestamp,
        duration: Duration
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.began = began
        self.duration = duration
    }

    /// The first header of this name, whatever its case.
    public subscript(header name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    public var text: String { String(decoding: body, as: UTF8.self) }
}
