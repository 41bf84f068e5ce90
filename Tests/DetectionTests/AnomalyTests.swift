import Model
import Testing

@testable import Detection

@Suite struct AnomalyTests {
    /// Values that vary a little around 10, one a minute, from the epoch on.
    private func warm(_ bench: inout Bench, until seconds: Int) throws {
        for time in stride(from: 0, through: seconds, by: 60) {
            try bench.set(#"latency{job="a"}"#, 10 + Double(time / 60 % 5) / 10, at: Double(time))
            #expect(bench.evaluate(at: Double(time)) == [])
        }
    }

    @Test func nothingIsJudgedBeforeItIsWarmAndItSaysSo() throws {
        var bench = try Bench("      - {anomaly: Slow, expr: latency}\n")
        try warm(&bench, until: 1740)
        #expect(bench.engine.health[0].note == "warming up: 1 of 1 series cannot be judged yet; knows 29m of 30m")
        try bench.set(#"latency{job="a"}"#, 1000, at: 1785)
        #expect(bench.evaluate(at: 1785) == [])
    }

    @Test(arguments: [
        ("up", 20.0, true), ("down", 20, false), ("both", 20, true), ("up", 1, false), ("down", 1, true),
        ("both", 1, true), ("both", 10.5, false),
    ])
    func whatIsFarFromItsOwnPastFires(direction: String, value: Double, fires: Bool) throws {
        var bench = try Bench(
            "      - {anomaly: Slow, expr: latency, direction: \(direction), labels: {severity: info}}\n")
        try warm(&bench, until: 2400)
        #expect(bench.engine.health[0].note == nil)
        try bench.set(#"latency{job="a"}"#, value, at: 2415)
        #expect(bench.evaluate(at: 2415) == (fires ? [#"firing Slow{job="a", severity="info"} @2415"#] : []))
        guard fires else { return }
        #expect(bench.engine.active[0].evidence[0].text.contains("the past hour's median is 10.2"))
        try bench.set(#"latency{job="a"}"#, 10.2, at: 2430)
        #expect(bench.evaluate(at: 2430) == [#"resolved Slow{job="a", severity="info"} @2430"#])
    }

    @Test func itWaitsForItsTime() throws {
        var bench = try Bench("      - {anomaly: Slow, expr: latency, for: 30s}\n")
        try warm(&bench, until: 2400)
        for time in [2415.0, 2430] {
            try bench.set(#"latency{job="a"}"#, 50, at: time)
            #expect(bench.evaluate(at: time) == [])
        }
        try bench.set(#"latency{job="a"}"#, 50, at: 2445)
        #expect(bench.evaluate(at: 2445) == [#"firing Slow{job="a"} @2415"#])
    }

    @Test func aNewLevelBecomesThePast() throws {
        var bench = try Bench("      - {anomaly: Slow, expr: latency}\n")
        try warm(&bench, until: 3600)
        var ended: Double?
        for step in 1...60 {
            let time = 3600 + Double(step) * 60
            try bench.set(#"latency{job="a"}"#, 50 + Double(step % 5) / 10, at: time)
            if bench.evaluate(at: time).contains(where: { $0.hasPrefix("resolved") }) { ended = ended ?? time - 3600 }
        }
        let seconds = try #require(ended)
        #expect(1500...2100 ~= seconds, "after about half of the hour that it remembers")
    }

    static let scores: [(past: [Double], value: Double, score: Double)] = [
        ([1, 2, 3, 4, 5], 3, 0), ([1, 2, 3, 4, 5], 4.4826, 1), ([0, 0, 0, 0, 10], 2.5066, 1),
        ([100, 100, 100], 101, 1), ([0, 0, 0], 0, 0), ([0, 0, 0], 1, .infinity), ([0, 0, 0], -1, -.infinity),
    ]

    @Test(arguments: scores)
    func theScoreIsAsPublished(past: [Double], value: Double, score: Double) throws {
        let found = try #require(RobustScore(value, past: past)).score
        #expect(found == score || abs(found - score) < 1e-9, "\(found)")
    }

    @Test func seriesAndValuesAreBounded() {
        var history = AnomalyHistory()
        for number in 0..<300 { _ = history.judge(["n": "\(number)"], 1, at: Timestamp(seconds: 0)) }
        for second in stride(from: 2.0, through: 6000, by: 2) {
            _ = history.judge(["n": "0"], 1, at: Timestamp(seconds: second))
        }
        #expect(history.series.count == 200)
        #expect(history.dropped == 100)
        #expect((500...721).contains(history.series[["n": "0"]]?.count ?? 0))
        #expect(history.judge(["n": "0"], .nan, at: Timestamp(seconds: 9000)) == nil)
        _ = history.tidy(at: Timestamp(seconds: 9000))
        #expect(history.series.count == 1)
    }
}
