import Model
import Testing

@testable import Series

@Suite struct SampleStreamTests {
    static func values(_ next: (Int) -> Double) -> [Double] { (0..<1000).map(next) }

    static let shapes: [(String, [Double])] = {
        var random = SystemRandomNumberGenerator()
        return [
            ("constant", values { _ in 42 }),
            ("counter", values { Double($0 * 152 + $0 % 7) }),
            ("negative", values { -Double($0 * $0) }),
            ("centiseconds", values { Double($0 * 317) / 100 }),
            ("milliseconds times 0.001", values { Double($0 * 697) * 0.001 }),
            ("nanoseconds", values { Double($0 * $0 * 1237) / 1e9 }),
            ("now one scale, now another", values { $0 % 2 == 0 ? Double($0) * 0.001 : Double($0) / 1e7 }),
            ("mixed scales", values { Double($0) / [1, 10, 1000, 1_000_000][$0 % 4] }),
            ("fractions", values { 1 / Double($0 + 1) }),
            ("huge", values { Double($0) * 1e300 }),
            ("whole beyond 2^53", values { 9_007_199_254_740_994 + Double($0) * 2 }),
            ("special", values { [0, -0.0, .infinity, -.infinity, StaleMarker.value, 1.5, .nan][$0 % 7] }),
            ("alternating sign", values { Double(($0 % 2 == 0 ? 1 : -1) * 4_503_599_627_370_496) }),
            ("random bits", values { _ in Double(bitPattern: random.next()) }),
        ]
    }()

    /// Distances of samples in milliseconds: a steady clock, jitter, missed scrapes, none of these.
    static let clocks: [[Int64]] = [
        [15_000], [15_002, 14_997, 15_001, 15_000], Array(repeating: 15_000, count: 50) + [45_000],
        [15_000, 15_001, 14_995, 15_140, 90_000, 1, 86_400_000_000],
    ]

    @Test(arguments: shapes.indices, clocks.indices) func readingGivesBackTheExactBits(_ shape: Int, _ clock: Int) {
        let (name, values) = Self.shapes[shape]
        let distances = Self.clocks[clock]
        var stream = SampleStream()
        var samples: [Sample] = []
        var time: Int64 = 1_700_000_000_000
        for (index, value) in values.enumerated() {
            time += distances[index % distances.count]
            samples.append(Sample(milliseconds: time, value: value))
            stream.append(samples[index])
        }
        var read: [Sample] = []
        stream.read(from: .min, through: .max, into: &read)
        #expect(read.map(\.milliseconds) == samples.map(\.milliseconds), "\(name)")
        #expect(read.map(\.value.bitPattern) == samples.map(\.value.bitPattern), "\(name)")
        #expect(stream.count == 1000)
        var middle: [Sample] = []
        stream.read(from: samples[300].milliseconds, through: samples[700].milliseconds, into: &middle)
        #expect(middle.map(\.milliseconds) == samples[300...700].map(\.milliseconds), "\(name)")
    }

    @Test func aFullChunkOfSteadyValuesCostsNextToNothing() {
        var stream = SampleStream()
        for index in 0..<10_000 { stream.append(Sample(milliseconds: Int64(index) * 15_000, value: 1.5)) }
        #expect(stream.byteCount < 10_000 / 4)
        stream = SampleStream()
        for index in 0..<10_000 { stream.append(Sample(milliseconds: Int64(index) * 15_000, value: Double(index * 7))) }
        #expect(stream.byteCount < 10_000 / 2)
    }

    @Test func aClosedChunkIsFollowedByAnother() {
        var stream = SampleStream()
        for index in 0..<30 {
            stream.append(Sample(milliseconds: Int64(index), value: Double(index)))
            if index % 10 == 4 { stream.close() }
        }
        #expect(stream.chunks.map(\.count) == [5, 10, 10, 5])
        var read: [Sample] = []
        stream.read(from: .min, through: .max, into: &read)
        #expect(read.map(\.value) == (0..<30).map { Double($0) })
    }

    @Test func aRangeTakesBothItsEnds() {
        var stream = SampleStream()
        for index in 0..<600 { stream.append(Sample(milliseconds: Int64(index) * 10, value: Double(index))) }
        var read: [Sample] = []
        stream.read(from: 2390, through: 2420, into: &read)
        #expect(read.map(\.value) == [239, 240, 241, 242])
        #expect(stream.estimate(from: 2390, through: 2420) == 3)
    }

    @Test func forgettingTakesWholeChunksAndKeepsTheRestReadable() {
        var stream = SampleStream()
        for index in 0..<600 {
            stream.append(Sample(milliseconds: Int64(index) * 10, value: (Double(index) + 0.1) / 3))
        }
        #expect(stream.dropChunks(endingBefore: 2390) == 0)
        #expect(stream.dropChunks(endingBefore: 2391) == 240)
        var read: [Sample] = []
        stream.read(from: .min, through: .max, into: &read)
        #expect(read.map(\.value) == (240..<600).map { (Double($0) + 0.1) / 3 })
        stream.append(Sample(milliseconds: 6000, value: 0.1))
        #expect(stream.dropChunks(endingBefore: .max) == 361)
        #expect(stream.isEmpty)
    }

    @Test func timesAtTheEndsOfTheScaleDoNotTrap() {
        var stream = SampleStream()
        let times: [Int64] = [.min, -1, 0, .max]
        for time in times { stream.append(Sample(milliseconds: time, value: 1)) }
        var read: [Sample] = []
        stream.read(from: .min, through: .max, into: &read)
        #expect(read.map(\.milliseconds) == times)
    }
}
