import Model
import Testing

@testable import Detection

@Suite struct HeartbeatTests {
    static let rule = """
              - heartbeat: BackupRan
                match: {_PID: 1, UNIT: backup.service, JOB_RESULT: done}
                every: 10m
                labels: {severity: warning}
                annotations: {summary: "{{ $labels.unit }} silent for {{ $value | humanizeDuration }}"}

        """
    static let beat = ["_PID": "1", "UNIT": "backup.service", "JOB_RESULT": "done"]
    static let alert = #"BackupRan{severity="warning", unit="backup.service"}"#

    @Test func silenceCountsFromTheFirstLookThenFromTheLastBeat() throws {
        var bench = try Bench(Self.rule)
        #expect(bench.evaluate(at: 100_000) == [])
        #expect(bench.evaluate(at: 100_600) == [])
        #expect(bench.evaluate(at: 100_615) == ["firing \(Self.alert) @100615"])
        #expect(bench.engine.active.first?.annotations == ["summary": "backup.service silent for 10m 15s"])
        #expect(bench.evaluate(at: 100_630) == [], "told once")
        #expect(bench.observe(["_PID": "2", "UNIT": "backup.service", "JOB_RESULT": "done"], at: 100_640) == [])
        #expect(bench.observe(Self.beat, at: 100_645) == ["resolved \(Self.alert) @100645"])
        #expect(bench.evaluate(at: 101_245) == [])
        #expect(bench.evaluate(at: 101_260) == ["firing \(Self.alert) @101260"])
    }

    @Test func whileTheJournalIsNotReadToItsEndNothingIsMissing() throws {
        var bench = try Bench(Self.rule)
        _ = bench.evaluate(at: 0)
        let late = Timestamp(seconds: 900)
        #expect(bench.engine.evaluate(at: late, store: &bench.store, journalCaughtUp: false) == [])
        #expect(bench.observe(Self.beat, at: 890) == [])
        #expect(bench.evaluate(at: 915) == [])
    }

    @Test func samplesCanBeABeat() throws {
        var bench = try Bench("      - {heartbeat: Scraped, expr: 'up{job=\"a\"} == 1', every: 2m}\n")
        try bench.set(#"up{job="a"}"#, 1, at: 10)
        #expect(bench.evaluate(at: 15) == [])
        try bench.set(#"up{job="a"}"#, 0, at: 20)
        #expect(bench.evaluate(at: 30) == [])
        #expect(bench.evaluate(at: 135) == [])
        #expect(bench.evaluate(at: 150) == ["firing Scraped{} @150"])
        try bench.set(#"up{job="a"}"#, 1, at: 160)
        #expect(bench.evaluate(at: 165) == ["resolved Scraped{} @165"])
    }

    @Test(arguments: [
        ("{_PID: 1, UNIT: a.service}", "a.service"), ("{UNIT: a.service}", nil),
        ("{_SYSTEMD_UNIT: a.service}", "a.service"), ("{_PID: 1, UNIT: [a.service, b.service]}", nil),
        ("{_SYSTEMD_USER_UNIT: init.scope, USER_UNIT: u.service}", "u.service"),
    ])
    func theUnitIsTakenFromTrustedWordsOnly(match: String, unit: String?) throws {
        var bench = try Bench("      - {heartbeat: A, match: \(match), every: 1s}\n")
        _ = bench.evaluate(at: 0)
        _ = bench.evaluate(at: 15)
        #expect(bench.engine.active.map { $0.labels["unit"] } == [unit])
    }
}
