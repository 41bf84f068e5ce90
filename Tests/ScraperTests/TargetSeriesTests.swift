import Model
import Testing
import Text

@testable import Scraper

@Suite struct TargetSeriesTests {
    private static func series(_ change: (inout ScrapeConfig) -> Void = { _ in }) throws -> TargetSeries {
        var config = ScrapeConfig(jobName: "j")
        config.staticConfigs = [.init(targets: ["h:1"])]
        change(&config)
        return TargetSeries(try #require(ScrapeTarget.all([config]).first))
    }

    private func read(_ series: inout TargetSeries, _ body: String, _ second: Int64 = 1) throws -> TargetSeries.Reading
    {
        var text = body
        let result: Result<TargetSeries.Reading, Fault> = text.withUTF8 { bytes in
            do throws(Fault) {
                return .success(
                    try series.read(
                        UnsafeRawBufferPointer(bytes), contentType: nil, at: Timestamp(milliseconds: second * 1000)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @Test func samplesCarryTheTargetsLabels() throws {
        var series = try Self.series()
        let reading = try read(&series, "a 1\nb{x=\"y\"} 2 5000\n")
        #expect(
            reading.samples.map(\.0) == [
                ["__name__": "a", "job": "j", "instance": "h:1"],
                ["__name__": "b", "job": "j", "instance": "h:1", "x": "y"],
            ])
        #expect(reading.samples.map(\.1) == [.init(milliseconds: 1000, value: 1), .init(milliseconds: 5000, value: 2)])
        #expect(reading.scraped == 2 && reading.added == 2)
    }

    @Test(
        arguments: [
            (
                false,
                ["__name__": "a", "job": "j", "instance": "h:1", "exported_job": "own", "exported_exported_job": "e"]
            ),
            (true, ["__name__": "a", "job": "own", "instance": "h:1", "exported_job": "e"]),
        ] as [(Bool, Labels)])
    func honorLabelsDecidesWhoseWordCounts(honors: Bool, labels: Labels) throws {
        var series = try Self.series { $0.honorLabels = honors }
        let body = honors ? "a{job=\"own\",exported_job=\"e\"} 1\n" : "a{job=\"own\"} 1\n"
        var expected = labels
        if !honors { expected["exported_exported_job"] = nil }
        #expect(try read(&series, body).samples.map(\.0) == [expected])
    }

    @Test func aTakenNameIsExportedFurther() throws {
        var series = try Self.series()
        let labels = try read(&series, "a{job=\"own\",exported_job=\"e\"} 1\n").samples.first?.0
        #expect(labels?["exported_job"] == "e" && labels?["exported_exported_job"] == "own")
    }

    @Test func timesOfTheTargetCountOnlyWhereTheyAreHonored() throws {
        var series = try Self.series { $0.honorTimestamps = false }
        #expect(try read(&series, "a 1 5000\n").samples.first?.1.milliseconds == 1000)
    }

    @Test func vanishedSeriesAreStaleOnce() throws {
        var series = try Self.series()
        #expect(series.endScrape(try read(&series, "a 1\nb 1\n")).isEmpty)
        let second = try read(&series, "b 2\n")
        #expect(second.added == 0)
        #expect(series.endScrape(second).map { $0["__name__"] } == ["a"])
        #expect(series.endScrape(try read(&series, "b 3\n")).isEmpty)
        let again = try read(&series, "a 1\nb 3\n")
        #expect(again.added == 1)
    }

    @Test func aSeriesWrittenDifferentlyIsStillThere() throws {
        var series = try Self.series()
        _ = series.endScrape(try read(&series, "a{x=\"1\",y=\"2\"} 1\n"))
        #expect(series.endScrape(try read(&series, "a{y=\"2\",x=\"1\"} 1\n")).isEmpty)
    }

    @Test func seriesWithTimesOfTheirOwnGetNoMarker() throws {
        var series = try Self.series()
        _ = series.endScrape(try read(&series, "a 1 5000\n"))
        #expect(series.endScrape(try read(&series, "b 1\n")).isEmpty)
    }

    @Test func aFailedScrapeEndsAllThatWasThereAndNothingElse() throws {
        var series = try Self.series()
        _ = series.endScrape(try read(&series, "a 1\nb 1\n"))
        #expect(throws: Fault.self) { try read(&series, "a 1\nnew 1\n}garbage\n") }
        #expect(Set(series.endFailedScrape().map { $0["__name__"] }) == ["a", "b"])
        #expect(series.endFailedScrape().isEmpty)
        // A fetch that fails reads no body at all.
        _ = series.endScrape(try read(&series, "a 1\n"))
        #expect(series.endFailedScrape().map { $0["__name__"] } == ["a"])
    }

    @Test func limitsFailTheScrape() throws {
        var few = try Self.series { $0.sampleLimit = 2 }
        #expect(throws: Fault.self) { try read(&few, "a 1\nb 1\nc 1\n") }
        var narrow = try Self.series { $0.labelLimit = 1 }
        #expect(throws: Fault.self) { try read(&narrow, "a{x=\"1\",y=\"2\"} 1\n") }
        var small = try Self.series { $0.bodySizeLimit = .init(bytes: 5) }
        #expect(throws: Fault.self) { try read(&small, "abcdef 1\n") }
    }

    @Test func relabellingDropsBeforeTheLimitCounts() throws {
        var series = try Self.series { config in
            config.sampleLimit = 1
            var rule = Relabeling()
            (rule.sourceLabels, rule.action) = (["__name__"], .drop)
            rule.regex = try? .init("go_.*", anchored: true)  // nil would drop everything, and fail below
            config.metricRelabel = [rule]
        }
        let reading = try read(&series, "go_a 1\ngo_b 1\nc 1\n")
        #expect(reading.scraped == 3 && reading.samples.count == 1)
        #expect(series.endScrape(reading).isEmpty)
        #expect(series.endScrape(try read(&series, "c 1\n")).isEmpty, "what was dropped was never there")
    }
}
