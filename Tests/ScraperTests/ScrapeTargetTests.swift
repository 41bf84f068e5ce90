import Model
import Testing

@testable import Scraper

@Suite struct ScrapeTargetTests {
    private func target(_ change: (inout ScrapeConfig) -> Void = { _ in }) throws -> ScrapeTarget {
        var config = ScrapeConfig(jobName: "node")
        config.staticConfigs = [.init(targets: ["h:1"], labels: ["env": "prod"])]
        change(&config)
        return try #require(ScrapeTarget.all([config]).first)
    }

    @Test func jobAndInstanceLabelATarget() throws {
        let target = try target()
        #expect(target.labels == ["job": "node", "instance": "h:1", "env": "prod"])
        #expect(target.url == "http://h:1/metrics")
    }

    @Test func parametersAreEncodedAndRelabelled() throws {
        let target = try target { config in
            config.parameters = ["module": ["a b&c"], "target": ["x", "y"]]
            var rule = Relabeling()
            (rule.sourceLabels, rule.targetLabel) = (["__address__"], "__param_target")
            var name = Relabeling()
            (name.sourceLabels, name.targetLabel) = (["__param_target"], "instance")
            var address = Relabeling()
            (address.targetLabel, address.replacement) = ("__address__", "prober:9115")
            config.relabel = [rule, name, address]
        }
        #expect(target.url == "http://prober:9115/metrics?module=a%20b%26c&target=h%3A1&target=y")
        #expect(target.labels["instance"] == "h:1")
    }

    @Test func droppedTargetsAndRepeatedOnesAreLeftOut() throws {
        var config = ScrapeConfig(jobName: "j")
        config.staticConfigs = [.init(targets: ["a:1", "b:1", "a:1"])]
        #expect(ScrapeTarget.all([config]).count == 2)
        var rule = Relabeling()
        (rule.sourceLabels, rule.action) = (["__address__"], .drop)
        config.relabel = [rule]
        #expect(ScrapeTarget.all([config]).isEmpty)
    }

    @Test func theScheduleIsStableAndSpread() throws {
        let schedule = try ScrapeSchedule(target())
        #expect(schedule.offset == (try ScrapeSchedule(target())).offset)
        let offsets = try (0..<100).map { index in
            ScrapeSchedule(try target { $0.staticConfigs = [.init(targets: ["h:\(index)"])] }).offset
        }
        #expect(Set(offsets).count == 100)
        let fifths = Set(offsets.map { $0 * 5 / schedule.interval })
        #expect(fifths == [0, 1, 2, 3, 4])
    }

    @Test(arguments: [0, 1, 14_999_999, 15_000_000, 1_795_489_200_123_456, -1])
    func theNextTimeIsTheFirstOfTheGridAfterNow(now: Int64) throws {
        let schedule = try ScrapeSchedule(target())
        let next = schedule.next(after: Timestamp(microseconds: now)).microseconds
        #expect(next > now && next <= now + 15_000_000)
        #expect((next - schedule.offset) % 15_000_000 == 0)
    }

    @Test(arguments: [(0, true), (49, true), (51, false), (-1, false)])
    func aLittleLatenessIsNotTold(lateMilliseconds: Int, isDue: Bool) throws {
        let schedule = try ScrapeSchedule(target())
        let due = Timestamp(milliseconds: 1_000_000)
        let began = due + .milliseconds(lateMilliseconds)
        #expect(schedule.sampleTime(due: due, began: began) == (isDue ? due : began))
    }
}
