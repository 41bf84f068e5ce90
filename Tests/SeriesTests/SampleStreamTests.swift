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
            ("mixed scales", values { Double($0) / [1, 10, 1000, 1_000_000][$0 % 4] }),
            ("fractions", values { 1 / Double($0 + 1) }),
            ("huge", values { Double($0) * 1e300 }),
            ("whole beyond 2^53", values { 9_007_199_254_740_994 + Double($0) * 2 }),
            ("special", values { [0, -0.0, .infinity, -.infinity, StaleMarker.value, 1.5, .nan][$0 % 7] }),
            ("alternating sign", values { Double(($0 % 2 == 0 ? 1 : -1) * 4_503_599_627_370_496) }),
            ("random bits", values { _ in Double(bitPattern: random.next()) }),
        ]
    }()

    @Test(arguments: shapes.indices) func readingGivesBackTheExactBits(_ shape: Int) {
        let (name, values) = Self.shapes[shape]
        var stream = SampleStream()
        var samples: [Sample] = []
        var time: Int64 = 1_700_000_000_000
        for (index, value) in values.enumerated() {
            time += [15_000, 15_001, 14_995, 15_140, 90_000, 1, 86_400_000_000][index % 7]
            samples.append(Sample(milliseconds: time, value: value))
            stream.append(samples[index])
        }
        var read: [Sample] = []
        stream.read(from: .min, through: .max, into: &read)
        #expect(read.map(\.milliseconds) == samples.map(\.milliseconds))
        #expect(read.map(\.value.bitPattern) == samples.map(\.value.bitPattern), "\(name)")
        #expect(stream.count == 1000)
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
