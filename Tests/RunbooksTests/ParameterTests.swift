import Model
import Runbooks
import Testing

@Suite("Parameters")
struct ParameterTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let type: String
        let text: String
        let value: JSONValue?

        init(_ type: String, _ text: String, _ value: JSONValue?) {
            self.type = type
            self.text = text
            self.value = value
        }
        var testDescription: String { "\(type) \(text)" }
    }

    static let cases: [Case] = [
        .init("type: unit, allow: [a.service]", "a.service", "a.service"),
        .init("type: unit, allow: [a.service]", "b.service", nil),
        .init("type: unit, allow: [a.service]", "", nil),
        .init("type: unit", "a*.service", nil), .init("type: unit", "a", nil), .init("type: unit", "a@.service", nil),
        .init("type: unit", "a@1.service", "a@1.service"), .init("type: unit", "../a.service", nil),
        .init("type: unit", "a.service b.service", nil), .init("type: unit", "a.target", "a.target"),
        .init("type: path, under: /var/cache", "/var/cache/x", "/var/cache/x"),
        .init("type: path, under: /var/cache", "/var/cache", "/var/cache"),
        .init("type: path, under: /var/cache", "/var/cachet", nil),
        .init("type: path, under: /var/cache", "/var/cache/../lib", nil),
        .init("type: path, under: /var/cache", "/var/cache//x", nil),
        .init("type: path, under: /var/cache", "x", nil),
        .init("type: path, under: /", "/srv", "/srv"), .init("type: path, under: /", "/", "/"),
        .init("type: integer, min: 1, max: 9", "9", 9), .init("type: integer, min: 1, max: 9", "10", nil),
        .init("type: integer", "1.5", nil), .init("type: integer", "+1", nil), .init("type: integer", "007", nil),
        .init("type: integer", "-3", -3),
        .init("type: number, max: 1", "0.5", 0.5), .init("type: number, max: 1", "2", nil),
        .init("type: number", "nan", nil), .init("type: number", "inf", nil),
        .init("type: duration, max: 1h", "90s", "1m30s"), .init("type: duration, max: 1h", "2h", nil),
        .init("type: duration", "soon", nil),
        .init("type: size", "64KiB", 65536), .init("type: size, max: 1KiB", "2KiB", nil), .init("type: size", "7", nil),
        .init("type: host", "web-1.example", "web-1.example"), .init("type: host", "10.0.0.1", "10.0.0.1"),
        .init("type: host", "a b", nil), .init("type: host", "-x", nil), .init("type: host", "a/b", nil),
        .init("type: host, allow: [a]", "b", nil),
        .init("type: url, allow: ['http://h/api']", "http://h/api/x?y=1", "http://h/api/x?y=1"),
        .init("type: url, allow: ['http://h/api']", "http://h/apix", nil),
        .init("type: url, allow: ['http://h/api']", "http://h.evil/api", nil),
        .init("type: url, allow: ['http://h/api']", "http://h@evil/api", nil),
        .init("type: url, allow: ['http://h/api']", "http://h/api/../admin", nil),
        .init("type: url, allow: ['http://h/api']", "http://h/api/%2e%2e/admin", nil),
        .init("type: url, allow: ['http://h/api']", "file:///etc/passwd", nil),
        .init("type: enum, values: [red, green]", "red", "red"), .init("type: enum, values: [red]", "blue", nil),
        .init("type: text, pattern: '[a-z]+'", "abc", "abc"), .init("type: text, pattern: '[a-z]+'", "abc1", nil),
        .init("type: text, max: 3", "abcd", nil), .init("type: text", "a\u{7}b", nil),
        .init("type: list, of: integer", "1, 2,3", [1, 2, 3]), .init("type: list, of: integer", "1,,2", nil),
        .init("type: list, of: integer", "1,1", nil), .init("type: list, of: {type: integer, max: 2}", "3", nil),
        .init("type: list, of: integer, at_most: 2", "1,2,3", nil),
    ]

    static func runbook(_ type: String, risk: String = "low") throws -> Runbook {
        try Samples.parse(
            """
            runbook: r
            description: d
            on: [[alertname="A"]]
            parameters: {p: {\(type), from: '{{ $labels.p }}'}}
            risk: \(risk)
            steps: [{name: tell, notify: {to: on-call, text: 'x {{ $params.p }}'}}]
            """)
    }

    @Test("take what their type says and refuse all else", arguments: cases)
    func bind(_ one: Case) throws {
        let runbook = try Self.runbook(one.type)
        switch runbook.bind(labels: ["alertname": "A", "p": one.text]) {
        case .bound(let parameters):
            #expect(parameters.values["p"] == one.value)
            #expect(runbook.validate(parameters) == .bound(parameters), "what bind gives, validate takes")
        case .refused(_, let text): #expect(one.value == nil, "\(text)")
        }
    }

    @Test("what comes over a socket is accepted only as bind would have given it")
    func validate() throws {
        let runbook = try Samples.parse(Samples.everything)
        let labels: Labels = ["alertname": "Leak", "severity": "warning", "unit": "web.service"]
        guard case .bound(let good) = runbook.bind(labels: labels) else {
            Issue.record("the sample does not bind")
            return
        }
        #expect(runbook.validate(good) == .bound(good))
        let edits: [(String, JSONValue?)] = [
            ("unit", "db.service"), ("unit", nil), ("unit", ["web.service"]), ("unit", .null), ("limit", "64MiB"),
            ("limit", 1.5), ("window", "90s"), ("files", []), ("files", "/var/cache/app/a"), ("more", "x"),
            ("api", "http://elsewhere/"),
        ]
        for (name, value) in edits {
            var bad = good
            bad.values[name] = value
            if case .bound = runbook.validate(bad) {
                Issue.record("\(name) = \(String(describing: value)) was accepted")
            }
        }
    }

    @Test(
        "no target, no run: a label that is missing or empty refuses", arguments: [Labels(), ["alertname": "WebDown"]])
    func missing(labels: Labels) throws {
        let binding = try Samples.parse(Samples.restart).bind(labels: labels)
        guard case .refused("target", let text) = binding else {
            Issue.record("\(binding)")
            return
        }
        #expect(text.contains("unit"))
    }

    @Test("above low risk nothing that can be acted upon comes from a sender's claim")
    func claims() throws {
        let labels: Labels = ["alertname": "A", "p": "a.service"]
        for (risk, isRefused) in [("low", false), ("medium", true), ("high", true)] {
            let binding = try Self.runbook("type: unit, allow: [a.service]", risk: risk).bind(
                labels: labels, claims: ["p"])
            if case .refused(_, let text) = binding {
                #expect(isRefused && text.contains("claim"))
            } else {
                #expect(!isRefused)
            }
        }
        let text = try Self.runbook("type: text", risk: "high").bind(labels: labels, claims: ["p"])
        #expect(text == .bound(Parameters(["p": "a.service"])), "plain text names nothing to act upon")
    }

    @Test("a label that only a step reads is missed before the first step")
    func stepLabels() throws {
        let text = Samples.changed(
            Samples.restart, "    timeout: 30s", to: "  - name: tell\n    notify: {to: x, text: '{{ $labels.team }}'}")
        let binding = try Samples.parse(text).bind(labels: ["alertname": "WebDown", "unit": "web.service"])
        #expect(binding == .refused(guard: "parameters", text: "the incident has no label team, which a step reads"))
    }
}
