import Model
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func formatsAsRFC3339(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(parsing: text)?.milliseconds == milliseconds)
    }

    @Test func readsOffsetsAndUnixSeconds() {
        #expect(Timestamp(parsing: "2023-11-14T23:13:20+01:00")?.milliseconds == 1_700_000_000_000)
        #expect(Timestamp(parsing: "1700000000.5")?.milliseconds == 1_700_000_000_500)
        let local = Timestamp(milliseconds: 1_700_000_000_000).formatted(offsetSeconds: 3600)
        #expect(local == "2023-11-14T23:13:20.000+01:00")
    }

    @Test(arguments: ["", "2023-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2023-11-14", "2023-11-14T22:13:20", "inf"])
    func refusesOtherText(text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }

    @Test func aClockSteppedBackNeverGivesANegativeTime() {
        let early = Stamp(wall: Timestamp(seconds: 100), bootID: "a", sinceBoot: .seconds(10))
        let later = Stamp(wall: Timestamp(seconds: 50), bootID: "a", sinceBoot: .seconds(15))
        let nextBoot = Stamp(wall: Timestamp(seconds: 90), bootID: "b", sinceBoot: .seconds(1))
        #expect(later.since(early) == .seconds(5))
        #expect(nextBoot.since(early) == .zero)
    }

    @Test func noTimeTraps() {
        #expect(Timestamp(microseconds: -1).milliseconds == -1 && Timestamp(microseconds: -1000).milliseconds == -1)
        for time in [Int64.min, .max] { #expect(!Timestamp(microseconds: time).description.isEmpty) }
    }
}
