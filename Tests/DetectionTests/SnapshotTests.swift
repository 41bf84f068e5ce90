import FoundationEssentials
import Model
import Series
import Testing

@testable import Detection

@Suite struct SnapshotTests {
    static let rules = """
              - {alert: Down, expr: up == 0, for: 1m}
              - {log: Failed, match: {_PID: 1}, threshold: 2 in 10m, keep_firing_for: 1h}
              - {heartbeat: Ran, match: {_PID: 2}, every: 1h}
              - {anomaly: Odd, expr: load}
              - {record: copy, expr: up}

        """

    /// Through JSON, as the ledger keeps it.
    private func reborn(_ old: Bench, rules: String = rules, at seconds: Double, afterRestart: Bool) throws
        -> (bench: Bench, told: [String])
    {
        let data = try JSONEncoder().encode(old.engine.snapshot())
        let snapshot = try JSONDecoder().decode(RuleEngineSnapshot.self, from: data)
        #expect(snapshot == old.engine.snapshot())
        var bench = try Bench(rules)
        if !afterRestart { bench.store = old.store }
        let told = bench.engine.restore(snapshot, at: Timestamp(seconds: seconds), afterRestart: afterRestart)
        return (bench, told.map(\.line))
    }

    @Test func countsSilencesAndHistoriesGoOn() throws {
        var old = try Bench(Self.rules)
        for time in stride(from: 0.0, through: 2400, by: 15) {
            try old.set("load", 1 + Double(Int(time) / 15 % 3) / 10, at: time)
            _ = old.evaluate(at: time)
        }
        _ = old.observe(["_PID": "1"], at: 2400)
        var (bench, told) = try reborn(old, at: 2460, afterRestart: true)
        #expect(told == [])
        #expect(bench.observe(["_PID": "1"], at: 2461) == ["firing Failed{} @2461"], "the second of two")
        try bench.set("load", 9, at: 2470)
        #expect(bench.evaluate(at: 2475) == ["firing Odd{} @2475"], "no second warm-up")
        try bench.set("load", 9, at: 3615)
        #expect(bench.evaluate(at: 3615) == ["firing Ran{} @3615"], "the silence counts from the first start")
    }

    @Test func aFiringAlertWaitsForItsSeriesToComeBack() throws {
        var old = try Bench(Self.rules)
        try old.set("up", 0, at: 0)
        for time in [0.0, 30, 60] { _ = old.evaluate(at: time) }
        #expect(old.engine.active.map(\.state) == [.firing])
        var (bench, _) = try reborn(old, at: 100, afterRestart: true)
        #expect(bench.evaluate(at: 105) == [], "nothing has been scraped yet")
        try bench.set("up", 0, at: 110)
        #expect(bench.evaluate(at: 120) == [])
        #expect(bench.engine.active.map(\.at.seconds) == [0])
        try bench.set("up", 1, at: 230)
        #expect(bench.evaluate(at: 240) == ["resolved Down{} @240"])
        (bench, _) = try reborn(old, at: 100, afterRestart: true)
        #expect(bench.evaluate(at: 210) == [])
        #expect(bench.evaluate(at: 225) == ["resolved Down{} @225"], "they did not come back")
    }

    @Test func whatIsOnlyRememberedIsForgottenOnDemandAndFiresAnew() throws {
        var old = try Bench(Self.rules)
        try old.set("up", 0, at: 0)
        for time in [0.0, 30, 60] { _ = old.evaluate(at: time) }
        var (bench, _) = try reborn(old, at: 100, afterRestart: true)
        #expect(bench.engine.remembered.map(\.at.seconds) == [0])
        try bench.set("up", 0, at: 110)
        #expect(bench.evaluate(at: 120) == [])
        #expect(bench.engine.remembered == [], "it was found")
        bench.engine.forget(bench.engine.active)
        #expect(bench.engine.active.count == 1, "only what is remembered is forgotten")

        (bench, _) = try reborn(old, at: 100, afterRestart: true)
        #expect(bench.evaluate(at: 105) == [])
        bench.engine.forget(bench.engine.remembered)
        #expect(bench.engine.active == [] && bench.engine.remembered == [])
        try bench.set("up", 0, at: 120)
        #expect(bench.evaluate(at: 120) == [])
        #expect(bench.evaluate(at: 180) == ["firing Down{} @120"])
        let (reloaded, _) = try reborn(old, at: 100, afterRestart: false)
        #expect(reloaded.engine.remembered == [], "nothing is in doubt after a reload")
    }

    @Test func theTimeOfBeingDownIsNotPending() throws {
        var old = try Bench(Self.rules)
        try old.set("up", 0, at: 0)
        for time in [0.0, 30] { _ = old.evaluate(at: time) }
        var (bench, _) = try reborn(old, at: 1000, afterRestart: true)
        try bench.set("up", 0, at: 1001)
        #expect(bench.evaluate(at: 1005) == [])
        #expect(bench.evaluate(at: 1035) == ["firing Down{} @970"])
    }

    @Test func aReloadKeepsWhatStaysAndEndsWhatIsGone() throws {
        var old = try Bench(Self.rules)
        try old.set("up", 0, at: 0)
        for time in [0.0, 60] { _ = old.evaluate(at: time) }
        for time in [61.0, 62] { _ = old.observe(["_PID": "1"], at: time) }
        let kept = "      - {alert: Down, expr: up < 1, for: 1m}\n"
        var (bench, told) = try reborn(old, rules: kept, at: 70, afterRestart: false)
        #expect(told == ["resolved Failed{} @70"])
        #expect(bench.evaluate(at: 75) == [], "it fires already")
        #expect(try bench.query("copy", at: 75) == [], "its rule is gone")
        #expect(try bench.query("ALERTS", at: 75).count == 1)
        (bench, told) = try reborn(
            old, rules: "      - {alert: Down, expr: up == 0, labels: {a: b}}\n", at: 70, afterRestart: false)
        #expect(told.sorted() == ["resolved Down{} @70", "resolved Failed{} @70"], "another label is another rule")
    }

    @Test func anotherGroupsSnapshotIsNotTaken() throws {
        var old = try Bench("      - {log: A, match: {_PID: 1}}\n      - {log: A, match: {_PID: 1, X: y}}\n")
        #expect(old.observe(["_PID": "1"], at: 1).count == 1)
        let (bench, told) = try reborn(old, rules: "      - {log: B, match: {_PID: 1}}\n", at: 2, afterRestart: true)
        #expect(told == ["resolved A{} @2"])
        #expect(bench.engine.active == [])
    }
}
