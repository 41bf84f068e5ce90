import Actuation
import Delivery
import Ledger
import Model
import Runbooks
import Synchronization
import Testing

@testable import Daemon

/// Two incidents at a time: of one project, and of one target whose run is just ending.
@Suite("The driver and a second incident") struct DriverWaitingFixTests {
    let world = DriverWorld()

    private func stage(_ desk: WorkDesk, _ ledger: Ledger) throws -> DriverStage {
        let definition = try DriverStage.fix(
            """
            - name: diagnose
              agent: {role: root-cause}
              timeout: 10m
            """, cooldown: "1m")
        world.with { $0.installed = [definition] }
        return try DriverStage(
            world, ledger: ledger,
            development: Development(
                desk: desk, projects: { [DriverDevelopTests.project] },
                roles: { [RoleFile(name: "root-cause", path: "root-cause.md", text: "---")] }, git: nil))
    }

    /// Plays until a task of that incident lies at the desk, and answers it.
    private func work(_ stage: DriverStage, _ desk: WorkDesk, on incident: String, _ outcome: Outcome) async throws {
        await stage.play(untilAtDesk: desk, of: incident)
        guard case .tasks(let tasks, _) = try await desk.poll(running: []) else { return }
        #expect(tasks.map(\.incident.id) == [incident])
        for task in tasks {
            await desk.remove(task.key)
            await stage.driver.workFinished(task.key, outcome)
        }
    }

    @Test(
        "a project's second incident gets a fix of its own, after the first and its cooldown", arguments: [false, true])
    func oneAfterTheOther(restarts: Bool) async throws {
        let ledger = try Ledger.inMemory()
        var desk = WorkDesk(clock: world.clock)
        var stage = try stage(desk, ledger)
        try await stage.open(DriverStage.incident("aa11"))
        await stage.settle()
        try await stage.open(DriverStage.incident("bb22", name: "WebSlow"))
        await stage.settle()
        func waits() async throws -> [String] {
            try await stage.timeline("bb22").map(\.text).filter { $0.contains("waits until it has ended") }
        }
        #expect(try await waits().count == 1)
        await #expect(throws: Fault.self) { try await stage.driver.fix("bb22", by: "ada") }
        if restarts {
            desk = WorkDesk(clock: world.clock)
            stage = try self.stage(desk, ledger)
            try await stage.driver.recover()
            await stage.settle()
            #expect(try await waits().count == 1, "it is said once")
        }
        try await work(stage, desk, on: "aa11", .done([:]))
        await stage.settle()
        #expect(try await stage.ends("aa11").map { $0 != nil } == [true])
        #expect(try await stage.record("bb22")?.state == .escalated, "another defect's fix proves nothing of it")
        let freed = world.clock.now().wall
        try await work(stage, desk, on: "bb22", .failed("turns: enough"))
        let begun = try await ledger.read { try $0.runs(ofIncident: "bb22").first?.stamp.wall }
        #expect(begun.map { $0 - freed >= .seconds(60) } == true, "the definition's cooldown")
        await stage.play()
        #expect(try await stage.ends("bb22").map(\.?.kind) == [.escalated])
    }

    @Test("an incident that ended meanwhile, or was closed, gets none")
    func closedMeanwhile() async throws {
        let (ledger, desk) = (try Ledger.inMemory(), WorkDesk(clock: world.clock))
        let stage = try stage(desk, ledger)
        try await stage.open(DriverStage.incident("aa11"))
        await stage.settle()
        try await stage.open(DriverStage.incident("bb22", name: "WebSlow"))
        await stage.settle()
        try await ledger.write {
            let line = TimelineLine(
                at: ObservatoryStage.begin, kind: .note, text: "closed", evidence: [], state: .closed)
            try $0.append(line: line, to: "bb22")
        }
        try await work(stage, desk, on: "aa11", .done([:]))
        await stage.play()
        #expect(try await stage.ends("bb22") == [])
    }

    @Test("one that comes while its run stores its end is not lost")
    func joinsAnEnd() async throws {
        let repair = try DriverStage.runbook(
            DriverCrashTests.restart, more: "escalate: {with: [logs 1m]}")
        world.with {
            $0.units["web.service"] = UnitState(id: "web.service", activeState: "failed", invocationID: "inv0")
            $0.conditions["up == 1"] = .some(false)
            $0.installed = [repair]
        }
        let (reached, released) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        let isFirst = Mutex(true)
        let stage = try DriverStage(
            world, ledger: try Ledger.inMemory(),
            evidence: { _, _ in
                guard
                    isFirst.withLock({ first in
                        defer { first = false }
                        return first
                    })
                else { return [] }
                reached.continuation.yield()
                for await _ in released.stream { break }
                return []
            })
        try await stage.open(DriverStage.incident("aa11"))
        async let played: Void = stage.play()
        for await _ in reached.stream { break }
        // The run has decided to end, and gathers what people are shown.
        async let opened: Void = stage.open(DriverStage.incident("bb22"))
        while try await stage.record("bb22") == nil { await Task.yield() }
        for _ in 0..<100 { await Task.yield() }
        released.continuation.yield()
        _ = try await (played, opened)
        await stage.play()
        #expect(try await stage.record("aa11")?.state == .escalated)
        #expect(try await stage.record("bb22")?.state == .escalated)
        #expect(try await stage.pages("bb22").isEmpty == false, "somebody is told")
    }
}
