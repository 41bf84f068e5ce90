import Model
import Runbooks
import Testing

@testable import Actuation

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

    /// A log that has grown forgets what no limit looks back to, and numbers go on.
    @Test func aLogThatHasGrownForgetsWhatIsOld() async throws {
        let world = try World()
        let directory = try Directory()
        let now = world.clock.now
        var old = now
        old.wall = old.wall - .seconds(40 * 86_400)
        old.bootID = "long ago"
        do {
            let log = try SyncedLog.open(directory: directory.path, sync: { _ in true }, each: { _ in })
            let order = try world.order("recent")
            let key = EffectKey(run: "recent", path: "restart", attempt: 1)
            let action = Action(kind: .run(unit: "u"), target: "web.service", boot: "boot1", summary: "")
            for number in 1...100 {
                let gone = EffectKey(run: "gone\(number)", path: String(repeating: "x", count: 120), attempt: 1)
                _ = try log.append(.void(key: gone), at: old)
            }
            _ = try log.append(.started(key: key, order: order, action: action), at: now)
            _ = try log.append(.ended(key: key, outcome: .done([:])), at: now)
        }
        var options = ExecutorCore.Options(directory: directory.path, isRoot: false)
        options.logLengthMax = 10_000
        let core = try ExecutorCore(
            bus: world.bus, installed: world.installed, clock: world.clock.hostClock, options: options)
        try await core.halt(why: "a commit")
        let lines = try directory.read("actions.log").split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.last?.contains("\"number\":103") == true)
        try await core.resume(by: ada)
        let again = try world.order("r2")
        guard
            case .refused("cooldown", _) = try await core.perform(.init(run: "r2", path: "restart", attempt: 1), again)
        else { return #expect(Bool(false), "the recent run was forgotten") }
    }
}
