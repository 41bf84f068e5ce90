import Actuation
import Delivery
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// Steps of the pipeline as the driver performs them: agents at the desk, runs that begin runs, and what begins a fix.
@Suite("The driver and the pipeline") struct DriverDevelopTests {
    let world = DriverWorld()

    init() {
        world.with {
            $0.units["web.service"] = UnitState(id: "web.service", activeState: "failed", invocationID: "inv0")
        }
    }

    static let project = Project(
        name: "web", units: ["web.service"], repository: .init(url: "/nonexistent/web.git", branch: "main"),
        revision: .label("revision"), paths: .init(allow: ["**"], tests: ["tests/**"], deny: []),
        test: ["make", "test"], report: .tap("-"))

    private func development(_ desk: WorkDesk) -> Development {
        Development(
            desk: desk, projects: { [Self.project] },
            roles: { [RoleFile(name: "root-cause", path: "root-cause.md", text: "---")] }, git: nil)
    }

    private func stage(
        _ runbooks: [Runbook], desk: WorkDesk? = nil, ledger: Ledger? = nil, log: LogLines = LogLines()
    ) throws -> DriverStage {
        world.with { $0.installed = runbooks }
        return try DriverStage(
            world, ledger: try ledger ?? Ledger.inMemory(), development: desk.map { development($0) },
            logger: log.logger)
    }

    /// A fix in small: one agent, then a sub-run where the agent says so.
    private func fix() throws -> Runbook {
        try DriverStage.fix(
            """
            - name: diagnose
              agent: {role: root-cause}
              timeout: 10m
            - name: remedy
              runbook: {name: remedy}
            """)
    }

    private func remedy() throws -> Runbook {
        try DriverStage.runbook(DriverTests.restart, name: "remedy", alert: "Never")
    }

    /// One that tries, does not help, and says nothing of agents.
    private func useless(_ more: String = "") throws -> Runbook {
        try Runbook.parse(
            """
            runbook: useless
            description: It does not help.
            on: [[alertname="WebDown"]]
            parameters:
              unit: {type: unit, from: '{{ $labels.unit }}', allow: [web.service]}
            risk: low
            mode: auto
            limits: {cooldown: 1s}
            steps: [{name: again, systemd: {restart: '{{ $params.unit }}'}}]
            verify: {expr: helped == 1, for: 1s, within: 2s}
            \(more)
            """, file: "useless.yaml")
    }

    /// Waits at the desk as the agents' process does, and answers each task.
    private func work(_ stage: DriverStage, _ desk: WorkDesk, _ outcome: Outcome) async throws -> [WorkTask] {
        guard case .tasks(let tasks, _) = try await desk.poll(running: []) else { return [] }
        for task in tasks {
            await desk.remove(task.key)
            await stage.driver.workFinished(task.key, outcome)
        }
        return tasks
    }

    @Test("an escalated incident of a project goes to the agents, whose runbook then resolves it")
    func wholeWay() async throws {
        world.with { $0.conditions["helped == 1"] = .some(false) }
        let desk = WorkDesk(clock: world.clock)
        let stage = try stage([try useless(), try fix(), try remedy()], desk: desk)
        try await stage.open(DriverStage.incident())
        await stage.play(untilAtDesk: desk)
        #expect(try await stage.record("4f2a")?.state == .acting, "the fix is at work")
        #expect(try await stage.pages("4f2a").count == 1, "people know at once")
        let tasks = try await work(stage, desk, .done(["proposal": ["kind": "runbook"]]))
        let task = try #require(tasks.first)
        guard case .agent("root-cause", _, _, let inputs) = task.step else {
            Issue.record("not the agent's step: \(task.step)")
            return
        }
        #expect(task.item == "4f2a-1" && task.project == Self.project && task.incident.id == "4f2a")
        #expect(inputs["runbooks"]?.array?.compactMap { $0["name"]?.string } == ["useless", "remedy"])
        await stage.play()
        let ends = try await stage.endsByRunbook("4f2a")
        #expect(ends == ["useless": .escalated, "incident-fix": .resolved, "remedy": .resolved])
        #expect(try await stage.record("4f2a")?.state == .resolved)
        let kinds = try await stage.timeline("4f2a").map(\.kind)
        #expect(kinds.contains(.agent))
        let pages = try await stage.pages("4f2a")
        #expect(pages.count == 2, "escalated, then resolved; nothing of the sub-run: \(pages)")
    }

