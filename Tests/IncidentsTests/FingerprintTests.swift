import Incidents
import Model
import Testing

@Suite struct FingerprintTests {
    @Test(arguments: [
        (Alert.firing(), Alert.firing(), true),
        (.firing(), .firing(severity: "critical"), true),
        (.firing(labels: ["pid": "1"]), .firing(labels: ["pid": "2"]), true),
        (.firing(), .firing(summary: "other words"), true),
        (.firing(), .firing(at: 99), true),
        (.firing(), .firing("OtherRule"), false),
        (.firing(), .firing(unit: "redis.service"), false),
        (.firing(), .firing(labels: ["mountpoint": "/"]), false),
        (.firing(), .firing(claims: ["unit"]), false),
        (.firing(labels: ["a": "bc"]), .firing(labels: ["ab": "c"]), false),
    ])
    func theSameTroubleHasTheSameOne(one: Alert, other: Alert, same: Bool) {
        #expect((Fingerprint.of(one) == Fingerprint.of(other)) == same)
    }

    @Test func itIsStableAcrossVersions() {
        #expect(Fingerprint.of(.firing()) == "1404351230293d1a")
    }
}
