import Console
import FoundationEssentials
import HTTPClient
import Incidents
import Logging
import Model
import Testing

/// A backend with one incident, that remembers what it was told.
private actor RecordedBackend: ConsoleBackend {
    private(set) var commands: [ControlCommand] = []
    let view = IncidentView(
        Incident(
            id: "4f2a000000000000", fingerprint: "f", name: "UnitFailed", severity: "critical",
            labels: ["unit": "nginx.service"], claims: [], summary: "<b>nginx</b> failed",
            openedAt: Timestamp(seconds: 0),
            rule: SourcePlace(file: "rules/units.yaml", line: 14, column: 9)),
        state: .resolved, actedAt: nil, resolvedAt: nil, escalatedAt: nil, runbook: nil, timeline: [])

    func status() async throws(Fault) -> StatusView {
        StatusView(
            version: "1", since: "then", halted: false, journal: .init(lag_seconds: 0, entries: 1, gaps: 0),
            metrics: .init(targets: 0, up: 0, series: 0), rules: .init(loaded: 1, firing: 0), incidents: [:],
            actuation: "observe", agents: .init(state: .waiting, tasks: 2), warnings: ["<script>alert(1)</script>"])
    }
    func incidents() async throws(Fault) -> [IncidentView] { [view] }
    func incident(prefix: String) async throws(Fault) -> IncidentView {
        guard view.id.hasPrefix(prefix) else { throw Fault("incident.unknown", "There is no incident \(prefix)") }
        return view
    }
    func query(_ expression: String, at: Timestamp?) async throws(Fault) -> String { "{\"at\":\(at?.seconds ?? -1)}" }
    func ownMetrics() async -> String { "nightshift_series 0\n" }
    func approval(prefix: String) async throws(Fault) -> ApprovalView {
        throw Fault("approval.unknown", "Nothing of \(prefix) waits for approval")
    }
    func runbooks() async throws(Fault) -> [RunbookView] { [] }
    static let item = WorkView(
        id: "4f2a-1", run: "r1", incident: "4f2a", project: "payments", state: "working",
        text: "diagnose: agent root-cause",
        begun_at: "2026-11-24T03:12:07.000Z", ended_at: nil, tokens: 10, cost: 0.01)
    func work() async throws(Fault) -> [WorkView] { [Self.item] }
    func work(_ id: String) async throws(Fault) -> WorkView {
        guard id == "4f2a-1" else { throw Fault("work.unknown", "There is no work \(id)") }
        return Self.item
    }
    static let request = PullView(
        id: "4f2a-1", run: "r1", incident: "4f2a", project: "payments", branch: "nightshift/4f2a-1", base: "a",
        head: "b",
        title: "Lock", body: "", lines: 3, low_risk: false, state: "open", opened_at: "2026-11-24T03:12:07.000Z",
        checks: ["needed: all"])
    func pulls() async throws(Fault) -> [PullView] { [Self.request] }
    func pull(_ id: String) async throws(Fault) -> PullView {
        guard id == "4f2a-1" else { throw Fault("pull.unknown", "There is no pull request \(id)") }
        return Self.request
    }
    func perform(_ command: ControlCommand, by peer: Peer) async throws(Fault) -> String {
        commands.append(command)
        return "done by \(peer.name)"
    }
}

@Suite struct ConsoleServerTests {
    private let path = "/tmp/nightshift-console-\(UInt32.random(in: 0 ... .max)).sock"

    /// Runs `body` against a server on a socket of its own.
    private func withServer(
        access: Access,
        _ body: (RecordedBackend, (String, String, String?) async throws -> HTTPResponse) async throws -> Void
    ) async throws {
        let path = path
        defer { try? FileManager.default.removeItem(atPath: path) }  // it may never have been made
        let backend = RecordedBackend()
        let server = ConsoleServer(
            .socket(path: path, access: access), backend: backend, logger: Logger(label: "test"))
        let client = HTTPClient()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for _ in 0..<500 where !FileManager.default.fileExists(atPath: path) {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await body(backend) { method, address, text in
                var request = HTTPRequest(
                    method: method, url: "http://localhost\(address)", body: text.map { Array($0.utf8) })
                request.unixSocket = path
                return try await client.send(request)
            }
            group.cancelAll()
        }
    }

    private let mine = Access(viewers: "-", operators: "-", approvers: "-", ownUID: 0)

    @Test func pagesAndJSONAreServedAndEscaped() async throws {
        try await withServer(access: mine) { _, ask in
            let page = try await ask("GET", "/", nil)
            #expect(page.status == 200 && page.text.contains("&lt;script&gt;") && !page.text.contains("<script>"))
            #expect(page.text.contains("&lt;b&gt;nginx&lt;/b&gt; failed"))
            #expect(page[header: "content-security-policy"]?.contains("default-src 'none'") == true)
            let incident = try await ask("GET", "/api/v1/incidents/4f2a", nil)
            #expect(incident.text.contains(#""id":"4f2a000000000000""#))
            #expect(try await ask("GET", "/incidents/4f2a", nil).status == 200)
            #expect(try await ask("GET", "/metrics", nil).text == "nightshift_series 0\n")
            #expect(try await ask("GET", "/api/v1/query?query=up&time=5", nil).text == "{\"at\":5.0}")
        }
    }

    @Test func everybodyMayConnectWhateverTheUmask() async throws {
        try await withServer(access: mine) { _, _ in
            func mode() throws -> Int? {
                (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int).map { $0 & 0o777 }
            }
            for _ in 0..<500 where try mode() != 0o666 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try mode() == 0o666)
        }
    }

    @Test(arguments: [
        ("GET", "/api/v1/incidents/ffff", 404), ("GET", "/nothing", 404), ("GET", "/api/v1/query", 400),
        ("GET", "/api/v1/query?query=up&time=noon", 400), ("POST", "/api/v1/control", 400),
    ])
    func whatCannotBeAnsweredSaysWhy(method: String, path: String, status: Int) async throws {
        try await withServer(access: mine) { backend, ask in
            let answer = try await ask(method, path, method == "POST" ? "{\"erase\":{}}" : nil)
            #expect(answer.status == status)
            #expect(answer.text.contains("\"error\""))
            #expect(await backend.commands.isEmpty)
        }
    }

    @Test func aCommandReachesTheDaemonWithThePersonsName() async throws {
        try await withServer(access: mine) { backend, ask in
            let body = String(decoding: try JSONEncoder().encode(ControlCommand.halt(why: "test")), as: UTF8.self)
            let answer = try await ask("POST", "/api/v1/control", body)
            #expect(answer.status == 200 && answer.text.contains("done by root"))
            #expect(await backend.commands == [.halt(why: "test")])
        }
    }
}
