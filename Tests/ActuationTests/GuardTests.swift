import Actuation
import Model
import Runbooks
import Testing

/// Everything that a lying core can try: each is refused by name, and nothing happens; the honest order beside it is taken.
@Suite struct GuardTests {
    /// The guard that refused; nil for an order that was accepted.
    private func refusal(_ world: World, _ key: EffectKey, _ order: Order) async throws -> String? {
        switch try await world.core.perform(key, order) {
        case .accepted: nil
        case .refused(let name, let text):
            text.isEmpty ? "a refusal without a sentence" : name
        }
    }

    private func key(_ path: String = "restart", run: String = "r1", attempt: Int = 1) -> EffectKey {
        EffectKey(run: run, path: path, attempt: attempt)
    }

    /// A change of the honest order that must be refused, and by whom.
    struct Lie: Sendable, CustomTestStringConvertible {
        let name: String
        let guardName: String
        var path = "restart"
        var attempt = 1
        var edit: @Sendable (inout Order) -> Void = { _ in }
        var prepare: @Sendable (World) async throws -> Void = { _ in }
        var testDescription: String { name }
    }

    static let lies: [Lie] = [
        Lie(name: "a runbook that is not installed", guardName: "digest", edit: { $0.runbook = "format-disk" }),
        Lie(
            name: "an installed runbook of another digest", guardName: "digest",
            edit: { $0.digest = String(repeating: "0", count: 64) }),
        Lie(
            name: "an installed set that cannot be read", guardName: "digest",
            prepare: { $0.installed.damage(Fault("installed.digest", "not what was installed")) }),
        Lie(name: "a unit outside the allow list", guardName: "target", edit: { $0.unit("cron.service") }),
        Lie(name: "a unit that does not exist", guardName: "target", edit: { $0.unit("alias.service") }),
        Lie(
            name: "a masked unit", guardName: "target", edit: { $0.unit("masked.service") },
            prepare: { $0.host.add("masked.service", active: false, loadState: "masked") }),
        Lie(
            name: "another name of a unit", guardName: "target", edit: { $0.unit("nickname.service") },
            prepare: { $0.host.alias("nickname.service", of: "web.service") }),
        Lie(
            name: "a protected unit, though root has allowed it", guardName: "protected unit",
            edit: { $0.unit("ssh.service") }, prepare: { $0.host.add("ssh.service", active: true) }),
        Lie(
            name: "another name of a protected unit", guardName: "protected unit", edit: { $0.unit("alias.service") },
            prepare: { world in
                world.host.add("systemd-logind.service", active: true)
                world.host.alias("alias.service", of: "systemd-logind.service")
            }),
        Lie(
            name: "a unit that the settings protect", guardName: "protected unit",
            prepare: { world in world.installed.change { $0.settings.protected.add = ["web.*"] } }),
        Lie(name: "a missing parameter", guardName: "target", edit: { $0.parameters.values = [:] }),
        Lie(
            name: "a parameter that is not declared", guardName: "parameters",
            edit: { $0.parameters.values["x"] = "y" }),
        Lie(name: "a parameter of another type", guardName: "target", edit: { $0.parameters.values["unit"] = 5 }),
        Lie(name: "a step that is not in the runbook", guardName: "step", path: "reboot"),
        Lie(name: "a step that is not the executor's", guardName: "step", path: "look"),
        Lie(name: "an undo that is not in the runbook", guardName: "step", path: "undo.dump"),
        Lie(name: "an undo of a step that was not started", guardName: "step", path: "undo.restart"),
        Lie(name: "attempt 0", guardName: "attempt", attempt: 0),
        Lie(name: "attempt 1000", guardName: "attempt", attempt: 1000),
        Lie(name: "a key of another run", guardName: "key", edit: { $0.run = "r2" }),
        Lie(name: "halted", guardName: "halt", prepare: { try await $0.core.halt(why: "somebody said so") }),
        Lie(
            name: "a rejected run", guardName: "approval",
            prepare: { world in
                _ = try await world.done("dump", try world.order())
                _ = try await world.core.reject(run: "r1", by: ada, why: "not now")
            }),
    ]

    @Test(arguments: lies) func aLieIsRefused(lie: Lie) async throws {
        let world = try World()
        try await world.running { _ async throws in
            var order = try world.order()
            try await lie.prepare(world)
            let before = world.host.effects
            lie.edit(&order)
            #expect(try await refusal(world, key(lie.path, attempt: lie.attempt), order) == lie.guardName)
            #expect(world.host.effects == before)
        }
    }

    @Test func theHonestOrderIsTaken() async throws {
        let world = try World()
        try await world.running { _ async throws in
            #expect(try await refusal(world, key(), try world.order()) == nil)
            #expect(world.host.effects == ["restart web.service"])
        }
    }

