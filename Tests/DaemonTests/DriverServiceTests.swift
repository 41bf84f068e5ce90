import Actuation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// The driver as the daemon runs it: jobs side by side, its own time, its own end.
@Suite("The driver as a service")
struct DriverServiceTests {
    let world = DriverWorld()

    init() {
        world.with {
            $0.units["web.service"] = UnitState(id: "web.service", activeState: "failed", invocationID: "inv0")
        }
    }

    private func stage(_ steps: String, mode: String = "auto") throws -> DriverStage {
        let runbook = try Runbook.parse(
            """
            runbook: repair
            description: Repair it.
            on: [[alertname="WebDown"]]
            parameters: {unit: {type: unit, from: '{{ $labels.unit }}', allow: [web.service, cache.service]}}
            risk: low
            mode: \(mode)
            limits: {concurrent: {host: 9}}
            steps: [\(steps)]
            verify: {expr: up == 1, for: 2s, within: 20d}
            """, file: "repair.yaml")
        world.with { $0.installed = [runbook] }
        return try DriverStage(world, ledger: try Ledger.inMemory())
    }

    /// Runs the driver until `isDone`, which is asked again and again, then stops it as SIGTERM would.
    private func run(_ stage: DriverStage, until isDone: @escaping @Sendable () async throws -> Bool) async throws {
        let service = Task { try await stage.driver.run() }
        for _ in 0..<1_000_000 {
            if try await isDone() { break }
            await Task.yield()
        }
        service.cancel()
        try await service.value
        #expect(try await isDone())
    }

    @Test("repairs several targets side by side, and ends when it is told to")
    func sideBySide() async throws {
        world.with { $0.units["cache.service"] = UnitState(id: "cache.service", invocationID: "inv0") }
        let stage = try stage("{name: restart, systemd: {restart: '{{ $params.unit }}'}, timeout: 1d}")
        try await stage.open(DriverStage.incident("aaaa"))
        try await stage.open(DriverStage.incident("bbbb", unit: "cache.service"))
        try await run(stage) {
            let states = try await [stage.record("aaaa")?.state, stage.record("bbbb")?.state]
            return states == [.resolved, .resolved]
        }
        #expect(world.with { $0.done.count } == 2)
    }

    @Test("what the helper tells of approvals is heard")
    func notices() async throws {
        let stage = try stage("{name: restart, systemd: {restart: '{{ $params.unit }}'}, timeout: 1d}", mode: "approve")
        try await stage.open(DriverStage.incident())
        await stage.settle()
        let run = try #require(try await stage.ledger.read { try $0.openRuns().first?.id })
        let plan = try await stage.driver.question(of: "4f2a").request.plan
        let ada = Person(uid: 1001, name: "ada")
        world.with { $0.approvers[run] = [ada] }
        stage.executor.notice.yield(.approved(run: run, planHash: plan, by: ada, needs: 0))
        try await self.run(stage) { try await stage.record("4f2a")?.state == .resolved }
    }

    @Test("a clean stop refuses and fails nothing: the next process goes on")
    func stop() async throws {
        let stage = try stage("{name: nap, wait: 23h}, {name: restart, systemd: {restart: '{{ $params.unit }}'}}")
        try await stage.open(DriverStage.incident())
        try await run(stage) {
            try await stage.ledger.read { reader in
                try reader.history(of: try reader.openRuns()[0].id).contains { $0.kind == "guarded" }
            }
        }
        #expect(try await stage.ledger.read { try $0.openRuns().count } == 1)
        world.rise(after: .seconds(86_400))
        let second = try DriverStage(world, ledger: stage.ledger)
        try await run(second) { try await second.record("4f2a")?.state == .resolved }
    }
}
