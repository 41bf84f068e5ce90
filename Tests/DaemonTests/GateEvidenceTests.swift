import Console
import Delivery
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// What a gate saw, from the step that it stopped to what on-call reads of it.
@Suite struct GateEvidenceTests {
    @Test(
        "a few lines stand on the timeline, all of them in the work; a secret in neither, and the page has a sentence")
    func isReadable() async throws {
        let world = DriverWorld()
        let desk = WorkDesk(clock: world.clock)
        let fix = try Runbook.parse(
            """
            runbook: incident-fix
            description: Find the cause.
            on: []
            parameters:
              project: {type: text, from: '{{ $project.name }}', max: 48}
            target: project
            mode: auto
            risk: low
            limits: {cooldown: 1s}
            steps:
              - {name: proven, repository: {test: '{{ $params.project }}', expect: passes, times: 1}, timeout: 10m}
            """, file: "incident-fix.yaml")
        world.with { $0.installed = [fix] }
        let development = Development(
            desk: desk, projects: { [DriverDevelopTests.project] }, roles: { [] }, git: nil)
        let stage = try DriverStage(world, ledger: try Ledger.inMemory(), development: development)
        try await stage.open(DriverStage.incident())
        let key = try #require(await given(stage, desk))
        let proof = ["race_test", "password=hunter2"] + (1...14).map { "not ok \($0)" }
        await stage.driver.workFinished(
            key, .failed((["tests-pass: the new test does not pass"] + proof).joined(separator: "\n")))
        await stage.play()

        let lines = try await stage.timeline("4f2a")
        let line = try #require(lines.first { $0.text == "proven: failed; tests-pass: the new test does not pass" })
        let shown = try #require(line.evidence.first { $0.kind == .gate }).text.split(separator: "\n")
        #expect(shown.prefix(3) == ["race_test", "password=[masked]", "not ok 1"] && shown.count == 10)
        #expect(lines.last { $0.kind == .escalate }?.text.contains("not ok") == false, "\(lines.map(\.text))")

        let observatory = try await ObservatoryStage(ledger: stage.ledger)
        let backend = DaemonBackend(
            version: "1", started: observatory.clock.wall, settings: ObservatoryStage.settings,
            content: CurrentContent(try ObservatoryStage.content(ObservatoryStage.rules), installed: "/nonexistent"),
            ledger: stage.ledger, observatory: observatory.observatory, driver: stage.driver, executor: nil,
            clock: observatory.clock.host)
        let step = try #require(try await backend.work("4f2a").steps?.first { $0.path == "proven" })
        #expect(step.text == "failed: tests-pass: the new test does not pass")
        #expect(step.evidence.count == 16 && step.evidence.last == "not ok 14")
        #expect(step.evidence.contains("password=[masked]"))
    }

    /// Waits for the step's task as the agents' process does.
    private func given(_ stage: DriverStage, _ desk: WorkDesk) async throws -> EffectKey? {
        await stage.play { _ in await desk.attendance.tasks > 0 }
        guard case .tasks(let tasks, _) = try await desk.poll(running: []), let task = tasks.first else { return nil }
        await desk.remove(task.key)
        return task.key
    }
}
