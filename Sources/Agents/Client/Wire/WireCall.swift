import HTTPClient
import Model

/// One request to a vendor, and the answer that streams back.
struct WireCall: Sendable {
    /// The vendor's name, as sentences begin with it.
    let vendor: String
    let http: HTTPClient
    let key: ModelKey?
    /// How long an answer that has begun may be silent.
    let idleTimeout: Duration

    /// Of the body of an error, or of a whole answer where a stream was asked for.
    static let wholeMax = 65_536
    /// Of a streamed answer: a token takes about 200 bytes of events.
    static let bodyMax = 32 << 20

    /// A POST of JSON, as all vendors have it.
    func post(
        _ url: String, _ body: JSONValue, accept: String, headers: [(name: String, value: String)], timeout: Duration
    ) throws(ModelError) -> HTTPRequest {
        let common = [
            (name: "Content-Type", value: "application/json"), (name: "Accept", value: accept),
        ]
        return HTTPRequest(
            method: "POST", url: url, headers: common + headers, body: try WireJSON.encode(body), timeout: timeout,
            connectTimeout: min(timeout, .seconds(10)), bodyLimit: Self.bodyMax, acceptsGzip: false)
    }

    /// - Parameters:
    ///   - asked: what the request says; where the vendor counts nothing, its worst case counts.
    ///   - wholeTypes: content types that are no stream.
    func send(
        _ request: HTTPRequest, asked: ModelRequest, reading reader: some AnswerReader, wholeTypes: [String],
        onText: (String) -> Void
    ) async throws(ModelError) -> ModelReply {
        var reader = reader
        var failure: ModelError?
        var whole: [UInt8] = []
        var head: HTTPResponse?
        do throws(Fault) {
            head = try await http.stream(request, idleTimeout: idleTimeout) { response, bytes in
                head = response
                guard Self.isStream(response, wholeTypes) else {
                    whole += bytes.prefix(Self.wholeMax - whole.count)
                    return whole.count < Self.wholeMax
                }
                do throws(ModelError) {
                    try reader.take(bytes, onText: onText)
                    guard reader.outputBytes <= Self.outputMost(asked) else {
                        throw ModelError(.malformed, "the answer is longer than \(asked.outputMax) tokens can be")
                    }
                    return !reader.isComplete
                } catch {
                    failure = error
                    return false
                }
            }
        } catch {
            // A status says more than the connection that broke after it.
            let hasStatus = head.map { !Self.isStream($0, wholeTypes) } ?? false
            if !hasStatus || error.code == "http.cancelled" { failure = ModelError(error) }
        }
        if failure == nil, let head, !Self.isStream(head, wholeTypes) { failure = Self.error(head, whole) }
        do throws(ModelError) {
            if let failure { throw failure }
            return charged(try reader.finish(), asked)
        } catch {
            throw told(error, asked, reader)
        }
    }

    /// Bytes: a token has seldom more than eight.
    private static func outputMost(_ asked: ModelRequest) -> Int { max(1 << 20, asked.outputMax * 64) }

    private static func isStream(_ response: HTTPResponse, _ wholeTypes: [String]) -> Bool {
        let type = response[header: "content-type"]?.lowercased() ?? ""
        return response.status == 200 && !wholeTypes.contains { type.hasPrefix($0) }
    }

    private static func error(_ head: HTTPResponse, _ body: [UInt8]) -> ModelError {
        guard head.status == 200 else { return ModelError(head, body: body) }
        if let error = VendorError(WireJSON.decode(body)) { return ModelError(error) }
        let type = head[header: "content-type"] ?? ""
        return ModelError(.malformed, "it answered with \(type) where a stream was asked for")
    }

    /// An answer that nobody counted costs the most that it can: zero would pass every budget.
    private func charged(_ reply: ModelReply, _ asked: ModelRequest) -> ModelReply {
        guard reply.usage == ModelUsage() else { return reply }
        var reply = reply
        reply.usage = ModelUsage(input: asked.inputTokensMost, output: asked.outputMax)
        return reply
    }

    /// The error as a sentence without the key, with what the broken answer may cost.
    private func told(_ error: ModelError, _ asked: ModelRequest, _ reader: some AnswerReader) -> ModelError {
        var error = error
        let text = error.kind == .cancelled ? error.message : "\(vendor): \(error.message)"
        error.message = key?.hidden(in: text) ?? text
        if reader.usage != nil || reader.outputBytes > 0 {
            var usage = reader.usage ?? ModelUsage(input: asked.inputTokensMost)
            usage.output = max(usage.output, min(asked.outputMax, reader.outputBytes / 2))
            error.usage = usage
        }
        return error
    }
}
