import Actuation
import Glibc
import Model
import Runbooks
import Synchronization
import Testing

/// The executor dies right after each commit of its log, and right after each effect; then another one goes on.
@Suite struct CrashTests {
    /// What the core does about an executor that died in the middle of a call.
    enum Habit: Sendable, CaseIterable { case asksAgain, probes }

    /// What is driven: two steps each.
    enum Work: Sendable, CaseIterable {
        case restart, deploy

        var paths: [String] { self == .restart ? ["dump", "restart"] : ["to-staging", "integration"] }
        /// Started and ended of both steps, and a `collected` of each that has a unit of its own.
        var commits: Int { self == .restart ? 5 : 6 }

        func world() throws -> World {
            guard self == .deploy else { return try World() }
            return try World([DeployTests.stage], settings: InstalledSettings(projects: [DeployTests.payments]))
        }

        func order(_ world: World) throws -> Order {
            guard self == .deploy else { return try world.order() }
            var order = try world.order(runbook: "stage")
            order.parameters = Parameters(["project": "payments", "revision": .string(DeployTests.commit)])
            return order
        }
    }

    private enum Answer: Sendable {
        case ended(Outcome)
        case neverBegan
    }

    /// Performs two steps as the driver does, through deaths; whether there was one, and the outcomes.
    private func drive(
        _ world: World, _ work: Work, _ habit: Habit, dies point: Life.Point?
    ) async throws -> (died: Bool, outcomes: [String]) {
        let directory = try Directory()
        let order = try work.order(world)
        var life = try Life(world, in: directory, dies: point)
        var died = false
        func survive<T: Sendable>(_ body: @escaping @Sendable (ExecutorCore, Bool) async throws -> T) async throws -> T
        {
            var isAgain = false
            while true {
                let again = isAgain
                if let value = try await life.attempt({ try await body($0, again) }) { return value }
                try #require(!died, "it died twice")
                died = true
                isAgain = true
                await life.end()
                try life.leaveLog(in: directory)
                life = try Life(world, in: directory, dies: nil)
            }
        }
        var outcomes: [String] = []
        for path in work.paths {
            var key = EffectKey(run: order.run, path: path, attempt: 1)
            while true {
                let asked = key
                let answer = try await survive { core, isAgain in
                    try await Self.ask(core, asked, order, probes: isAgain && habit == .probes)
                }
                if case .ended(let outcome) = answer {
                    outcomes.append(outcome.word)
                    break
                }
                key.attempt += 1
            }
            let ended = key
            try await survive { core, _ in try await core.collect(ended) }
        }
        await life.end()
        return (died, outcomes)
    }

    private static func ask(
        _ core: ExecutorCore, _ key: EffectKey, _ order: Order, probes: Bool
    ) async throws -> Answer {
        if probes {
            switch try await core.probe(key) {
            case .running: return .ended(try await core.result(of: key))
            case .result(let outcome): return .ended(outcome)
            case .unknown(let text): return .ended(.unknown(text))
            case .void: return .neverBegan
            }
        }
        switch try await core.perform(key, order) {
        case .accepted: return .ended(try await core.result(of: key))
        case .refused(let name, let text): return .ended(.refused(guard: name, text: text))
        }
    }

    @Test(arguments: Habit.allCases, Work.allCases) func everyCommit(habit: Habit, work: Work) async throws {
        for number in 1... {
            let world = try work.world()
            let (died, outcomes) = try await drive(world, work, habit, dies: .commit(number))
            #expect(outcomes == ["done", "done"], "after commit \(number)")
            #expect(world.host.effects.count == 2, "after commit \(number): \(world.host.effects)")
            if !died {
                // Fewer would mean that something is not written.
                #expect(number == work.commits + 1)
                return
            }
        }
    }

    @Test(arguments: Habit.allCases, Work.allCases) func everyEffect(habit: Habit, work: Work) async throws {
        for number in [1, 2] { try await effect(number, habit, work) }
    }

    private func effect(_ number: Int, _ habit: Habit, _ work: Work) async throws {
        let world = try work.world()
        let (died, outcomes) = try await drive(world, work, habit, dies: .effect(number))
        #expect(died)
        #expect(outcomes == ["done", "done"])
        #expect(world.host.effects.count == 2)
    }

    @Test(arguments: ["dump", "restart"]) func aRunningStepIsAwaitedByTheNextProcess(path: String) async throws {
        let world = try World()
        let directory = try Directory()
        let order = try world.order()
        let key = EffectKey(run: "r1", path: path, attempt: 1)
        world.host.holdJobs(true)
        let first = try Life(world, in: directory, dies: .effect(1))
        #expect(try await first.attempt { try await $0.perform(key, order) } == nil)
        await first.end()
        try first.leaveLog(in: directory)
        let second = try Life(world, in: directory, dies: nil)
        #expect(try await second.core.probe(key) == .running)
        world.host.finish(path == "dump" ? StepUnit.name(of: key) : "web.service")
        #expect(try await second.core.result(of: key).word == "done")
        #expect(world.host.effects.count == 1)
        await second.end()
    }

    @Test(arguments: ["dump", "restart"]) func aRebootInBetweenLeavesItUnknown(path: String) async throws {
        let world = try World()
        let directory = try Directory()
        let order = try world.order()
        let key = EffectKey(run: "r1", path: path, attempt: 1)
        let first = try Life(world, in: directory, dies: .effect(1))
        #expect(try await first.attempt { try await $0.perform(key, order) } == nil)
        await first.end()
        try first.leaveLog(in: directory)
        world.clock.reboot()
        let second = try Life(world, in: directory, dies: nil)
        guard case .unknown = try await second.core.probe(key) else { return #expect(Bool(false), "it is known") }
        // restart is retry_safe, so another attempt is allowed; dump is not.
        let next = try await second.core.perform(EffectKey(run: "r1", path: path, attempt: 2), order)
        if case .accepted = next { #expect(path == "restart") } else { #expect(path == "dump") }
        await second.end()
    }

    /// The bus breaks while the request is under way, and the process lives on.
    @Test func aRequestWhoseAnswerIsLostIsAskedAgain() async throws {
        let world = try World()
        try await world.running { core async throws in
            let order = try world.order()
            let key = EffectKey(run: "r1", path: "restart", attempt: 1)
            world.bus.cutAfterNextEffect()
            await #expect(throws: Fault.self) { try await core.perform(key, order) }
            world.bus.restore()
            guard case .accepted = try await core.perform(key, order) else { return #expect(Bool(false), "refused") }
            #expect(try await core.result(of: key).word == "done")
            #expect(world.host.effects == ["restart web.service"])
        }
    }

    @Test func aLogThatCannotBeSyncedStopsEveryStart() async throws {
        let isBroken = Mutex(false)
        let world = try World(sync: { file in isBroken.withLock { !$0 } && fdatasync(file) == 0 })
        try await world.running { core async throws in
            let key = EffectKey(run: "r1", path: "restart", attempt: 1)
            let order = try world.order()
            isBroken.withLock { $0 = true }
            await #expect(throws: Fault.self) { try await core.perform(key, order) }
            await #expect(throws: Fault.self) { try await core.perform(key, order) }
            #expect(world.host.effects.isEmpty)
            isBroken.withLock { $0 = false }
            guard case .accepted = try await core.perform(key, order) else { return #expect(Bool(false), "refused") }
            #expect(try await core.result(of: key).word == "done")
        }
        let numbers = try world.directory.read("actions.log").split(separator: "\n").count
        #expect(numbers == 2, "what failed is not in the log")
    }
}
