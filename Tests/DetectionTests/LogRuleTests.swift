import Model
import Testing

@testable import Detection

@Suite struct LogRuleTests {
    static let failed = ["_PID": "1", "MESSAGE_ID": "d9", "UNIT": "web.service", "MESSAGE": "web.service: Failed"]

    @Test(arguments: [
        (["_PID": "1", "MESSAGE_ID": "d9"], true), (["_PID": "1", "MESSAGE_ID": "be"], true),
        (["_PID": "2", "MESSAGE_ID": "d9"], false), (["MESSAGE_ID": "d9"], false),
        (["_PID": "1", "MESSAGE_ID": "d"], false), (["_PID": "1", "MESSAGE_ID": "d9", "UNIT": "a.service"], false),
        (["_PID": "1", "MESSAGE_ID": "d9", "UNIT_RESULT": "oom-kill"], false),
        (["_PID": "1", "MESSAGE_ID": "d9", "UNIT": "c.service"], true),
    ])
    func matchesAsTheJournalDoes(fields: [String: String], fires: Bool) throws {
        var bench = try Bench(
            """
                  - log: A
                    match: {_PID: 1, MESSAGE_ID: [d9, be]}
                    unless: [{UNIT: [a.service, b.service]}, {UNIT_RESULT: oom-kill, _PID: 1}]
            """)
        #expect(bench.observe(fields, at: 5).isEmpty == !fires)
    }

