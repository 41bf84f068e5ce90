import Actuation
import Model
import Runbooks
import Testing

/// Deploy steps: the installed project's command, exactly, or nothing.
@Suite struct DeployTests {
    static let commit = "d00d1e1f00d5"

    static let deploy = """
        runbook: deploy
        description: Puts a revision into production.
        on: []
        parameters:
          project: {type: text, max: 80}
          revision: {type: text, max: 80}
        target: project
        mode: auto
        risk: medium
        limits: {cooldown: 1s, attempts: 10 per 1d, concurrent: {host: 4}}
        steps:
          - name: to-production
            deploy: {to: production, project: '{{ $params.project }}', revision: '{{ $params.revision }}'}
            timeout: 10m
            undo: {deploy: {rollback: production, project: '{{ $params.project }}'}, timeout: 10m}
        verify: {expr: 'up == 1', for: 5s, within: 1m}
        """
    static let stage = """
        runbook: stage
        description: Puts a revision on staging and tests it there.
        on: []
        parameters:
          project: {type: text, max: 80}
          revision: {type: text, max: 80}
        target: project
        mode: auto
        risk: low
        limits: {cooldown: 1s, attempts: 10 per 1d, concurrent: {host: 4}}
        steps:
          - name: to-staging
            deploy: {to: staging, project: '{{ $params.project }}', revision: '{{ $params.revision }}'}
          - name: integration
            deploy: {test: staging, project: '{{ $params.project }}'}
        """

    static let payments = InstalledProject(
        name: "payments",
        staging: .init(deploy: ["/srv/payments/deploy", "staging"], test: ["/srv/payments/integration-test"]),
        production: .init(
            deploy: ["/srv/payments/deploy", "production"], rollback: ["/srv/payments/rollback", "production"]))
    /// Has no production, and is not root's.
    static let tally = InstalledProject(
        name: "tally", staging: .init(deploy: ["/srv/tally/put", "it's here"], test: ["/srv/tally/try"]),
        user: "deployer")

    private func world(isRoot: Bool = true, mode: String = "auto") throws -> World {
        try World(
            [Self.deploy.replacing("mode: auto", with: "mode: \(mode)"), Self.stage],
            settings: InstalledSettings(projects: [Self.payments, Self.tally]), isRoot: isRoot)
    }

    private func order(
        _ world: World, _ run: String = "r1", runbook: String = "deploy", project: String = "payments",
        revision: String = commit
    ) throws -> Order {
        let digest = try #require(try world.installed.current().runbooks[runbook]).digest
        return Order(
            run: run, runbook: runbook, digest: digest,
            parameters: Parameters(["project": .string(project), "revision": .string(revision)]))
    }

    private func refusal(_ world: World, _ path: String, _ order: Order) async throws -> [String]? {
        switch try await world.core.perform(EffectKey(run: order.run, path: path, attempt: 1), order) {
        case .accepted: nil
        case .refused(let name, let text): [name, text]
        }
    }

    @Test func eachActionIsItsCommand() async throws {
        let world = try world()
        try await world.running { core async throws in
            for path in ["to-staging", "integration"] {
                let outcome = try await world.done(path, try order(world, "r1", runbook: "stage"))
                guard case .done(let result) = outcome else { return #expect(Bool(false), "\(outcome)") }
                #expect(result["exit"] == 0, "the result is a run step's")
                try await core.collect(EffectKey(run: "r1", path: path, attempt: 1))
            }
            #expect(try await world.done("to-production", try order(world, "r2")).word == "done")
            #expect(try await world.done("undo.to-production", try order(world, "r2")).word == "done")
        }
        #expect(
            world.host.effects == [
                "run /srv/payments/deploy staging \(Self.commit)", "run /srv/payments/integration-test",
                "run /srv/payments/deploy production \(Self.commit)", "run /srv/payments/rollback production",
            ])
        for step in world.host.steps {
            #expect(step.account == .deployer("root") && step.directory == "/")
        }
        #expect(world.host.steps.first?.timeout == .seconds(600))
        #expect(world.host.steps.first?.name == "nightshift-run-r1-to-staging-1.service")
    }

    @Test func anotherUserIsTheInstalledOne() async throws {
        let world = try world()
        try await world.running { _ async throws in
            let order = try order(world, runbook: "stage", project: "tally")
            #expect(try await world.done("to-staging", order).word == "done")
        }
        #expect(world.host.steps.first?.account == .deployer("deployer"))
        #expect(world.host.steps.first?.arguments == ["/srv/tally/put", "it's here", Self.commit])
    }

