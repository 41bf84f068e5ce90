import ArgumentParser
import Console
import FoundationEssentials
import Glibc
import HTTPClient
import Incidents
import Model

/// How to reach the daemon.
struct Connection: ParsableArguments {
    @Option(help: "The daemon's control socket.") var socket = "/run/nightshift/control.sock"

    var client: ControlClient { ControlClient(socket: socket) }
}

/// The daemon's HTTP API over its control socket.
struct ControlClient: Sendable {
    let socket: String
    private let http = HTTPClient()

    init(socket: String) { self.socket = socket }

    func status() async throws -> StatusView { try await get("/api/v1/status") }
    func incidents() async throws -> [IncidentView] { try await get("/api/v1/incidents") }
    func incident(_ id: String) async throws -> IncidentView {
        guard id.allSatisfy({ $0.isHexDigit }), !id.isEmpty else {
            throw Fault(
                "incident.unknown", "\"\(id)\" is not an incident's ID", hint: "nightshift incidents lists them.")
        }
        return try await get("/api/v1/incidents/\(id)")
    }
    func approval(_ id: String) async throws -> ApprovalView { try await get("/api/v1/approvals/\(id)") }
    func work() async throws -> [WorkView] { try await get("/api/v1/work") }
    func work(_ id: String) async throws -> WorkView { try await get("/api/v1/work/\(Self.encoded(id))") }
    func pulls() async throws -> [PullView] { try await get("/api/v1/pulls") }
    func pull(_ id: String) async throws -> PullView { try await get("/api/v1/pulls/\(Self.encoded(id))") }
    func runbooks() async throws -> [RunbookView] { try await get("/api/v1/runbooks") }

    /// The JSON of Prometheus' `/api/v1/query`, as text.
    func query(_ expression: String, at: Timestamp?) async throws -> String {
        var path = "/api/v1/query?query=" + Self.encoded(expression)
        if let at { path += "&time=\(at.seconds)" }
        return String(decoding: try await send("GET", path, body: nil), as: UTF8.self)
    }

    func perform(_ command: ControlCommand) async throws -> String {
        let path = "/api/v1/control"
        let body = try await send("POST", path, body: Array(try JSONEncoder().encode(command)))
        let answer: [String: String] = try decoded(body, path)
        return answer["answer"] ?? ""
    }

    private func get<T: Decodable>(_ path: String) async throws -> T {
        try decoded(try await send("GET", path, body: nil), path)
    }

    private func decoded<T: Decodable>(_ body: [UInt8], _ path: String) throws(Fault) -> T {
        do {
            return try JSONDecoder().decode(T.self, from: Data(body))
        } catch {
            throw Fault(
                "daemon.answer", "The daemon's answer to \(path) is not what this version understands",
                hint: "Are this command and the daemon of one version?")
        }
    }

    private func send(_ method: String, _ path: String, body: [UInt8]?) async throws -> [UInt8] {
        var request = HTTPRequest(method: method, url: "http://localhost" + path)
        request.unixSocket = socket
        request.body = body
        request.timeout = .seconds(30)
        if body != nil { request.headers.append(("Content-Type", "application/json")) }
        let response: HTTPResponse
        do {
            response = try await http.send(request)
        } catch {
            throw Fault(
                "daemon.unreachable", "The daemon does not answer on \(socket): \(reason(error))",
                hint: "Is nightshift.service running?")
        }
        guard response.status != 200 else { return response.body }
        let answer: [String: String]
        do {
            answer = try JSONDecoder().decode([String: String].self, from: Data(response.body))
        } catch {
            throw Fault("daemon.answer", "The daemon answered \(path) with status \(response.status)")
        }
        throw Fault(answer["code"] ?? "daemon.answer", answer["error"] ?? "status \(response.status)")
    }

    /// libcurl speaks of localhost, whatever the socket.
    private func reason(_ error: Fault) -> String {
        guard error.code == "http.connect" else { return error.message }
        return access(socket, R_OK | W_OK) == 0 ? "nobody listens there" : String(cString: strerror(errno))
    }

    private static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }
}
