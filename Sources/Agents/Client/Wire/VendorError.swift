import HTTPClient
import Model

/// An error in a vendor's words.
struct VendorError: Sendable, Hashable {
    var type: String?
    var code: String?
    var message: String

    /// The error in a body or an event: `{"error": {"type", "code", "message"}}` (Anthropic, OpenAI), `{"error": TEXT}`
    /// (Ollama); nil where there is none.
    init?(_ value: JSONValue?) {
        guard let value, let error = value["error"], error != .null else { return nil }
        if let text = error.string {
            message = text
        } else {
            type = error["type"]?.string
            code = error["code"]?.string ?? error["code"]?.number.flatMap { Int(exactly: $0) }.map { String($0) }
            message = error["message"]?.string ?? "it does not say why"
        }
    }

    /// Trouble that another try cannot mend, by the words of the published formats.
    private static let permanent: Set<String> = [
        "invalid_request_error", "authentication_error", "permission_error", "not_found_error", "request_too_large",
        "billing_error", "insufficient_quota", "invalid_api_key", "model_not_found", "context_length_exceeded",
        "invalid_prompt",
    ]

    /// Whether the same request may succeed later, where there is no status to go by.
    var isPassing: Bool {
        guard let status = code.flatMap({ Int($0) }), (400...599).contains(status) else { return !isPermanent }
        return Self.isPassing(status: status)
    }

    fileprivate var isPermanent: Bool { [type, code].contains { $0.map(Self.permanent.contains) ?? false } }

    /// Time-outs, conflicts, too many requests, and whatever is the server's own trouble.
    static func isPassing(status: Int) -> Bool { [408, 409, 425, 429].contains(status) || status >= 500 }

    /// `(overloaded_error): Overloaded`, on one line and not long: it is somebody else's text.
    var shown: String {
        let words = [type, code].compactMap { $0 }
        let text = (words.isEmpty ? "" : "(\(words.joined(separator: ", "))): ") + message
        let line = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isHarmless ? $0 : " " }))
        return line.count > 400 ? line.prefix(400) + "…" : line
    }
}

extension ModelError {
    /// An answer with a status other than 200, whose body may say more.
    init(_ response: HTTPResponse, body: [UInt8]) {
        let error = VendorError(WireJSON.decode(body))
        var isPassing = VendorError.isPassing(status: response.status)
        // Money that is used up is no rush hour, though it has the same status.
        if response.status == 429, error?.isPermanent == true { isPassing = false }
        switch response[header: "x-should-retry"] {
        case "true": isPassing = true
        case "false": isPassing = false
        default: break
        }
        let text = error.map { "it answered \(response.status) \($0.shown)" } ?? "it answered \(response.status)"
        self.init(isPassing ? .busy : .refused, text, retryAfter: isPassing ? RetryHint.read(response) : nil)
    }

    /// An error in the midst of an answer whose status was 200.
    init(_ error: VendorError) {
        self.init(error.isPassing ? .busy : .refused, "it answered with an error \(error.shown)")
    }

    /// Why no answer came, or not all of it.
    init(_ fault: Fault) {
        let kind: Kind
        switch fault.code {
        case "http.timeout": kind = .timeout
        case "http.cancelled": kind = .cancelled
        case "http.request": kind = .refused
        case "http.size", "http.protocol": kind = .malformed
        default: kind = .unreachable
        }
        self.init(kind, fault.message)
    }
}

extension Unicode.Scalar {
    /// Neither a control nor a mark that turns the direction of text.
    fileprivate var isHarmless: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
}