    struct Lie: Sendable, CustomTestStringConvertible {
        let name: String
        let guardName: String
        var words = ""
        var path = "to-production"
        var project = "payments"
        var revision = commit
        var edit: @Sendable (inout Order) -> Void = { _ in }
        var prepare: @Sendable (World) async throws -> Void = { _ in }
        var testDescription: String { name }
    }

    static let lies: [Lie] = [
        Lie(
            name: "a project that is not installed", guardName: "project",
            words: "no project \"ledger\" is installed", project: "ledger"),
        Lie(
            name: "a project without production", guardName: "project",
            words: "the project tally has no command for: deploy to production", project: "tally"),
        Lie(name: "no project's name", guardName: "step", project: "../payments"),
        Lie(name: "an empty project", guardName: "target", project: ""),
        Lie(name: "no revision", guardName: "parameters", revision: ""),
        Lie(name: "a revision that is an option", guardName: "project", words: "a revision is", revision: "--force"),
        Lie(name: "a revision with a blank", guardName: "project", revision: "d00d1e1 d00d1e2"),
        Lie(name: "a revision with a line break", guardName: "parameters", revision: "d00d1e1\nd00d1e2"),
        Lie(name: "a branch in place of a revision", guardName: "project", revision: "main"),
        Lie(name: "a revision in capitals", guardName: "project", revision: "D00D1E1F00"),
        Lie(name: "six digits", guardName: "project", revision: "d00d1e"),
        Lie(name: "sixty-five digits", guardName: "project", revision: String(repeating: "a", count: 65)),
        Lie(
            name: "another digest", guardName: "digest",
            edit: { $0.digest = String(repeating: "0", count: 64) }),
        Lie(name: "an undo of what was not done", guardName: "step", path: "undo.to-production"),
        Lie(name: "a step that is not there", guardName: "step", path: "to-staging"),
        Lie(
            name: "a parameter of its own", guardName: "parameters",
            edit: { $0.parameters.values["command"] = "/bin/sh" }),
        Lie(name: "halted", guardName: "halt", prepare: { try await $0.core.halt(why: "smoke") }),
        Lie(
            name: "a project that was taken back", guardName: "project",
            prepare: { world in world.installed.change { $0.settings.projects["payments"] = nil } }),
        Lie(
            name: "a project whose rollback is not there for the run's end", guardName: "project",
            prepare: { world in world.installed.change { $0.settings.projects["payments"]?.production = nil } }),
        Lie(
            name: "an installed set that cannot be read", guardName: "digest",
            prepare: { $0.installed.damage(Fault("installed.owner", "others could have written it")) }),
    ]

    @Test(arguments: lies) func aLieIsRefused(lie: Lie) async throws {
        let world = try world()
        try await world.running { _ async throws in
            var order = try order(world, project: lie.project, revision: lie.revision)
            try await lie.prepare(world)
            lie.edit(&order)
            let refusal = try #require(try await refusal(world, lie.path, order))
            #expect(refusal[0] == lie.guardName, "\(refusal)")
            #expect(refusal[1].contains(lie.words) && !refusal[1].isEmpty)
            #expect(world.host.effects.isEmpty)
            if ["project", "halt"].contains(lie.guardName), case .proposed = try await world.core.propose(order) {
                Issue.record("it was proposed")
            }
        }
    }

    /// The project's own pattern is asked before the executor's.
    @Test func aDeclaredPatternBinds() async throws {
        let text = Self.deploy.replacing(
            "revision: {type: text, max: 80}", with: "revision: {type: text, pattern: '[0-9]{8}', max: 80}")
        let world = try World([text], settings: InstalledSettings(projects: [Self.payments]))
        #expect(try await refusal(world, "to-production", try order(world))?[0] == "parameters")
        #expect(try await refusal(world, "to-production", try order(world, "r2", revision: "12345678")) == nil)
    }

