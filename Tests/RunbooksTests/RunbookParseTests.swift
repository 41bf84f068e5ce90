import Model
import Runbooks
import Testing

@Suite("Reading a runbook")
struct RunbookParseTests {
    @Test("every part of the format is read")
    func everything() throws {
        let runbook = try Samples.parse(Samples.everything)
        #expect(runbook.name == "everything")
        #expect(runbook.whenNot == "Never mind.")
        #expect(runbook.target == "unit")
        #expect(runbook.mode == .auto && runbook.risk == .low && runbook.undoes)
        #expect(runbook.limits.cooldown == .seconds(600))
        #expect(runbook.limits.attempts == Budget(count: 2, per: .seconds(3600)))
        #expect(runbook.limits.concurrentOnHost == 2)
        #expect(runbook.limits.notWhen?.source == #"avg(up{job="web"}) < 0.8"#)
        #expect(runbook.preconditions.count == 1)
        #expect(runbook.steps.map(\.kind.word) == ["run", "http", "wait", "systemd", "check", "approve", "notify"])
        #expect(runbook.steps.map(\.onError) == [.continue, .stop, .stop, .undo, .stop, .stop, .stop])
        #expect(runbook.steps.map(\.timeout.literal) == ["1m", "10s", "5s", "1m30s", "30s", "10m", "10s"])
        #expect(runbook.steps[3].retry.attempts == 3 && runbook.steps[3].retry.backoff == .seconds(2))
        #expect(runbook.steps[0].undo?.timeout == .seconds(20))
        #expect(runbook.verify?.holdsFor == .literal(.seconds(30)) && runbook.verify?.within == .literal(.seconds(180)))
        #expect(
            runbook.escalate
                == EscalateClause(to: "on-call", logs: .seconds(900), metrics: .seconds(3600), agents: .nothing))
        #expect(runbook.digest.count == 64)
    }

    @Test("what a runbook does not say has a bounded default")
    func defaults() throws {
        let runbook = try Samples.parse(Samples.changed(Samples.restart, "mode: auto\n", to: ""))
        #expect(runbook.mode == .observe)
        #expect(runbook.limits.attempts == Budget(count: 3, per: .seconds(3600)))
        #expect(runbook.limits.cooldown == .seconds(300) && runbook.limits.concurrentOnHost == 1)
        #expect(runbook.target == "unit", "the only unit parameter")
        #expect(!runbook.undoes && runbook.escalate == EscalateClause())
    }

    @Test(
        "a step may run again after an unknown outcome only where doing it twice is as good as once",
        arguments: [
            ("systemd: {start: '{{ $params.unit }}'}", true), ("systemd: {stop: '{{ $params.unit }}'}", true),
            ("systemd: {restart: '{{ $params.unit }}'}", true), ("systemd: {reload: '{{ $params.unit }}'}", false),
            ("systemd: {reset-failed: '{{ $params.unit }}'}", false), ("run: [/bin/true]", false),
            ("http: {url: 'http://h/'}", true), ("http: {url: 'http://h/', method: HEAD}", true),
            ("http: {url: 'http://h/', method: POST}", false), ("check: up == 1", true),
        ])
    func retrySafe(step: String, isSafe: Bool) throws {
        let text = Samples.changed(Samples.restart, "systemd: {restart: '{{ $params.unit }}'}", to: step)
        #expect(try Samples.parse(text).steps[0].retrySafe == isSafe)
        let other = Samples.changed(text, step, to: step + "\n    retry_safe: \(!isSafe)")
        #expect(try Samples.parse(other).steps[0].retrySafe == !isSafe)
    }

    @Test("matchers: any list may match, and all matchers of it must")
    func matching() throws {
        let runbook = try Samples.parse(Samples.everything)
        #expect(runbook.matches(["alertname": "Leak", "severity": "warning"]))
        #expect(!runbook.matches(["alertname": "Leak", "severity": "info"]))
        #expect(runbook.matches(["alertname": "Other"]))
        #expect(!runbook.matches([:]))
    }

    @Test("high risk never acts unasked, and a unit without allow never at all")
    func effectiveMode() throws {
        let high = try Samples.parse(Samples.changed(Samples.restart, "risk: low", to: "risk: high"))
        #expect(high.effectiveMode == .approve && high.risk.approvers == 2)
        let open = try Samples.parse(
            Samples.changed(Samples.restart, ", allow: [web.service, cache.service]", to: ""))
        #expect(open.effectiveMode == .observe && open.unboundUnits == ["unit"])
        let installed = try open.allowing(["unit": ["web.service"]])
        #expect(installed.effectiveMode == .auto)
        #expect(installed.digest != open.digest, "what a host allows is part of what is installed")
        #expect(installed.text.hasPrefix(open.text), "the author's text stays as it is")
    }

    @Test("installing allows only what the author left open")
    func allowing() throws {
        let closed = try Samples.parse(Samples.restart)
        #expect(throws: Diagnostics.self) { try closed.allowing(["unit": ["db.service"]]) }
        #expect(throws: Diagnostics.self) { try closed.allowing(["other": ["db.service"]]) }
    }

    @Test("an empty file is an error with a place")
    func empty() {
        #expect(throws: Diagnostics.self) { try Runbook.parse("", file: "r.yaml") }
    }
}
