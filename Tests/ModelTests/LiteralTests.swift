import Model
import Testing

@Suite struct LiteralTests {
    @Test(arguments: [
        ("500ms", 500), ("15s", 15_000), ("1h30m", 5_400_000), ("26h", 93_600_000), ("7d", 604_800_000), ("0", 0),
        ("1y", 31_536_000_000),
    ])
    func durationLiteralsHaveTheirLength(text: String, milliseconds: Int64) {
        #expect(Duration(parsing: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: ["", "5", "-5m", "5m1h", "5x", "m", "1.5h", "5 m", "99999999999y", "5m5m"])
    func wrongDurationLiteralsAreRefused(text: String) {
        #expect(Duration(parsing: text) == nil)
    }

    @Test(arguments: ["1h30m", "15s", "7d", "500ms", "1d1h1m1s1ms"])
    func durationLiteralsRoundTrip(text: String) {
        #expect(Duration(parsing: text)?.literal == text)
    }

    @Test(arguments: [("64KiB", 65_536), ("200MiB", 209_715_200), ("0B", 0)])
    func sizeLiterals(text: String, bytes: Int) {
        #expect(ByteSize(parsing: text)?.bytes == bytes)
        #expect(ByteSize(parsing: text)?.literal == text)
    }

    @Test(arguments: ["64", "64KB", "KiB", "-1B", "99999999TiB", "1.5GiB"])
    func wrongSizeLiteralsAreRefused(text: String) {
        #expect(ByteSize(parsing: text) == nil)
    }

    @Test func noLengthTraps() {
        #expect(Duration.seconds(Int64.max).microseconds == .max && Duration.seconds(Int64.min).microseconds == .min)
        for extreme in [Duration.seconds(Int64.max), .seconds(Int64.min)] { #expect(!extreme.literal.isEmpty) }
    }
}
