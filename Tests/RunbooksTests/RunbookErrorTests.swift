import Model
import Runbooks
import Testing

/// Wrong runbooks: what to change in `Samples.restart`, the place of the error, and what it says.
struct WrongRunbook: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    let place: String
    let says: String
    var base = Samples.restart

    init(_ old: String, _ new: String, _ place: String, _ says: String, in base: String = Samples.restart) {
        self.old = old
        self.new = new
        self.place = place
        self.says = says
        self.base = base
    }

    var testDescription: String { "\(new): \(says)" }
}

@Suite("Errors in a runbook")
struct RunbookErrorTests {
    static let step = "systemd: {restart: '{{ $params.unit }}'}"
    static let expr = #"expr: 'up{unit="{{ $params.unit }}"} == 1'"#

    static let wrong: [WrongRunbook] = [
        // Keys and values.
        .init("risk: low", "risky: low", "8:1", #"unknown key "risky" in the runbook; did you mean "risk"?"#),
        .init("risk: low", "risk: loww", "8:7", #"did you mean "low"?"#),
        .init("mode: auto", "mode: manual", "7:7", "observe, approve or auto"),
        .init("runbook: restart-web", "runbook: Restart web", "1:10", "lower-case letters, digits and hyphens"),
        .init("description:", "descriptions:", "1:1", #"the runbook needs "description""#),
        .init(#"- [alertname="WebDown"]"#, "- []", "4:5", "would match every incident"),
        .init(#"- [alertname="WebDown"]"#, "- ['alertname!=\"a\"']", "4:5", "must not match an absent label"),
        .init("mode: auto", "limits: {cooldown: ten}", "7:20", "a duration"),
        .init("mode: auto", "limits: {attempts: 3/1h}", "7:20", "a budget such as 3 per 1h"),
        .init("mode: auto", "limits: {attempts: 0 per 1h}", "7:20", "a budget such as 3 per 1h"),
        .init("mode: auto", "limits: {concurrent: {hosts: 1}}", "7:23", #"did you mean "host"?"#),
        .init("mode: auto", "limits: {cooldown: 0s}", "7:20", "above zero"),
        .init("mode: auto", "limits: {attempts: 3 per 60d}", "7:20", "at most 30d"),
        // Not in this version.
        .init("mode: auto", "limits: {concurrent: {fleet: 10%}}", "7:23", #""fleet" is not in this version"#),
        .init(Self.step, "parallel: []", "11:5", #""parallel" is not in this version"#),
        .init(Self.step, "ci: {wait: x}", "11:5", #""ci" is not in this version"#),
        .init("mode: auto", "escalate: {agents: fixes}", "7:20", "none, root-cause or fix"),
        .init("mode: auto", "escalate: {with: [changes 24h]}", "7:19", #""changes" is not in this version"#),
        // Parameters.
        .init("type: unit", "type: units", "6:16", #"did you mean "unit"?"#),
        .init("from: '{{ $labels.unit }}', ", "", "6:9", #"needs "from""#),
        .init("allow: [web.service, cache.service]", "allow: [web]", "6:57", "not the full name of one systemd unit"),
        .init("allow: [web.service, cache.service]", "under: /", "6:50", #"a parameter of type unit has no "under""#),
        .init("  unit:", "  my-unit:", "6:3", "lower-case letters, digits and underscores"),
        .init("$labels.unit", "$params.unit", "6:32", "a template here reads $labels, $project, not $params"),
        .init("risk: low", "risk: low\ntarget: unti", "9:9", #"did you mean "unit"?"#),
        .init(
            "mode: auto", "mode: auto\nallow: {unit: [a.service]}", "8:9",
            #"parameter "unit" is no unit without "allow""#),
        .init(
            "type: unit, from: '{{ $labels.unit }}', allow: [web.service, cache.service]", "type: text, from: x",
            "1:1", "the runbook acts but has no target"),
        .init("  unit: {", "  two: {type: host, from: h}\n  unit: {", "1:1", "it could be any of two, unit"),
        // Steps.
        .init("name: restart", "nam: restart", "10:5", #"did you mean "name"?"#),
        .init("name: restart", "name: Restart It", "10:11", "a step's name needs"),
        .init(
            "    timeout: 30s\n", "  - name: restart\n    wait: 1s\n", "12:5",
            #"the step's name "restart" occurs twice"#),
        .init(Self.step, Self.step + "\n    wait: 1s", "10:5", "exactly one of"),
        .init(Self.step, "systemd: {kill: '{{ $params.unit }}'}", "11:15", #"unknown key "kill""#),
        .init(Self.step, "systemd: {restart: '{{ $params.unt }}'}", "10:5", #"did you mean "unit"?"#),
        .init(Self.step, "systemd: {restart: 'a-{{ $params.unit }}'}", "11:24", "exactly one parameter"),
        .init(Self.step, "systemd: {restart: nginx}", "11:24", "not the full name of one systemd unit"),
        .init(Self.step, "run: /bin/true", "11:10", "needs a list"),
        .init(Self.step, "run: [true]", "11:11", "an absolute path as its program"),
        .init(Self.step, "run: ['{{ $params.unit }}']", "11:11", "an absolute path as its program"),
        .init(Self.step, "run: [/bin/true]\n    as: admin", "12:9", #""as" needs root"#),
        .init(Self.step, Self.step + "\n    as: root", "12:5", "run steps only"),
        .init(Self.step, "run: [/bin/echo, '{{ $labels.unit }}']", "11:26", "that the helper performs reads only"),
        .init(Self.step, "run: [/bin/echo, '{{ $run.incident }}']", "11:26", #"there is no $run name "incident""#),
        .init(Self.step, "http: {url: 'http://h/', method: FETCH}", "11:38", #""method" needs one of"#),
        .init(Self.step, "http: {url: 'http://h/', headers: {Idempotency-Key: x}}", "11:40", "cannot be set"),
        .init(Self.step, "wait: soon", "11:11", "a duration"),
        .init(Self.step, "wait: 0s", "11:11", "above zero"),
        .init(Self.step, "notify: {to: x}", "11:13", #"needs "text""#),
        .init("timeout: 30s", "timeout: 0s", "12:14", "above zero"),
        .init("timeout: 30s", "retry: {attempts: 99}", "12:23", "from 1 to 10"),
        .init("timeout: 30s", "on_error: ignore", "12:15", "stop, continue or undo"),
        .init("timeout: 30s", "if: eq $steps.restart.result.job 1", "12:12", "not there yet"),
        .init("timeout: 30s", "if: eq $step.a 1", "12:12", "not $step"),
        .init("timeout: 30s", "undo: {wait: 1s}", "12:12", #"unknown key "wait" in "undo""#),
        .init(
            "timeout: 30s", "probe: {expr: 'up == 1', unit: web.service}", "12:12", "exactly one of expr, unit, http"),
        .init(Self.step + "\n    timeout: 30s", "wait: 1s\n    undo: {run: [/bin/true]}", "12:5", "changes nothing"),
        .init(
            Self.step + "\n    timeout: 30s", "check: up == 1\n    probe: {unit: web.service}", "12:5", "always known"),
        // Templates and expressions.
        .init(
            Self.expr, "expr: 'up{unit=\"{{ $params.unt }}\"} == 1'", "14:22",
            #"there is no parameter "unt"; did you mean "unit"?"#),
        .init(Self.expr, "expr: 'up{unit=\"{{ $params.unit }\"} == 1'", "14:35", "has no meaning here"),
        .init(Self.expr, "expr: 'up{unit=} == 1'", "14:18", "expected a string"),
        .init(Self.expr, "expr: 'up > {{ $params.unit }}'", "14:9", "stands outside quotes"),
        .init(Self.expr, "expr: 'sum(up == 1'", "14:21", "expected \")\""),
        .init(Self.expr, "expr: 'up[5m]'", "14:9", "a condition needs a value or a vector, not a matrix"),
        // Proof.
        .init("within: 1m", "within: 5s", "16:11", #"at least "for""#),
        .init("  within: 1m\n", "", "14:3", #"needs "within""#),
        .init(
            "verify:\n  \(Self.expr)\n  for: 10s\n  within: 1m\n", "", "1:1", "needs \"verify\""),
        .init("mode: auto", "otherwise: [escalate, undo]", "7:12", "[undo, escalate]"),
    ]

    @Test("each says where it is, what was expected, and the nearest valid name", arguments: wrong)
    func error(_ wrong: WrongRunbook) throws {
        let text = Samples.changed(wrong.base, wrong.old, to: wrong.new)
        let error = try #require(throws: Diagnostics.self) { try Runbook.parse(text, file: "r.yaml") }
        let lines = error.all.map(\.description)
        let found = lines.contains { $0.hasPrefix("r.yaml:\(wrong.place)") && $0.contains(wrong.says) }
        #expect(found, "expected \(wrong.place) … \(wrong.says), got \(lines.joined(separator: "\n"))")
    }

    @Test("all problems of a file are told at once")
    func several() throws {
        var text = Samples.changed(Samples.restart, "risk: low", to: "risk: lowish")
        text = Samples.changed(text, "timeout: 30s", to: "timeout: long")
        let error = try #require(throws: Diagnostics.self) { try Runbook.parse(text, file: "r.yaml") }
        #expect(error.all.count == 2)
    }
}