    @Test("an agent that fails ends the fix as escalated, by the gate's name")
    func failed() async throws {
        world.with { $0.conditions["helped == 1"] = .some(false) }
        let desk = WorkDesk(clock: world.clock)
        let stage = try stage([try useless(), try fix(), try remedy()], desk: desk)
        try await stage.open(DriverStage.incident())
        await stage.play(untilAtDesk: desk)
        _ = try await work(stage, desk, .failed("citation: T9 does not exist"))
        await stage.play()
        let end = try #require(try await stage.ends("4f2a").last ?? nil)
        #expect(end.kind == .escalated && end.text.contains("citation: T9 does not exist"))
        #expect(try await stage.record("4f2a")?.state == .escalated)
        #expect(try await stage.ends("4f2a").count == 2, "a fix that failed begins no other")
    }

    @Test("agents that are not wanted, or nobody's unit, or no provider: nothing begins", arguments: [0, 1, 2])
    func notBegun(reason: Int) async throws {
        world.with { $0.conditions["helped == 1"] = .some(false) }
        let desk = WorkDesk(clock: world.clock)
        let runbook = try useless(reason == 0 ? "escalate: {agents: none}" : "")
        let stage = try stage([runbook, try fix(), try remedy()], desk: reason == 2 ? nil : desk)
        try await stage.open(DriverStage.incident(unit: reason == 1 ? "cache.service" : "web.service"))
        await stage.play()
        #expect(try await stage.ends("4f2a").count == 1)
        #expect(try await stage.record("4f2a")?.state == .escalated)
    }

