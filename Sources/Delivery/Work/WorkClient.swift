import FoundationEssentials
public import HTTPClient
public import Model

/// The agents' process's line to the daemon.
public struct WorkClient: Sendable {
    let socket: String
    let http: HTTPClient

    public init(socket: String, http: HTTPClient) {
        self.socket = socket
        self.http = http
    }

    /// A fault's code is `work.unreachable` where nobody answers, `work.size` where a message is too large; else it is
    /// the daemon's own.
    public func ask(_ question: WorkRequest) async throws(Fault) -> WorkAnswer {
        let body: Data
        do {
            body = try JSONEncoder().encode(question)
        } catch {
            throw Fault("work.encoding", "A message to the daemon cannot be written as JSON")
        }
        var request = HTTPRequest(method: "POST", url: "http://localhost/", body: Array(body))
        request.unixSocket = socket
        request.timeout = WorkRules.pollPatience + .seconds(20)
        request.bodyLimit = WorkRules.messageMax
        request.headers = [("Content-Type", "application/json")]
        let response: HTTPResponse
        do {
            response = try await http.send(request)
        } catch {
            // To ask again for what is too large would go on for ever.
            let code = ["http.size", "http.request"].contains(error.code) ? "work.size" : "work.unreachable"
            throw Fault(code, "The daemon does not answer on \(socket): \(error.message)")
        }
        do {
            if response.status == 200 { return try JSONDecoder().decode(WorkAnswer.self, from: Data(response.body)) }
        } catch {
            throw Fault("work.answer", "The daemon's answer is not one that this version understands")
        }
        // A refusal that is no JSON is shown as its status.
        let refusal = try? JSONDecoder().decode([String: String].self, from: Data(response.body))
        throw Fault(refusal?["code"] ?? "work.answer", refusal?["error"] ?? "the daemon answered \(response.status)")
    }
}
