import Actuation
import Foundation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

@Suite("The driver")
struct DriverTests {
    let world = DriverWorld()
    static let restart = DriverCrashTests.restart

    init() {
        world.with {
            $0.units["web.service"] = UnitState(id: "web.service", activeState: "failed", invocationID: "inv0")
        }
    }

    func stage(_ runbooks: [Runbook], observes: Bool = false, actionLimit: Int = 1000) throws -> DriverStage {
        world.with { $0.installed = runbooks }
        return try DriverStage(world, ledger: try Ledger.inMemory(), observes: observes, actionLimit: actionLimit)
    }

    // MARK: - One incident

    @Test("an incident is repaired, proven and told line by line, each with its evidence")
    func resolved() async throws {
        let stage = try stage([try DriverStage.runbook(Self.restart)])
        try await stage.open(DriverStage.incident())
        await stage.play()
        let record = try #require(try await stage.record("4f2a"))
        #expect(record.state == .resolved && record.actedAt != nil && record.runbook == "repair-web")
        let lines = try await stage.timeline("4f2a")
        #expect(
            lines.map(\.kind.rawValue) == ["signal", "intent", "start", "result", "verify", "verify", "verify", "note"])
        let expected = [
            "WebDown fires", "systemd restart web.service; limits: 1 of 3 in 1h, 1 of 1000 on this host",
            "systemd restart web.service; InvocationID before inv0",
            "restart: done; active, InvocationID inv1", "waits until up == 1 for 2s, at most 1m", "up == 1 holds",
            "up == 1 for 2s", "resolved; nobody was paged",
        ]
        for (line, text) in zip(lines, expected) { #expect(line.text.hasPrefix(text), "\(line.text)") }
        #expect(lines.dropFirst().allSatisfy { !$0.evidence.isEmpty })
        #expect(try await stage.pages("4f2a").isEmpty)
        #expect(world.with { $0.states.map(\.state) } == [.acting, .acting, .verifying, .resolved])
    }

