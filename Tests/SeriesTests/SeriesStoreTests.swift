import Model
import Testing
import Text

@testable import Series

@Suite struct SeriesStoreTests {
    static func store(memory: ByteSize = ByteSize(bytes: 1 << 20)) -> SeriesStore {
        SeriesStore(retention: .seconds(3600), memory: memory)
    }

    static func sample(_ seconds: Int, _ value: Double = 1) -> Sample {
        Sample(milliseconds: Int64(seconds) * 1000, value: value)
    }

    @Test func samplesComeBackByLabels() throws {
        var store = Self.store()
        for job in ["web", "db"] {
            for instance in 0..<3 {
                let labels: Labels = ["__name__": "up", "job": job, "instance": "\(instance)"]
                for second in 0..<5 { store.append(labels, Self.sample(second, Double(instance))) }
            }
        }
        store.append(["__name__": "other"], Self.sample(1))
        func select(_ matchers: Matcher...) -> [String] {
            store.select(matchers, from: 1000, through: 2000).map {
                "\($0.labels["job"] ?? "-")\($0.labels["instance"] ?? "-") \($0.samples.count)"
            }
        }
        let up = try Matcher("__name__", .equal, "up")
        #expect(select(up, try Matcher("job", .equal, "web")) == ["web0 2", "web1 2", "web2 2"])
        #expect(select(up, try Matcher("job", .notEqual, "web")) == ["db0 2", "db1 2", "db2 2"])
        #expect(select(up, try Matcher("instance", .matches, "0|2")) == ["db0 2", "web0 2", "db2 2", "web2 2"])
        #expect(select(try Matcher("job", .equal, ""), try Matcher("__name__", .matches, ".+")) == ["-- 1"])
        #expect(select(up, try Matcher("job", .equal, "none")) == [])
        #expect(store.select([up], from: 9000, through: 9999).isEmpty)
        #expect(store.samplesEstimate([up], from: 1000, through: 2000) == 12)
        #expect(store.statistics.series == 7)
        #expect(store.statistics.samples == 31)
    }

    @Test func samplesOutOfOrderAreDroppedAndCounted() {
        var store = Self.store()
        let labels: Labels = ["__name__": "x"]
        #expect(store.append(labels, Self.sample(10)) == .stored)
        #expect(store.append(labels, Self.sample(9)) == .outOfOrder)
        #expect(store.append(labels, Self.sample(10)) == .repeated)
        #expect(store.append(labels, Self.sample(10, 2)) == .duplicate)
        #expect(store.append(labels, Self.sample(11, StaleMarker.value)) == .stored)
        #expect(store.append(labels, Self.sample(11, .nan)) == .duplicate)
        #expect(store.statistics.outOfOrder == 1)
        #expect(store.statistics.duplicates == 2)
        #expect(store.statistics.samples == 2)
    }

    @Test func aForgottenSeriesLeavesNoHandle() throws {
        var store = Self.store()
        let made = store.reference(["__name__": "old"])
        let ref = try #require(made)
        store.append(ref, Self.sample(0))
        store.append(["__name__": "young"], Self.sample(3600))
        store.prune(now: Timestamp(milliseconds: 3_601_000))
        #expect(store.append(ref, Self.sample(3700)) == .unknownSeries)
        #expect(store.labels([]) == [["__name__": "young"]])
        store.append(["__name__": "third"], Self.sample(3700))
        #expect(store.append(ref, Self.sample(3701)) == .unknownSeries)
        #expect(store.statistics.series == 2)
        #expect(store.statistics.evicted == 0)
    }

    @Test func shortMemoryForgetsTheOldestFirstAndCounts() throws {
        let memory = ByteSize(bytes: 64 << 10)
        var store = Self.store(memory: memory)
        var random = SystemRandomNumberGenerator()
        var most = 0
        for second in 0..<20_000 {
            for name in ["a", "b", "c"] {
                store.append(["__name__": name], Self.sample(second, Double(random.next() % 1_000_000) / 7))
            }
            most = max(most, store.statistics.bytes)
        }
        #expect(most <= memory.bytes * 65 / 64)
        #expect(store.statistics.evicted > 0)
        #expect(store.statistics.evicted + store.statistics.samples == 60_000)
        let kept = try store.select([Matcher("__name__", .matches, ".+")], from: .min, through: .max)
        #expect(kept.count == 3)
        for series in kept {
            #expect(series.samples.last?.milliseconds == 19_999_000)
            #expect(series.samples.count > 1000)
            let distances = zip(series.samples, series.samples.dropFirst()).map { $1.milliseconds - $0.milliseconds }
            #expect(distances.allSatisfy { $0 == 1000 })
        }
    }

    /// So many series that their newest chunks alone would fill the memory.
    @Test func youngSamplesGoTooWhereMemoryIsShort() {
        let memory = ByteSize(bytes: 128 << 10)
        var store = Self.store(memory: memory)
        var random = SystemRandomNumberGenerator()
        var most = 0
        for second in 0..<200 {
            for number in 0..<200 {
                store.append(["n": "\(number)"], Self.sample(second, Double(random.next() % 1_000_000) / 7))
            }
            most = max(most, store.statistics.bytes)
        }
        #expect(most <= memory.bytes * 9 / 8)
        #expect(store.statistics.series == 200)
        #expect(store.statistics.evicted > 0)
        #expect(store.statistics.evicted + store.statistics.samples == 40_000)
    }

    @Test func moreSeriesThanMemoryAreRefusedAndCounted() {
        var store = Self.store(memory: ByteSize(bytes: 32 << 10))
        for number in 0..<1000 { store.append(["__name__": "x", "n": "\(number)"], Self.sample(1)) }
        #expect(store.statistics.noRoom > 0)
        #expect(store.statistics.series + store.statistics.noRoom == 1000)
        #expect(store.statistics.bytes <= (32 << 10) * 65 / 64)
    }

    @Test func churnLeavesNothingBehind() {
        var store = Self.store()
        for round in 0..<40 {
            for number in 0..<200 {
                store.append(
                    ["__name__": "x", "pod": "a rather long pod name \(round)-\(number)"], Self.sample(round * 3600))
            }
            store.prune(now: Timestamp(milliseconds: Int64(round) * 3_600_000 + 1))
        }
        #expect(store.statistics.series == 200)
        #expect(store.slots.count <= 400)
        #expect(store.strings.count < 8000)
        store.prune(now: Timestamp(milliseconds: 1_000_000_000))
        #expect(store.statistics.bytes == 0)
        #expect(store.statistics.samples == 0)
    }
}
