import Model
import Series
import Testing

@testable import Detection

@Suite struct AlertRuleTests {
    @Test func itIsPendingForItsTimeThenFiresThenIsKeptThenEnds() throws {
        var bench = try Bench(
            """
                  - alert: Down
                    expr: up == 0
                    for: 30s
                    keep_firing_for: 30s
                    labels: {severity: page}
                    annotations: {summary: "{{ $labels.job }} {{ $value }}"}
            """)
        try bench.set(#"up{job="a"}"#, 0, at: 0)
        #expect(bench.evaluate(at: 0) == [])
        #expect(bench.engine.active.map(\.state) == [.pending])
        #expect(bench.evaluate(at: 15) == [])
        #expect(bench.evaluate(at: 30) == [#"firing Down{job="a", severity="page"} @0"#])
        let alert = try #require(bench.engine.active.first)
        #expect(alert.annotations == ["summary": "a 0"])
        #expect(alert.evidence == [Evidence(.metric, "up == 0", #"{__name__="up", job="a"} = 0.0"#)])
        try bench.set(#"up{job="a"}"#, 1, at: 40)
        #expect(bench.evaluate(at: 45) == [])
        #expect(bench.engine.active.map(\.state) == [.firing])
        try bench.set(#"up{job="a"}"#, 0, at: 50)
        #expect(bench.evaluate(at: 60) == [], "back again while it is kept")
        try bench.set(#"up{job="a"}"#, 1, at: 70)
        #expect(bench.evaluate(at: 75) == [])
        #expect(bench.evaluate(at: 90) == [])
        #expect(bench.evaluate(at: 105) == [#"resolved Down{job="a", severity="page"} @105"#])
        #expect(bench.engine.active == [])
    }

    @Test func aPendingOneThatGoesAwayIsNeverTold() throws {
        var bench = try Bench("      - {alert: Down, expr: up == 0, for: 1m}\n")
        try bench.set("up", 0, at: 0)
        #expect(bench.evaluate(at: 0) == [])
        try bench.set("up", 1, at: 10)
        #expect(bench.evaluate(at: 15) == [])
        try bench.set("up", 0, at: 20)
        #expect(bench.evaluate(at: 30) == [])
        #expect(bench.evaluate(at: 75) == [], "the time counts anew")
        #expect(bench.evaluate(at: 90) == ["firing Down{} @30"])
    }

    @Test func aNumberIsOneAlertWithoutLabels() throws {
        var bench = try Bench("      - {alert: Always, expr: 1}\n")
        #expect(bench.evaluate(at: 0) == ["firing Always{} @0"])
    }

    @Test func seriesTellOfAlertsAndEndWithThem() throws {
        var bench = try Bench("      - {alert: Down, expr: up == 0, for: 15s}\n")
        try bench.set(#"up{job="a"}"#, 0, at: 2)
        _ = bench.evaluate(at: 15)
        let pending = #"{__name__="ALERTS", alertname="Down", alertstate="pending", job="a"} 1.0"#
        #expect(try bench.query("ALERTS", at: 15) == [pending])
        #expect(
            try bench.query("ALERTS_FOR_STATE", at: 15) == [
                #"{__name__="ALERTS_FOR_STATE", alertname="Down", job="a"} 15.0"#
            ])
        _ = bench.evaluate(at: 30)
        #expect(try bench.query("ALERTS", at: 30) == [pending.replacing("pending", with: "firing")])
        try bench.set(#"up{job="a"}"#, 1, at: 40)
        _ = bench.evaluate(at: 45)
        #expect(try bench.query("{__name__=~\"ALERTS.*\"}", at: 45) == [])
    }

    @Test func recordsAreWrittenWithTheirLabelsAndEndWithAMarker() throws {
        var bench = try Bench(
            """
                  - record: job:up:sum
                    expr: sum by (job) (up)
                    labels: {kind: sum, job: ""}
                  - alert: Low
                    expr: job:up:sum < 2
            """)
        try bench.set(#"up{job="a"}"#, 1, at: 0)
        #expect(bench.evaluate(at: 0) == [#"firing Low{kind="sum"} @0"#], "a later rule reads an earlier one's result")
        #expect(try bench.query("job:up:sum", at: 0) == [#"{__name__="job:up:sum", kind="sum"} 1.0"#])
        try bench.set(#"up{job="a"}"#, StaleMarker.value, at: 10)
        #expect(bench.evaluate(at: 15) == [#"resolved Low{kind="sum"} @15"#])
        #expect(try bench.query("job:up:sum", at: 15) == [])
    }

    @Test func aQueryOffsetLooksBackAndWritesThere() throws {
        var bench = try Bench("      - {record: copy, expr: up}\n", group: "    query_offset: 30s\n")
        try bench.set("up", 1, at: 0)
        try bench.set("up", 2, at: 25)
        _ = bench.evaluate(at: 45)
        #expect(try bench.query("timestamp(copy)", at: 45) == ["{} 15.0"])
        #expect(try bench.query("copy", at: 45) == [#"{__name__="copy"} 1.0"#])
    }

    @Test func tooManyAlertsAreAFailureThatEndsThem() throws {
        var bench = try Bench("      - {alert: Down, expr: up == 0}\n", group: "    limit: 2\n")
        for name in ["a", "b"] { try bench.set("up{job=\"\(name)\"}", 0, at: 0) }
        #expect(bench.evaluate(at: 0).count == 2)
        try bench.set(#"up{job="c"}"#, 0, at: 10)
        #expect(bench.evaluate(at: 15) == [#"resolved Down{job="a"} @15"#, #"resolved Down{job="b"} @15"#])
        #expect(bench.engine.health[0].lastError?.message == "the rule gives 3 alerts, more than its limit of 2")
        #expect(bench.engine.active == [])
    }

    @Test(arguments: [
        ("      - {alert: A, expr: up, labels: {job: same}}\n", "two results have the same labels"),
        ("      - {record: a, expr: up, labels: {job: same}}\n", "two results have the same labels"),
        ("      - {record: a, expr: up + on() up}\n", "many"),
    ])
    func aFailureIsToldAndStopsNoOtherRule(rule: String, message: String) throws {
        var bench = try Bench(rule + "      - {alert: Fine, expr: 1}\n")
        try bench.set(#"up{job="a"}"#, 1, at: 0)
        try bench.set(#"up{job="b"}"#, 1, at: 0)
        #expect(bench.evaluate(at: 0) == ["firing Fine{} @0"])
        let health = bench.engine.health
        #expect(health[0].lastError?.description.contains(message) == true, "\(health[0])")
        #expect(health.map(\.failures) == [1, 0])
        #expect(health.map(\.evaluations) == [1, 1])
        #expect(health[1].lastError == nil)
        #expect(health[1].lastEvaluation == Timestamp(seconds: 0))
    }

    @Test func aFailureLeavesWhatFiresAndWhatWasWritten() throws {
        var bench = try Bench("      - {alert: A, expr: up == 0 or up2 + on() up2}\n")
        try bench.set("up", 0, at: 0)
        #expect(bench.evaluate(at: 0) == ["firing A{} @0"])
        for name in ["a", "b"] { try bench.set("up2{job=\"\(name)\"}", 0, at: 5) }
        #expect(bench.evaluate(at: 15) == [])
        #expect(bench.engine.active.count == 1)
        #expect(try bench.query("ALERTS", at: 15).count == 1)
    }

    @Test func groupsAreDueAtTheMultiplesOfTheirInterval() throws {
        let text = """
            groups:
              - {name: a, rules: [{record: a, expr: 1}]}
              - {name: b, interval: 1m, rules: [{record: b, expr: 1}]}
            """
        var engine = RuleEngine(try RuleSet.parse([(path: "r.yaml", text: text)]), interval: .seconds(15))
        var store = SeriesStore(retention: .seconds(3600), memory: ByteSize(bytes: 1 << 20))
        let counts = [7.0, 8, 14.9, 15, 29, 30.5, 60, 61, 119, 120, 20].map { seconds in
            _ = engine.evaluate(at: Timestamp(seconds: seconds), store: &store)
            return engine.health.map(\.evaluations)
        }
        #expect(
            counts == [
                [1, 1], [1, 1], [1, 1], [2, 1], [2, 1], [3, 1], [4, 2], [4, 2], [5, 2], [6, 3], [7, 4],
            ])
        #expect(engine.nextEvaluation(after: Timestamp(seconds: 0)) == Timestamp(seconds: 15))
        #expect(engine.nextEvaluation(after: Timestamp(seconds: 14.9)) == Timestamp(seconds: 15))
        #expect(engine.nextEvaluation(after: Timestamp(seconds: 15)) == Timestamp(seconds: 30))
        #expect(RuleEngine(RuleSet()).nextEvaluation(after: Timestamp(seconds: 0)) == nil)
    }

    @Test func evaluationsAreTimedByTheClockGiven() throws {
        let clock = SteppingClock()
        let text = "groups:\n  - {name: a, rules: [{record: a, expr: 1}, {record: b, expr: 1}]}\n"
        var engine = RuleEngine(
            try RuleSet.parse([(path: "r.yaml", text: text)]), elapsed: { clock.next() })
        var store = SeriesStore(retention: .seconds(3600), memory: ByteSize(bytes: 1 << 20))
        _ = engine.evaluate(at: Timestamp(seconds: 0), store: &store)
        #expect(engine.health.map(\.lastDuration) == [.seconds(1), .seconds(1)])
    }

    @Test func templatesReadExternalLabels() throws {
        let text =
            "groups:\n  - {name: a, rules: [{alert: A, expr: 1, annotations: {s: '{{ $externalLabels.host }}{{ .ExternalURL }}'}}]}\n"
        var engine = RuleEngine(
            try RuleSet.parse([(path: "r.yaml", text: text)]), externalLabels: ["host": "web-1"],
            externalURL: "http://x/")
        var store = SeriesStore(retention: .seconds(3600), memory: ByteSize(bytes: 1 << 20))
        let alerts = engine.evaluate(at: Timestamp(seconds: 0), store: &store)
        #expect(alerts.map(\.annotations) == [["s": "web-1http://x/"]])
    }
}

/// A second passes at each look.
private final class SteppingClock: @unchecked Sendable {
    private var seconds = 0

    func next() -> Duration {
        seconds += 1
        return .seconds(seconds)
    }
}
