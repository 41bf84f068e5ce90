import Actuation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

@Suite("The driver and approvals")
struct DriverApprovalTests {
    let world = DriverWorld()
    static let ada = Person(uid: 1001, name: "ada")
    static let bob = Person(uid: 1002, name: "bob")

    init() {
        world.with {
            $0.units["web.service"] = UnitState(id: "web.service", activeState: "failed", invocationID: "inv0")
        }
    }

    func stage(risk: String = "low", steps: String = DriverCrashTests.restart, mode: String = "approve") async throws
        -> DriverStage
    {
        let runbook = try DriverStage.runbook(steps, risk: risk, mode: mode)
        world.with { $0.installed = [runbook] }
        let stage = try DriverStage(world, ledger: try Ledger.inMemory())
        try await stage.open(DriverStage.incident())
        await stage.settle()
        return stage
    }

    func run(_ stage: DriverStage) async throws -> String {
        try #require(try await stage.ledger.read { try $0.openRuns().first?.id })
    }

    /// What the executor knows of approvals is found out by asking again.
    func approve(_ stage: DriverStage, by persons: [Person]) async throws {
        let run = try await run(stage)
        world.with { $0.approvers[run] = persons }
        world.pass(.seconds(16))
        await stage.driver.tick()
        await stage.settle()
    }

    @Test("nothing happens before approval, and people are told that it is needed")
    func asks() async throws {
        let stage = try await stage()
        #expect(try await stage.record("4f2a")?.state == .awaitingApproval)
        #expect(try await stage.pages("4f2a").first?.contains("/approval/") == true)
        let question = try await stage.driver.question(of: "4f")
        #expect(question.request.text == "restart web.service")
        world.pass(.seconds(600))
        await stage.driver.tick()
        await stage.settle()
        #expect(world.with { $0.done.isEmpty })
        try await approve(stage, by: [Self.ada])
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .resolved)
        let lines = try await stage.timeline("4f2a").filter { $0.kind == .approval }.map(\.text)
        #expect(lines.contains { $0.hasPrefix("ada approved plan plan-") })
    }

    @Test("an approval that came while nobody listened counts after a restart")
    func meanwhile() async throws {
        let first = try await stage()
        let run = try await run(first)
        world.with { $0.approvers[run] = [Self.ada] }
        world.rise()
        let second = try DriverStage(world, ledger: first.ledger)
        try await second.driver.recover()
        await second.play()
        #expect(try await second.record("4f2a")?.state == .resolved)
    }

    @Test("a plan that changes while it is looked at is shown anew; the old approval is void")
    func changed() async throws {
        let stage = try await stage()
        let before = try await stage.driver.question(of: "4f2a").request.plan
        world.with { $0.units["web.service"]?.invocationID = "inv7" }
        world.pass(.seconds(16))
        await stage.driver.tick()
        await stage.settle()
        let after = try await stage.driver.question(of: "4f2a").request.plan
        #expect(before != after)
        await #expect(throws: Fault.self) {
            _ = try await stage.driver.approve("4f2a", plan: before, by: Self.ada)
        }
        #expect(world.with { $0.done.isEmpty })
    }

    @Test("approval is checked again at the first start: a unit that was restarted meanwhile voids it")
    func void() async throws {
        let stage = try await stage(steps: "- {name: nap, wait: 10s}\n" + DriverCrashTests.restart)
        try await approve(stage, by: [Self.ada])
        world.with { $0.units["web.service"]?.invocationID = "inv7" }
        await stage.play()
        let end = try await stage.ends("4f2a").last ?? nil
        #expect(
            end?.guard == "approval" && end?.text.contains("not what was approved") == true,
            "\(String(describing: end))")
        #expect(world.with { $0.done.isEmpty })
    }

    @Test("what the run itself changed does not void its approval")
    func ownChange() async throws {
        let stage = try await stage(
            steps: DriverCrashTests.dump + "\n- {name: restart, systemd: {restart: '{{ $params.unit }}'}}")
        try await approve(stage, by: [Self.ada])
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .resolved)
    }

    @Test("high risk needs two, even where its mode is auto")
    func two() async throws {
        let stage = try await stage(risk: "high", mode: "auto")
        try await approve(stage, by: [Self.ada])
        #expect(world.with { $0.done.isEmpty })
        #expect(try await stage.record("4f2a")?.state == .awaitingApproval)
        try await approve(stage, by: [Self.ada, Self.bob])
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .resolved)
    }

    @Test("nobody answers: refused, and escalated")
    func expires() async throws {
        let stage = try await stage()
        world.pass(.seconds(1801))
        await stage.driver.tick()
        await stage.play()
        #expect(try await stage.ends("4f2a").last??.guard == "approval")
        #expect(try await stage.record("4f2a")?.state == .escalated)
        #expect(world.with { $0.done.isEmpty })
    }

    @Test("an approve step is answered over the control socket, for exactly what it shows")
    func step() async throws {
        let steps =
            "- {name: sure, approve: {by: ops, show: 'Restart {{ $params.unit }}?'}}\n" + DriverCrashTests.restart
        let stage = try await stage(steps: steps, mode: "auto")
        let question = try await stage.driver.question(of: "4f2a")
        #expect(question.request.text == "Restart web.service?" && question.request.path == "sure")
        await #expect(throws: Fault.self) { _ = try await stage.driver.approve("4f2a", plan: "x", by: Self.ada) }
        await #expect(throws: Fault.self, "not in the group") {
            _ = try await stage.driver.approve("4f2a", plan: question.request.plan, by: Self.ada, groups: ["users"])
        }
        _ = try await stage.driver.approve("4f2a", plan: question.request.plan, by: Self.ada, groups: ["ops"])
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .resolved)
    }
}