    @Test("an incident that no runbook covers goes to the agents as well")
    func uncovered() async throws {
        let desk = WorkDesk(clock: world.clock)
        let stage = try stage([try fix(), try remedy()], desk: desk)
        try await stage.open(DriverStage.incident())
        await stage.play(untilAtDesk: desk)
        #expect(try await work(stage, desk, .failed("turns: enough")).count == 1)
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .escalated)
    }

    @Test("after a restart the same task lies at the desk again, under the same key, and a fix goes on")
    func restarted() async throws {
        let ledger = try Ledger.inMemory()
        let first = WorkDesk(clock: world.clock)
        let stage = try stage([try fix(), try remedy()], desk: first, ledger: ledger)
        try await stage.open(DriverStage.incident())
        await stage.play(untilAtDesk: first)
        let second = WorkDesk(clock: world.clock)
        let next = try self.stage([try fix(), try remedy()], desk: second, ledger: ledger)
        try await next.driver.recover()
        await next.play(untilAtDesk: second)
        let tasks = try await work(next, second, .done([:]))
        #expect(tasks.map(\.key.path) == ["diagnose"] && tasks.map(\.key.attempt) == [1])
        await next.play()
        #expect(try await next.record("4f2a")?.state == .resolved)
    }

    @Test("a fix that nobody had time to begin is begun after the restart")
    func begunAnew() async throws {
        world.with { $0.conditions["helped == 1"] = .some(false) }
        let ledger = try Ledger.inMemory()
        let stage = try stage([try useless(), try fix(), try remedy()], ledger: ledger)
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.ends("4f2a").count == 1)
        let desk = WorkDesk(clock: world.clock)
        let next = try self.stage([try useless(), try fix(), try remedy()], desk: desk, ledger: ledger)
        try await next.driver.recover()
        await next.play(untilAtDesk: desk)
        #expect(try await work(next, desk, .failed("turns: enough")).count == 1)
        await next.play()
        #expect(try await next.endsByRunbook("4f2a") == ["useless": .escalated, "incident-fix": .escalated])
    }

    @Test("a sub-run is created with its parent's start, and a refused one refuses the step")
    func subrunRefused() async throws {
        let desk = WorkDesk(clock: world.clock)
        let remedy = try DriverStage.runbook(
            DriverTests.restart, name: "remedy", more: "preconditions: ['ready == 1']", alert: "Never")
        world.with { $0.conditions["ready == 1"] = .some(false) }
        let stage = try stage([try fix(), remedy], desk: desk)
        try await stage.open(DriverStage.incident())
        await stage.play(untilAtDesk: desk)
        _ = try await work(stage, desk, .done([:]))
        await stage.play()
        #expect(try await stage.endsByRunbook("4f2a") == ["incident-fix": .escalated, "remedy": .refused])
        let runs = try await stage.ledger.read { try $0.runs(ofIncident: "4f2a") }
        let parent = try #require(runs.first { $0.runbook == "incident-fix" })
        let child = try #require(runs.first { $0.runbook == "remedy" })
        #expect(child.id == EffectKey(run: parent.id, path: "remedy", attempt: 1).subrunID)
        #expect(world.with { $0.done.isEmpty })
    }

    @Test("cancelled by a person, the task is withdrawn and the fix ends")
    func withdrawn() async throws {
        let desk = WorkDesk(clock: world.clock)
        let stage = try stage([try fix(), try remedy()], desk: desk)
        try await stage.open(DriverStage.incident())
        await stage.play(untilAtDesk: desk)
        let run = try #require(try await stage.ledger.read { try $0.openRuns().first })
        try await stage.driver.withdraw(run.id, by: "ada", why: "I do it myself")
        await stage.play()
        let end = try #require(try await stage.ends("4f2a").last ?? nil)
        #expect(end.kind == .escalated && end.text.contains("ada"))
        await #expect(throws: (any Error).self) { try await stage.driver.withdraw(run.id, by: "ada", why: "") }
    }

    @Test("an agent past its time is told to stop; where nobody works, that is its end")
    func overdue() async throws {
        let desk = WorkDesk(clock: world.clock)
        let stage = try stage([try fix(), try remedy()], desk: desk)
        try await stage.open(DriverStage.incident())
        await stage.play()
        let end = try #require(try await stage.ends("4f2a").last ?? nil)
        #expect(end.kind == .escalated && end.text.contains("diagnose"))
    }

    @Test("a step for which nobody comes says so, once a silence: on the timeline and in the log")
    func silence() async throws {
        let (desk, log) = (WorkDesk(clock: world.clock), LogLines())
        let stage = try stage([try fix(), try remedy()], desk: desk, log: log)
        func said() async throws -> [String] {
            try await stage.timeline("4f2a").map(\.text).filter { $0.contains("is not heard") }
        }
        func logged() -> [String] { log.all.filter { $0.contains("agents' process") } }
        func wait(_ time: Duration) async {
            let end = world.clock.now().wall + time
            await stage.play { [world] _ in world.clock.now().wall >= end }
        }
        try await stage.open(DriverStage.incident())
        await wait(.seconds(25))
        #expect(try await said() == [], "it may be starting")
        await wait(.seconds(60))
        let sentence = "diagnose: the agents' process is not heard; the step waits"
        #expect(try await said() == [sentence])
        #expect(logged().count == 1 && logged()[0].contains("nightshift-agents.service"), "\(log.all)")
        guard case .tasks(let tasks, _) = try await desk.poll(running: []) else {
            Issue.record("the task is still there")
            return
        }
        #expect(tasks.map(\.key.path) == ["diagnose"])
        await wait(.seconds(20))
        #expect(logged().count == 2 && logged()[1].hasSuffix("is heard again"), "\(log.all)")
        #expect(try await said() == [sentence])
        await wait(.seconds(60))
        #expect(try await said() == [sentence, sentence], "it took the task, and then was silent")
    }
}

extension DriverStage {
    func endsByRunbook(_ incident: String) async throws -> [String: RunEnd.Kind] {
        let runs = try await ledger.read { try $0.runs(ofIncident: incident) }
        let ends = try await ends(incident)
        return Dictionary(
            zip(runs, ends).compactMap { run, end in end.map { (run.runbook, $0.kind) } }, uniquingKeysWith: { $1 })
    }
}

extension Driver {
    /// Where the open runs stand.
    var states: [String: RunState] { open.mapValues(\.state) }
}
