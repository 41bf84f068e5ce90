import Actuation
import Foundation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// Many incidents on a host that fails, over one ledger, with a driver that dies now and then.
@Suite("The driver, simulated")
struct DriverSimulationTests {
    static let units = (0..<6).map { "unit\($0).service" }

    static func runbook(_ name: String, _ step: String, alert: String, attempts: String) throws -> Runbook {
        try Runbook.parse(
            """
            runbook: \(name)
            description: A simulated one.
            on: [[alertname="\(alert)"]]
            parameters: {unit: {type: unit, from: '{{ $labels.unit }}', allow: [\(units.joined(separator: ", "))]}}
            risk: low
            mode: auto
            limits: {cooldown: 30s, attempts: \(attempts), concurrent: {host: 2}}
            steps:
              - {name: nap, wait: 3s}
              \(step)
            verify: {expr: up == 1, for: 2s, within: 20s}
            """, file: "\(name).yaml")
    }

    @Test(
        "every run ends, every incident reaches an end or a person, and no limit is exceeded",
        arguments: [1, 2] as [UInt64])
    func host(seed: UInt64) async throws {
        var random = SeededNumbers(state: seed)
        let world = DriverWorld()
        let runbooks = [
            try Self.runbook(
                "restart", "- {name: restart, systemd: {restart: '{{ $params.unit }}'}}", alert: "Down",
                attempts: "3 per 10m"),
            try Self.runbook("dump", "- {name: once, run: [/bin/dump]}", alert: "Leak", attempts: "2 per 10m"),
        ]
        world.with { state in
            state.installed = runbooks
            for unit in Self.units { state.units[unit] = UnitState(id: unit, invocationID: "inv0") }
            state.outcomes = [
                "restart": [.done([:]), .failed("no"), .done([:]), .unknown("?")],
                "once": [.done([:]), .timedOut, .done([:]), .unknown("?")],
            ]
        }
        let ledger = try Ledger.inMemory()
        var stage = try DriverStage(world, ledger: ledger, actionLimit: 12)
        for number in 0..<80 {
            let name = random.next() % 2 == 0 ? "Down" : "Leak"
            let unit = Self.units[Int(random.next() % UInt64(Self.units.count))]
            try await stage.open(DriverStage.incident("i\(number)", name: name, unit: unit))
            for _ in 0..<(random.next() % 12) {
                let jobs = await stage.driver.takeJobs()
                // A death loses what was to be done next; the ledger knows it.
                if random.next() % 25 == 0 {
                    world.rise(after: .seconds(Int(random.next() % 9)))
                    stage = try DriverStage(world, ledger: ledger, actionLimit: 12)
                    try await stage.driver.recover()
                    continue
                }
                for job in jobs { await job() }
                world.pass(.milliseconds(Int(random.next() % 4000)))
                await stage.driver.tick()
            }
        }
        await stage.play()
        try await check(ledger, world)
    }

    private func check(_ ledger: Ledger, _ world: DriverWorld) async throws {
        let (open, incidents, runs, actions) = try await ledger.read { reader in
            let incidents = try reader.incidents()
            return (
                try reader.openRuns().count, incidents,
                try incidents.flatMap { try reader.runs(ofIncident: $0.incident.id) },
                try reader.reservations(scope: HistoryEntry.hostScope, since: Timestamp(seconds: 0))
            )
        }
        #expect(open == 0, "every run ends")
        for incident in incidents {
            #expect(incident.state.isEnded || incident.state == .escalated, "\(incident.incident.id)")
            let pages = try await ledger.read { try $0.outbox(ofIncident: incident.incident.id).count }
            #expect(incident.state != .escalated || pages > 0, "\(incident.incident.id) is escalated, and nobody knows")
        }
        for (index, action) in actions.enumerated() {
            let recent = actions[...index].count { action.stamp.since($0.stamp) < .seconds(3600) }
            #expect(recent <= 12, "the host's budget is exceeded")
        }
        let acted = Set(actions.map(\.run))
        for scope in Set(runs.map { "\($0.runbook) \($0.target ?? "")" }) {
            let same = runs.filter { "\($0.runbook) \($0.target ?? "")" == scope && acted.contains($0.id) }
                .sorted { $0.stamp.wall < $1.stamp.wall }
            let most = scope.hasPrefix("restart") ? 3 : 2
            for (index, run) in same.enumerated() {
                let recent = same[...index].count { run.stamp.since($0.stamp) < .seconds(600) }
                #expect(recent <= most, "too many attempts: \(scope)")
            }
        }
        let often = world.with { $0.done.filter { $0.key.hasSuffix("/once") && $0.value > 1 } }
        #expect(often.isEmpty, "what is not retry_safe happens once")
        #expect(acted.count >= 12, "the simulation uses up the budget")
    }
}

/// SplitMix64, after Steele, Lea and Flood, 2014.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