    @Test(arguments: ["R1", "", "a-b", "a/b", "../x", String(repeating: "a", count: 65)])
    func aRunIDIsPlain(run: String) async throws {
        let world = try World()
        #expect(try await refusal(world, key(run: run), try world.order(run)) == "run")
        #expect(world.host.effects.isEmpty)
    }

    @Test func aKeyActsOnce() async throws {
        let world = try World()
        try await world.running { core async throws in
            let order = try world.order()
            #expect(try await world.done("dump", order).word == "done")
            let again = try await core.perform(key("dump"), order)
            guard case .accepted(let boot, _) = again else { return #expect(Bool(false), "\(again)") }
            #expect(boot == "boot1")
            var other = order
            other.unit("other.service")
            #expect(try await refusal(world, key("dump"), other) == "key")
            #expect(world.host.effects.count == 1)
        }
    }

    @Test func aVoidKeyIsDead() async throws {
        let world = try World()
        try await world.running { core async throws in
            #expect(try await core.probe(key()) == .void)
            #expect(try await refusal(world, key(), try world.order()) == "key")
            #expect(world.host.effects.isEmpty)
            #expect(try await refusal(world, key(attempt: 2), try world.order()) == nil)
        }
    }

    @Test func aRunKeepsItsParameters() async throws {
        let world = try World()
        try await world.running { _ async throws in
            let order = try world.order()
            #expect(try await world.done("dump", order).word == "done")
            var edited = order
            edited.unit("other.service")
            #expect(try await refusal(world, key(), edited) == "parameters")
            #expect(try await refusal(world, key(), order) == nil)
        }
    }

    @Test func anInstalledCopyThatWasReplacedStopsTheRun() async throws {
        let world = try World()
        try await world.running { _ async throws in
            let order = try world.order()
            #expect(try await world.done("dump", order).word == "done")
            let newer = try Runbook.parse(restartWeb + "\n# newer\n", file: "test.yaml")
            world.installed.change { $0.runbooks["restart-web"] = newer }
            #expect(try await refusal(world, key(), order) == "digest")
        }
    }

    @Test func attemptsComeInOrderAndAsOftenAsTheRunbookSays() async throws {
        let world = try World()
        try await world.running { _ async throws in
            let order = try world.order()
            world.host.endJobs("failed")
            #expect(try await world.done("restart", order, attempt: 2).word == "failed")
            #expect(try await refusal(world, key(attempt: 1), order) == "attempt")
            #expect(try await world.done("restart", order, attempt: 3).word == "failed")
            #expect(try await refusal(world, key(attempt: 4), order) == "attempt")
            world.host.endJobs("done")
            #expect(try await world.done("dump", order).word == "done")
            #expect(try await refusal(world, key("dump", attempt: 2), order) == "attempt")
        }
    }

    @Test func oneStepOfARunAndOneRunOnAUnitAtATime() async throws {
        let world = try World([restartWeb, variant("second")])
        try await world.running { core async throws in
            let order = try world.order()
            world.host.holdJobs(true)
            #expect(try await refusal(world, key(), order) == nil)
            #expect(try await refusal(world, key("dump"), order) == "lock")
            let other = try world.order("r2", runbook: "second")
            #expect(try await refusal(world, key(run: "r2"), other) == "lock")
            #expect(
                try await refusal(world, key(run: "r3"), try world.order("r3", unit: "other.service")) == "concurrency")
            world.host.finish("web.service")
            #expect(try await core.result(of: key()).word == "done")
            world.host.holdJobs(false)
            #expect(try await refusal(world, key(run: "r2"), other) == nil)
        }
    }

    @Test func undoNeedsAStartedStepAndNoBudget() async throws {
        var settings = InstalledSettings()
        settings.actions = Budget(count: 1, per: .seconds(3600))
        let world = try World(settings: settings)
        try await world.running { _ async throws in
            let order = try world.order()
            #expect(try await world.done("restart", order).word == "done")
            #expect(try await world.done("undo.restart", order).word == "done")
            #expect(world.host.effects == ["restart web.service", "stop web.service"])
        }
    }

    @Test func observingRunbooksDoNothing() async throws {
        let open = restartWeb.replacing("allow: [web", with: "# [web").replacing("restart-web", with: "unbound")
        let world = try World([variant("watcher", mode: "observe"), open])
        for name in ["watcher", "unbound"] {
            #expect(try await refusal(world, key(), try world.order(runbook: name)) == "mode")
        }
        #expect(world.host.effects.isEmpty)
    }
}

extension Order {
    mutating func unit(_ name: String) { parameters.values["unit"] = .string(name) }
}

let root = Person(uid: 0, name: "root")
let ada = Person(uid: 1000, name: "ada")
let ben = Person(uid: 1001, name: "ben")
