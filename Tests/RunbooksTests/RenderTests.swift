import Model
import Runbooks
import Testing

@Suite("Rendering steps")
struct RenderTests {
    static let context = RunContext(
        id: "0123abcd", runbook: "everything", target: "web.service", directory: "/runs/0123abcd", incident: "4f2a")
    static let labels: Labels = ["alertname": "Leak", "severity": "warning", "unit": "web.service"]

    func bound(_ runbook: Runbook) throws -> Parameters {
        guard case .bound(let parameters) = runbook.bind(labels: Self.labels) else {
            throw Fault("test", "the sample does not bind")
        }
        return parameters
    }

    @Test("each kind shows exactly what will be done")
    func kinds() throws {
        let runbook = try Samples.parse(Samples.everything)
        let parameters = try bound(runbook)
        let results: [String: JSONValue] = [
            "dump": ["outcome": "done", "result": ["exit": 0]],
            "restart": ["outcome": "done", "result": ["job_result": "done"]],
        ]
        func step(_ path: String) throws -> RenderedStep {
            try runbook.renderedStep(
                path: path, parameters: parameters, run: Self.context, labels: Self.labels, results: results)
        }
        #expect(
            try step("dump")
                == .run(
                    arguments: [
                        "/usr/bin/dump", "web.service", "--to", "/runs/0123abcd/heap", "/var/cache/app/a",
                        "/var/cache/app/b c",
                    ], asRoot: false), "a list alone is an argument an item")
        #expect(
            try step("dump").summary
                == "run /usr/bin/dump web.service --to /runs/0123abcd/heap /var/cache/app/a '/var/cache/app/b c'")
        guard case .http(let request) = try step("drain") else {
            Issue.record("drain is no request")
            return
        }
        #expect(request.url == "http://127.0.0.1:8080/api/drain?unit=web.service")
        #expect(request.body == #"{"unit": "web.service", "exit": 0}"#)
        #expect(request.headers.contains(.init(name: "X-Run", value: "0123abcd")))
        #expect(request.expect.statuses == [200, 202])
        #expect(try step("restart") == .systemd(verb: .restart, unit: "web.service"))
        #expect(try step("undo.restart").summary == "systemd start web.service")
        #expect(try step("settle") == .wait(.seconds(5)))
        #expect(try step("tell") == .notify(to: "on-call", text: "web.service was restarted (done)"))
        #expect(throws: Fault.self) { try step("undo.settle") }
        #expect(throws: Fault.self) { try step("nothing") }
        #expect(try runbook.unitsNamed(parameters) == ["web.service"])
        #expect(runbook.targetValue(parameters) == "web.service")
    }

    @Test("reading the result of a step that was skipped or failed is an error")
    func absent() throws {
        let runbook = try Samples.parse(Samples.everything)
        let parameters = try bound(runbook)
        #expect(throws: Fault.self) {
            try runbook.renderedStep(
                path: "drain", parameters: parameters, run: Self.context, labels: Self.labels,
                results: ["dump": ["outcome": "failed"]])
        }
    }

    struct Hostile: Sendable {
        let value: String
        let template: String
        let rendered: String?
    }

    static let hostile: [Hostile] = [
        .init(value: "a", template: #"up{x="{{ $params.p }}"} == 1"#, rendered: #"up{x="a"} == 1"#),
        .init(
            value: #"a"} or vector(1) #"#, template: #"up{x="{{ $params.p }}"} == 1"#,
            rendered: #"up{x="a\x22} or vector(1) #"} == 1"#),
        .init(value: #"a\"#, template: #"up{x="{{ $params.p }}"} == 1"#, rendered: #"up{x="a\\"} == 1"#),
        .init(value: ".*", template: #"up{x=~"{{ $params.p }}"} == 1"#, rendered: #"up{x=~"\\.\\*"} == 1"#),
        .init(value: ".*", template: #"up{x!~ "{{ $params.p }}"} == 1"#, rendered: #"up{x!~ "\\.\\*"} == 1"#),
        .init(value: ".*", template: #"up{x!="{{ $params.p }}"} == 1"#, rendered: #"up{x!=".*"} == 1"#),
        .init(value: "'", template: "up{x='{{ $params.p }}'} == 1", rendered: #"up{x='\x27'} == 1"#),
        .init(value: "12", template: "up > {{ $params.p }}", rendered: "up > 12"),
        .init(value: "5m", template: "rate(up[{{ $params.p }}]) > 1", rendered: "rate(up[5m]) > 1"),
        .init(value: "up", template: "up > {{ $params.p }}", rendered: nil),
        .init(value: "1 or up", template: "up > {{ $params.p }}", rendered: nil),
        .init(value: "a`b", template: "up{x=`{{ $params.p }}`} == 1", rendered: nil),
        .init(value: "a`\u{301}b", template: "up{x=`{{ $params.p }}`} == 1", rendered: nil),
        .init(  // A combining mark joins the quote before it; it must not hide that the string is open.
            value: "\u{301}\"} or x#", template: #"up{x="{{ $params.p }}",y="{{ $params.p }}"} == 1"#,
            rendered: "up{x=\"\u{301}\\x22} or x#\",y=\"\u{301}\\x22} or x#\"} == 1"),
    ]

    @Test("a value in an expression stays a value", arguments: hostile)
    func expressions(_ one: Hostile) throws {
        let type = one.template.contains("[{{") ? "duration" : one.template.contains("> {{") ? "integer" : "text"
        let runbook = try Samples.parse(
            """
            runbook: r
            description: d
            on: [[alertname="A"]]
            parameters: {p: {type: \(type), from: x}}
            risk: low
            steps:
              - name: look
                check: |-
                  \(one.template)
            """)
        let parameters = Parameters(["p": .string(one.value)])
        // A refusal is nil here: the table says where one is expected.
        let step = try? runbook.renderedStep(path: "look", parameters: parameters, run: Self.context)
        #expect(step == one.rendered.map { .check(expr: $0) })
    }

    static let bodies: [(String, String, String?)] = [
        (#"{"a": "{{ $params.p }}"}"#, #"x", "admin": "y"#, #"{"a": "x\", \"admin\": \"y"}"#),
        (#"{"a": {{ $params.p }}}"#, "1", #"{"a": 1}"#), (#"{"a": {{ $params.p }}}"#, "1, \"b\": 2", nil),
        ("a={{ $params.p }}", "b&c", "a=b&c"),
    ]

    @Test("a value in a JSON body stays a value", arguments: bodies)
    func body(template: String, value: String, rendered: String?) throws {
        let step = try request("http: {method: POST, url: 'http://h/', body: '\(template)'}", value)
        #expect(step?.body == rendered)
    }

    @Test("a value in an address stays one part of it")
    func url() throws {
        #expect(
            try request("http: {url: 'http://h/{{ $params.p }}?q={{ $params.p }}'}", "../a&b")?.url
                == "http://h/..%2Fa%26b?q=..%2Fa%26b")
        #expect(try request("http: {url: '{{ $params.p }}'}", "http://elsewhere/") == nil)
        #expect(try request("http: {url: 'http://h/', headers: {X: '{{ $params.p }}'}}", "a\r\nEvil: 1") == nil)
    }

    private func request(_ step: String, _ value: String) throws -> RenderedRequest? {
        let runbook = try Samples.parse(
            """
            runbook: r
            description: d
            on: [[alertname="A"]]
            parameters: {p: {type: text, from: x}, h: {type: host, from: h}}
            risk: low
            steps:
              - name: ask
                \(step)
            verify: {expr: up == 1, within: 1m}
            """)
        // A refusal is nil here: the tests say where one is expected.
        let rendered = try? runbook.renderedStep(
            path: "ask", parameters: Parameters(["p": .string(value)]), run: Self.context)
        if case .http(let request)? = rendered { return request }
        return nil
    }
}
