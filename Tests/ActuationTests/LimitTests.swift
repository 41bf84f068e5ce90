import Actuation
import Model
import Runbooks
import Testing

/// Budgets, by the executor's own book and clock.
@Suite struct LimitTests {
    private func begins(_ world: World, _ run: String, unit: String = "web.service") async throws -> String? {
        let key = EffectKey(run: run, path: "restart", attempt: 1)
        switch try await world.core.perform(key, try world.order(run, unit: unit)) {
        case .accepted:
            _ = try await world.core.result(of: key)
            return nil
        case .refused(let name, _): return name
        }
    }

    @Test func cooldownIsPerTarget() async throws {
        let world = try World()
        try await world.running { _ async throws in
            #expect(try await begins(world, "r1") == nil)
            world.clock.advance(.seconds(599))
            #expect(try await begins(world, "r2") == "cooldown")
            #expect(try await begins(world, "r3", unit: "other.service") == nil)
            world.clock.advance(.seconds(2))
            #expect(try await begins(world, "r4") == nil)
        }
    }

    @Test func attemptsArePerTargetAndTime() async throws {
        let world = try World()
        try await world.running { _ async throws in
            #expect(try await begins(world, "r1") == nil)
            world.clock.advance(.seconds(700))
            #expect(try await begins(world, "r2") == nil)
            world.clock.advance(.seconds(700))
            #expect(try await begins(world, "r3") == "attempts")
            world.clock.advance(.seconds(2300))
            #expect(try await begins(world, "r4") == nil)
        }
    }

    @Test func theHostHasABudgetOverAllRunbooks() async throws {
        var settings = InstalledSettings()
        settings.actions = Budget(count: 1, per: .seconds(60))
        let world = try World([restartWeb, variant("second")], settings: settings)
        try await world.running { core async throws in
            #expect(try await begins(world, "r1") == nil)
            let other = try world.order("r2", runbook: "second", unit: "other.service")
            let key = EffectKey(run: "r2", path: "restart", attempt: 1)
            guard case .refused("budget", _) = try await core.perform(key, other) else {
                return #expect(Bool(false), "the budget did not stop it")
            }
            world.clock.advance(.seconds(61))
            guard case .accepted = try await core.perform(key, other) else {
                return #expect(Bool(false), "the budget stops it still")
            }
        }
    }

    @Test func limitsOutliveTheProcess() async throws {
        let world = try World()
        let first = try await world.running { _ in try await begins(world, "r1") }
        #expect(first == nil)
        let next = try world.reopened()
        let second = try await next.running { _ in try await begins(next, "r2") }
        #expect(second == "cooldown")
    }

    @Test func proposalsAndProbesOfUnknownKeysAreBounded() async throws {
        let world = try World()
        await #expect(throws: Fault.self) {
            for number in 1...600 {
                _ = try await world.core.probe(EffectKey(run: "r\(number)", path: "x", attempt: 1))
            }
        }
        world.clock.advance(.seconds(3601))
        #expect(try await world.core.probe(EffectKey(run: "r601", path: "x", attempt: 1)) == .void)
    }
}