    @Test func itFiresAtOnceWithItsWordsAndItsEvidence() throws {
        var bench = try Bench(
            """
                  - log: UnitFailed
                    match: {_PID: 1, MESSAGE_ID: d9}
                    labels: {severity: critical, team: "{{ if eq $labels.unit \\"web.service\\" }}web{{ end }}"}
                    annotations: {summary: "{{ $labels.unit }} ({{ $fields.UNIT_RESULT }}, {{ $value }})"}
            """)
        var fields = Self.failed
        fields["UNIT_RESULT"] = "signal"
        let alerts = bench.engine.observe(bench.entry(fields, at: 3))
        #expect(
            alerts == [
                Alert(
                    labels: ["alertname": "UnitFailed", "severity": "critical", "team": "web", "unit": "web.service"],
                    annotations: ["summary": "web.service (signal, 1)"], state: .firing, at: Timestamp(seconds: 3),
                    value: 1, rule: SourcePlace(file: "r.yaml", line: 4, column: 9), claims: [],
                    evidence: [Evidence(.journal, "c3.0", "web.service: Failed")])
            ])
        #expect(bench.engine.active == alerts)
    }

    /// The unit is journald's word; what the sender wrote is a claim.
    @Test(arguments: [
        (["_PID": "77", "_SYSTEMD_UNIT": "a.service", "UNIT": "nginx.service"], "a.service"),
        (["_PID": "1", "UNIT": "nginx.service"], "nginx.service"),
        (["_SYSTEMD_USER_UNIT": "init.scope", "USER_UNIT": "u.service"], "u.service"),
        (["UNIT": "nginx.service"], nil),
    ])
    func theUnitIsNobodysClaim(fields: [String: String], unit: String?) throws {
        var bench = try Bench("      - log: A\n        pattern: x\n")
        let alerts = bench.engine.observe(bench.entry(fields.merging(["MESSAGE": "x"]) { $1 }, at: 1))
        #expect(alerts.map { $0.labels["unit"] } == [unit])
        #expect(alerts.first?.claims == [])
    }

    @Test func whatTheSenderWroteIsMarked() throws {
        var bench = try Bench(
            #"""
                  - log: A
                    pattern: 'user (?P<user>\w+) from (?P<host>\w+)'
                    labels:
                      severity: info
                      host: known
                      who: "{{ $labels.user }}"
                      named: "{{ $fields.SYSLOG_IDENTIFIER }}"
                      from: "{{ $labels.unit }}"
                      all: "{{ range $name, $value := $labels }}{{ $name }} {{ end }}"
            """#)
        let fields = ["MESSAGE": "user bob from there", "_SYSTEMD_UNIT": "ssh.service", "SYSLOG_IDENTIFIER": "evil"]
        let alert = try #require(bench.engine.observe(bench.entry(fields, at: 1)).first)
        #expect(
            alert.labels.dictionary == [
                "alertname": "A", "severity": "info", "host": "known", "user": "bob", "who": "bob", "named": "evil",
                "from": "ssh.service", "unit": "ssh.service", "all": "host unit user ",
            ])
        #expect(alert.claims == ["user", "who", "named", "all"])
    }

    @Test func aThresholdCountsWithinItsWindowAndPerLabelSet() throws {
        var bench = try Bench("      - log: A\n        match: {_PID: 1}\n        threshold: 3 in 60s\n")
        func entry(_ unit: String) -> [String: String] { ["_PID": "1", "UNIT": unit] }
        #expect(bench.observe(entry("a"), at: 0) == [])
        #expect(bench.observe(entry("a"), at: 30) == [])
        #expect(bench.observe(entry("b"), at: 40) == [])
        #expect(bench.observe(entry("a"), at: 60) == [], "the first entry is 60 s old")
        #expect(bench.observe(entry("a"), at: 89.9) == ["firing A{unit=\"a\"} @89.9"])
        #expect(bench.engine.active.map(\.value) == [3])
        #expect(bench.observe(entry("b"), at: 90) == [])
        #expect(bench.observe(entry("b"), at: 91) == ["firing A{unit=\"b\"} @91"])
    }

    @Test func itEndsWhenItsTimeIsOver() throws {
        var bench = try Bench(
            "      - {log: A, match: {_PID: 1}}\n      - {log: B, match: {_PID: 1}, keep_firing_for: 5m}\n")
        #expect(bench.observe(["_PID": "1"], at: 10) == ["firing A{} @10", "firing B{} @10"])
        #expect(bench.observe(["_PID": "1"], at: 10.5) == [], "told again within a second")
        #expect(bench.evaluate(at: 60) == [])
        #expect(bench.evaluate(at: 75) == ["resolved A{} @70.5"])
        #expect(bench.evaluate(at: 300) == [])
        #expect(bench.evaluate(at: 315) == ["resolved B{} @310.5"])
        #expect(bench.engine.active == [])
    }

    @Test func anEntryAfterItsTimeIsANewAlertEvenBetweenEvaluations() throws {
        var bench = try Bench("      - {log: A, match: {_PID: 1}, keep_firing_for: 5s}\n")
        #expect(bench.observe(["_PID": "1"], at: 10) == ["firing A{} @10"])
        #expect(bench.observe(["_PID": "1"], at: 16) == ["resolved A{} @15", "firing A{} @16"])
    }

    @Test func itIsToldAgainWhenItsThresholdIsMetAnew() throws {
        var bench = try Bench("      - {log: A, match: {_PID: 1}, threshold: 2 in 1m}\n")
        #expect(bench.observe(["_PID": "1"], at: 1) == [])
        #expect(bench.observe(["_PID": "1"], at: 2) == ["firing A{} @2"])
        #expect(bench.observe(["_PID": "1"], at: 20) == [])
        #expect(bench.observe(["_PID": "1"], at: 21) == ["firing A{} @21"])
    }

    @Test func whatItWaitsForEndsItAndForgetsTheCount() throws {
        var bench = try Bench(
            "      - {log: A, match: {_PID: 1, M: failed}, until: {_PID: 1, M: started}, keep_firing_for: 1d}\n"
                + "      - {log: B, match: {_PID: 1, M: failed}, threshold: 2 in 1h, until: {_PID: 1, M: started}}\n")
        func entry(_ word: String, _ unit: String) -> [String: String] { ["_PID": "1", "M": word, "UNIT": unit] }
        #expect(bench.observe(entry("started", "a"), at: 1) == [])
        #expect(bench.observe(entry("failed", "a"), at: 2) == ["firing A{unit=\"a\"} @2"])
        #expect(bench.observe(entry("started", "b"), at: 3) == [])
        #expect(bench.observe(["_PID": "2", "M": "started", "UNIT": "a"], at: 3) == [])
        #expect(bench.observe(entry("started", "a"), at: 4) == ["resolved A{unit=\"a\"} @4"])
        #expect(bench.observe(entry("failed", "a"), at: 5) == ["firing A{unit=\"a\"} @5"])
        #expect(bench.evaluate(at: 3600) == [])
        #expect(bench.observe(entry("failed", "a"), at: 3601).contains("firing B{unit=\"a\"} @3601"))
    }

    @Test func aClockSetBackNeitherKeepsNorEndsAnAlert() throws {
        var bench = try Bench("      - {log: A, match: {_PID: 1}}\n")
        #expect(bench.observe(["_PID": "1"], at: 10_000) == ["firing A{} @10000"])
        #expect(bench.evaluate(at: 15) == [])
        #expect(bench.evaluate(at: 60) == [])
        #expect(bench.evaluate(at: 75) == ["resolved A{} @75"])
    }

    @Test func firingIsSeenAsASeries() throws {
        var bench = try Bench("      - {log: A, match: {_PID: 1}, labels: {severity: page}}\n")
        _ = bench.observe(["_PID": "1", "UNIT": "a"], at: 10)
        _ = bench.evaluate(at: 15)
        let labels = #"__name__="ALERTS", alertname="A", alertstate="firing", severity="page", unit="a""#
        #expect(try bench.query("ALERTS", at: 20) == ["{\(labels)} 1.0"])
        _ = bench.evaluate(at: 90)
        #expect(try bench.query("ALERTS", at: 90) == [])
    }

    @Test func whatASenderWroteIsCut() throws {
        var bench = try Bench(
            """
                  - log: A
                    pattern: 'x (?P<name>.*)'
                    labels: {field: "{{ $fields.NAME }}"}
            """)
        let long = String(repeating: "é", count: 100_000)
        let alert = try #require(
            bench.engine.observe(bench.entry(["MESSAGE": "x " + long, "NAME": "a" + long], at: 1)).first)
        #expect(alert.labels["name"] == String(repeating: "é", count: 256) + "…")
        #expect(alert.labels["field"] == "a" + String(repeating: "é", count: 255) + "…")
        #expect(alert.evidence.map(\.text.utf8.count) == [2048 + 3])
    }

    /// A sender who invents label sets fills a bound, and no more; those that fire stay.
    @Test func labelSetsAreBounded() throws {
        var bench = try Bench(
            "      - {log: A, pattern: 'x (?P<name>\\w+)', threshold: 2 in 1h}\n"
                + "      - {log: B, pattern: 'x (?P<name>\\w+)'}\n")
        _ = bench.observe(["MESSAGE": "x real"], at: 0)
        #expect(bench.observe(["MESSAGE": "x real"], at: 1).count == 2)
        for number in 0..<2000 { _ = bench.observe(["MESSAGE": "x n\(number)"], at: 2 + Double(number) / 1000) }
        let windows = bench.engine.states[0].map(\.windows)
        #expect(windows.allSatisfy { $0.windows.count <= LogWindows.setsMax })
        #expect(windows[0].windows.values.contains { $0.firing != nil })
        #expect(bench.engine.health.allSatisfy { $0.dropped > 1000 })
        #expect(bench.engine.active.count { $0.name == "B" } == LogWindows.setsMax)
        _ = bench.evaluate(at: 7200)
        #expect(bench.engine.states[0].allSatisfy { $0.windows.windows.isEmpty })
        #expect(bench.observe(["MESSAGE": "x later"], at: 7201) == ["firing B{name=\"later\"} @7201"])
    }
}
