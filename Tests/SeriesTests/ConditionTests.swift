import Model
import Testing

@testable import Series

@Suite struct ConditionTests {
    static func holds(
        _ text: String, _ lines: [String], at seconds: Double = 300, notBefore: Double? = nil
    ) throws -> Bool? {
        var store = SeriesStore(retention: .seconds(86_400), memory: ByteSize(bytes: 1 << 24))
        for line in lines {
            let series = try SeriesNotation(parsing: line)
            for sample in series.samples(from: 0, every: .seconds(15)) { store.append(series.labels, sample) }
        }
        let options = EvaluationOptions(notBefore: notBefore.map { Int64($0 * 1000) })
        return try Expression(parsing: text).holds(in: store, at: Timestamp(seconds: seconds), options: options)
    }

    static let series = ["up{unit=\"a\"} 1x20", "up{unit=\"b\"} 0x20", "memory{unit=\"a\"} 100x20", "ended 1 stale"]

    @Test(
        arguments: [
            ("up{unit=\"a\"} == 1", true), ("up == 1", false), ("(up < 2)", true), ("((memory)) > (100)", false),
            ("up", false), ("up{unit=\"a\"}", true), ("memory", false), ("1 == bool 1", true), ("2 - 1", true),
            ("0", false),
            ("none == 1", nil), ("ended == 1", nil), ("absent(none)", true), ("absent(up) == 1", nil), ("up[1m]", nil),
            ("\"text\"", nil), ("memory == 100 and on(unit) up == 1", true),
            ("memory == 99 and on(unit) up == 1", false),
            ("memory{unit=\"b\"} == 100 and on(unit) up", nil), ("up == 1 unless on(unit) memory > 99", false),
            ("sum(up) == bool 1", true), ("memory == NaN", false),
        ] as [(String, Bool?)]) func aConditionHoldsWhereEveryValueIsOne(_ text: String, _ expected: Bool?) throws
    {
        #expect(try Self.holds(text, Self.series) == expected)
    }

    @Test(arguments: [
        ("a > 1", true), ("(a >bool 1)", true), ("a > 1 and b", true), ("a unless b > 1", false), ("a or b > 1", false),
        ("a", false), ("sum(a > 1)", false), ("-(a > 1)", false),
    ]) func whetherItIsAComparisonIsKnown(_ text: String, _ expected: Bool) throws {
        #expect(try Expression(parsing: text).isComparison == expected)
    }

    @Test func samplesBeforeTheLimitDoNotExist() throws {
        let series = ["up 1x19", "errors_total 0+600x15 9000+0x20"]
        #expect(try Self.holds("up == 1", series, at: 290, notBefore: 285) == true)
        #expect(try Self.holds("up == 1", series, at: 290, notBefore: 286) == nil)
        #expect(try Self.holds("up offset 1m == 1", series, at: 290, notBefore: 240) == nil)
        #expect(try Self.holds("up @ 100 == 1", series, at: 290, notBefore: 240) == nil)
        #expect(try Self.holds("count_over_time(up[5m]) == 3", series, at: 290, notBefore: 250) == true)
        #expect(try Self.holds("sum_over_time(up[5m:15s]) == 3", series, at: 290, notBefore: 250) == true)
        #expect(try Self.holds("count_over_time(up[1m]) == 1", series, at: 500, notBefore: 400) == nil)
    }

    /// A rate is over the clipped range: ten quiet seconds must not be taken for a quiet minute, nor ten bad ones.
    @Test func rangesAreClippedToTheLimit() throws {
        let bad = ["errors_total 0+150x40"]
        #expect(try Self.holds("rate(errors_total[5m]) > 9", bad, at: 300, notBefore: 270) == true)
        #expect(try Self.holds("rate(errors_total[5m]) < 9", bad, at: 300, notBefore: 270) == false)
        #expect(try Self.holds("rate(errors_total[5m]) < 9", bad, at: 300, notBefore: 290) == nil)
        #expect(try Self.holds("rate(errors_total[5m:15s]) > 9", bad, at: 300, notBefore: 270) == true)
    }
}