    @Test(arguments: [true, false]) func thePlanShowsTheCommands(isRoot: Bool) async throws {
        let world = try world(isRoot: isRoot, mode: "approve")
        guard case .proposed(let plan) = try await world.core.propose(try order(world)) else {
            return #expect(Bool(false), "refused")
        }
        let whose = isRoot ? "AS ROOT " : ""
        #expect(plan.text.contains("deploy to production payments \(Self.commit)"))
        #expect(
            plan.text.hasSuffix(
                """
                  commands:
                    to-production: \(whose)/srv/payments/deploy production \(Self.commit)
                    undo.to-production: \(whose)/srv/payments/rollback production
                """), "\(plan.text)")
    }

    /// What a person approved is a command, word by word: root changes it, and the approval is void.
    @Test(arguments: ["deploy", "rollback", "user"]) func anotherCommandVoidsTheApproval(what: String) async throws {
        let world = try world(mode: "approve")
        try await world.running { core async throws in
            let order = try order(world)
            guard case .proposed(let plan) = try await core.propose(order) else {
                return #expect(Bool(false), "refused")
            }
            #expect(try await core.approve(run: "r1", planHash: plan.planHash, by: ada) == .taken(needs: 0))
            world.installed.change { set in
                switch what {
                case "deploy": set.settings.projects["payments"]?.production?.deploy[1] = "prod"
                case "rollback": set.settings.projects["payments"]?.production?.rollback.append("now")
                default: set.settings.projects["payments"]?.user = "deployer"
                }
            }
            #expect(try await refusal(world, "to-production", order)?[0] == "approval")
            world.installed.change { $0.settings.projects["payments"] = Self.payments }
            #expect(try await world.done("to-production", order).word == "done")
        }
    }

    @Test func oneStepOnAProjectsStageAtATime() async throws {
        let world = try world()
        try await world.running { core async throws in
            world.host.holdJobs(true)
            #expect(try await refusal(world, "to-production", try order(world, "r1")) == nil)
            let second = try await refusal(world, "to-production", try order(world, "r2"))
            #expect(second == ["lock", "run r1 is acting on payments production"])
            // Another stage and another project are free.
            #expect(try await refusal(world, "to-staging", try order(world, "r3", runbook: "stage")) == nil)
            let other = try order(world, "r4", runbook: "stage", project: "tally")
            #expect(try await refusal(world, "to-staging", other) == nil)
            world.host.finish("nightshift-run-r1-to-production-1.service")
            #expect(try await core.result(of: EffectKey(run: "r1", path: "to-production", attempt: 1)).word == "done")
            world.clock.advance(.seconds(2))
            #expect(try await refusal(world, "to-production", try order(world, "r5")) == nil)
        }
    }

    @Test func aFailedDeployIsNotTriedAgainAndCanBeTakenBack() async throws {
        let world = try world()
        try await world.running { core async throws in
            let order = try order(world)
            world.host.endJobs("failed")
            let outcome = try await world.done("to-production", order)
            #expect(outcome == .failed("it exited with status 3"))
            let again = try await core.perform(EffectKey(run: "r1", path: "to-production", attempt: 2), order)
            guard case .refused("attempt", _) = again else { return #expect(Bool(false), "\(again)") }
            world.host.endJobs("done")
            #expect(try await world.done("undo.to-production", order).word == "done")
            #expect(world.host.effects.last == "run /srv/payments/rollback production")
        }
    }

    @Test func aDeployIsCancelledProbedAndFollowedAsARunStep() async throws {
        let world = try world()
        let order = try order(world)
        let key = EffectKey(run: "r1", path: "to-production", attempt: 1)
        try await world.running { core async throws in
            world.host.holdJobs(true)
            #expect(try await refusal(world, "to-production", order) == nil)
            #expect(try await core.probe(key) == .running)
        }
        // The process is gone, the unit goes on; another one takes it up, and stops it.
        let next = try world.reopened()
        try await next.running { core async throws in
            #expect(try await core.probe(key) == .running)
            let word = try await core.perform(key, order)
            guard case .accepted(_, nil) = word else { return #expect(Bool(false), "\(word)") }
            try await core.cancel(key)
            #expect(try await core.result(of: key).word == "cancelled")
            try await core.collect(key)
        }
        #expect(world.host.effects.filter { $0.hasPrefix("run ") }.count == 1)
    }

    /// Root takes the project back in the middle of a run: even its rollback is then refused, with the reason.
    @Test func whatIsTakenBackIsTakenBackAtOnce() async throws {
        let world = try world()
        try await world.running { _ async throws in
            let order = try order(world)
            #expect(try await world.done("to-production", order).word == "done")
            world.installed.change { $0.settings.projects = [:] }
            #expect(try await refusal(world, "undo.to-production", order)?[0] == "project")
            world.installed.change { $0.settings.projects["payments"] = Self.payments }
            world.installed.change { $0.settings.projects["payments"]?.production?.rollback = ["/srv/back"] }
            #expect(try await refusal(world, "undo.to-production", order) == nil)
            #expect(world.host.effects.last == "run /srv/back")
        }
    }
}