    @Test("the history numbers every event and intent, and its fold says what the driver did")
    func history() async throws {
        let stage = try stage([try DriverStage.runbook(Self.restart)])
        try await stage.open(DriverStage.incident())
        await stage.play()
        let rows = try await stage.ledger.read { reader in
            try reader.history(of: try reader.runs(ofIncident: "4f2a")[0].id)
        }
        #expect(rows.map(\.number) == Array(1...rows.count))
        #expect(
            rows.map(\.kind) == [
                "created", "intent", "guarded", "intent", "started", "result", "watched", "watched", "ended",
            ])
    }

    @Test("what no runbook covers goes to people at once")
    func uncovered() async throws {
        let stage = try stage([])
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .escalated)
        #expect(try await stage.pages("4f2a") == ["4f2a/uncovered/1/on-call"])
    }

    @Test("where nobody acts, it says what it would do, and people are told")
    func observes() async throws {
        let stage = try stage([try DriverStage.runbook(Self.restart)], observes: true)
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .escalated)
        let lines = try await stage.timeline("4f2a").map(\.text)
        #expect(lines.contains { $0.contains("it would have done: systemd restart web.service") })
        #expect(try await stage.record("4f2a")?.actedAt == nil)
        #expect(world.with { $0.done.isEmpty })
    }

    @Test("a failed repair is taken back and escalated, with the evidence that the runbook asks for")
    func escalated() async throws {
        world.with { $0.conditions["up == 1"] = .some(false) }
        let steps = "- {name: dump, run: [/bin/dump], undo: {run: [/bin/undump]}}\n" + Self.restart
        let stage = try stage([
            try DriverStage.runbook(steps, more: "otherwise: [undo, escalate]\nescalate: {to: team}")
        ])
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .escalated)
        #expect(world.with { Set($0.done.values) } == [1] && world.with { $0.done.count } == 3)
        let pages = try await stage.pages("4f2a")
        #expect(pages.count == 1 && pages[0].hasSuffix("/team"))
        let lines = try await stage.timeline("4f2a")
        #expect(lines.filter { $0.kind == .undo }.map(\.text).contains("undo.dump: done; exit status 0"))
    }

    @Test("messages of several steps are all sent")
    func notify() async throws {
        let steps =
            DriverCrashTests.tell + "\n- {name: tell-more, notify: {to: team, text: more}}\n" + Self.restart
        let stage = try stage([try DriverStage.runbook(steps)])
        try await stage.open(DriverStage.incident())
        await stage.play()
        let pages = try await stage.pages("4f2a")
        #expect(pages.count { $0.contains("/notify/") } == 2, "\(pages)")
        #expect(try await stage.record("4f2a")?.state == .resolved)
    }

    // MARK: - Choice, join, lock

    @Test("the lowest risk is tried first, then by name; the next only where the former was refused before it acted")
    func choice() async throws {
        world.with { $0.conditions["vector(0) == 1"] = .some(false) }
        let refused = "preconditions: ['vector(0) == 1']"
        let stage = try stage([
            try DriverStage.runbook(Self.restart, name: "c-risky", risk: "medium"),
            try DriverStage.runbook(Self.restart, name: "b-second"),
            try DriverStage.runbook(Self.restart, name: "a-first", more: refused),
        ])
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.ends("4f2a").map { $0?.kind } == [.refused, .resolved])
        #expect(try await stage.record("4f2a")?.runbook == "b-second")
        #expect(try await stage.pages("4f2a").isEmpty, "nobody is told while another runbook gets its turn")
    }

    @Test("when the last one is refused, people are told")
    func allRefused() async throws {
        world.with { $0.conditions["vector(0) == 1"] = .some(false) }
        let refused = "preconditions: ['vector(0) == 1']"
        let stage = try stage([
            try DriverStage.runbook(Self.restart, name: "a-first", more: refused),
            try DriverStage.runbook(Self.restart, name: "b-second", more: refused),
        ])
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.ends("4f2a").map { $0?.guard } == ["preconditions", "preconditions"])
        #expect(try await stage.record("4f2a")?.state == .escalated)
        #expect(try await stage.pages("4f2a").count == 1)
    }

    @Test("a second incident for the same runbook and target joins its run, also across a restart")
    func join() async throws {
        let stage = try stage([try DriverStage.runbook("- {name: nap, wait: 5s}\n" + Self.restart)])
        try await stage.open(DriverStage.incident("aaaa"))
        await stage.settle()
        try await stage.open(DriverStage.incident("bbbb"))
        world.rise()
        let second = try DriverStage(world, ledger: stage.ledger)
        try await second.driver.recover()
        await second.play()
        #expect(try await second.ends("bbbb").isEmpty, "it has no run of its own")
        for id in ["aaaa", "bbbb"] { #expect(try await second.record(id)?.state == .resolved) }
        #expect(world.with { Array($0.done.values) } == [1])
    }

    @Test("another runbook waits for the unit's lock, and goes on when it is free")
    func lock() async throws {
        let stage = try stage([
            try DriverStage.runbook("- {name: nap, wait: 30s}\n" + Self.restart),
            try DriverStage.runbook(Self.restart, name: "other", more: "limits: {cooldown: 1s}", alert: "WebSlow"),
        ])
        try await stage.open(DriverStage.incident("aaaa"))
        await stage.settle()
        try await stage.open(DriverStage.incident("bbbb", name: "WebSlow"))
        await stage.settle()
        let open = try await stage.ledger.read { try $0.openRuns().map(\.runbook) }
        #expect(Set(open) == ["repair-web", "other"])
        await stage.play()
        for id in ["aaaa", "bbbb"] { #expect(try await stage.record(id)?.state == .resolved) }
        let lines = try await stage.timeline("bbbb").map(\.text)
        #expect(lines.contains { $0.hasPrefix("waits for run") && $0.hasSuffix("which holds web.service") })
    }

    @Test("a lock that is not freed in time refuses")
    func busy() async throws {
        let stage = try stage([
            try DriverStage.runbook("- {name: nap, wait: 1h}\n" + Self.restart),
            try DriverStage.runbook(Self.restart, name: "other", alert: "WebSlow"),
        ])
        try await stage.open(DriverStage.incident("aaaa"))
        await stage.settle()
        try await stage.open(DriverStage.incident("bbbb", name: "WebSlow"))
        await stage.play { driver in await driver.openCount == 1 }
        #expect(try await stage.ends("bbbb").last??.guard == "lock")
        #expect(try await stage.record("bbbb")?.state == .escalated)
    }

    // MARK: - Limits

    @Test("cooldown, attempts and the host's budget hold, also across a restart")
    func limits() async throws {
        let runbook = try DriverStage.runbook(Self.restart, more: "limits: {cooldown: 10m, attempts: 2 per 1d}")
        var stage = try stage([runbook])
        func next(_ id: String, after pause: Duration) async throws -> String? {
            world.pass(pause)
            world.rise(after: .zero)
            stage = try DriverStage(world, ledger: stage.ledger, actionLimit: 3)
            try await stage.driver.recover()
            try await stage.open(DriverStage.incident(id))
            await stage.play()
            let end = try await stage.ends(id).last ?? nil
            return end?.guard ?? end?.kind.rawValue
        }
        #expect(try await next("a1", after: .zero) == "resolved")
        #expect(try await next("a2", after: .seconds(60)) == "cooldown")
        #expect(try await next("a3", after: .seconds(601)) == "attempts", "every outcome counts, also refused")
        #expect(try await next("a4", after: .seconds(86_400)) == "resolved")
    }

    @Test("no more runs act on the host than its budget allows, over all runbooks")
    func budget() async throws {
        let runbooks = try (1...3).map { number in
            try DriverStage.runbook(Self.restart, name: "r\(number)", alert: "A\(number)")
        }
        let stage = try stage(runbooks, actionLimit: 2)
        for number in 1...3 {
            try await stage.open(DriverStage.incident("a\(number)", name: "A\(number)"))
            await stage.play()
        }
        #expect(try await stage.ends("a3").last??.guard == "budget")
        #expect(world.with { $0.done.count } == 2)
    }

    // MARK: - Signals and people

    @Test("a signal that ends before anything is done closes the incident, and says so")
    func signalEnds() async throws {
        let stage = try stage([try DriverStage.runbook(Self.restart, mode: "approve")])
        try await stage.open(DriverStage.incident())
        await stage.settle()
        #expect(try await stage.record("4f2a")?.state == .awaitingApproval)
        await stage.driver.signalEnded("4f2a")
        #expect(try await stage.record("4f2a")?.state == .closed)
        #expect(try await stage.ends("4f2a").last??.kind == .cancelled)
        #expect(world.with { $0.done.isEmpty })
    }

    @Test("halt stops what has not started, never what has, and is told to whoever acts")
    func halt() async throws {
        let stage = try stage([
            try DriverStage.runbook("- {name: nap, wait: 1h}\n" + Self.restart)
        ])
        try await stage.open(DriverStage.incident())
        await stage.settle()
        try await stage.driver.halt(by: "ada", why: "maintenance")
        await stage.play()
        #expect(try await stage.ends("4f2a").last??.kind == .escalated)
        #expect(world.with { $0.isHalted } == "ada: maintenance")
        try await stage.open(DriverStage.incident("bbbb"))
        await stage.play()
        #expect(try await stage.ends("bbbb").last??.guard == "halt")
        world.rise()
        let second = try DriverStage(world, ledger: stage.ledger)
        try await second.driver.recover()
        #expect(await second.driver.haltedBecause == "ada: maintenance", "a restart does not end a halt")
        #expect(world.with { $0.done.isEmpty })
    }
}
