import Actuation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// An executor that is silent, requests that are lost, a disk that is full.
@Suite("The driver and what fails")
struct DriverFaultTests {
    let world = DriverWorld()
    static let restart = DriverCrashTests.restart

    init() {
        world.with {
            $0.units["web.service"] = UnitState(id: "web.service", activeState: "failed", invocationID: "inv0")
        }
    }

    func stage(_ runbooks: [Runbook]) throws -> DriverStage {
        world.with { $0.installed = runbooks }
        return try DriverStage(world, ledger: try Ledger.inMemory())
    }

    @Test("silence of the executor is not an answer: after a minute the outcome is unknown, and nothing is repeated")
    func silence() async throws {
        let stage = try stage([try DriverStage.runbook(DriverCrashTests.dump)])
        world.with { $0.silenceAfterDeed = .seconds(600) }
        try await stage.open(DriverStage.incident())
        await stage.play()
        let end = try #require(try await stage.ends("4f2a").last ?? nil)
        #expect(
            end.kind == .escalated && end.text.hasPrefix("the outcome of dump is unknown: nobody could be asked for 1m")
        )
        #expect(world.with { Array($0.done.values) } == [1])
        #expect(try await stage.pages("4f2a").count == 1)
    }

    @Test("an executor that answers again within the minute is asked, and the run goes on")
    func shortSilence() async throws {
        let stage = try stage([try DriverStage.runbook(DriverCrashTests.dump)])
        world.with { $0.silenceAfterDeed = .seconds(40) }
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .resolved)
        #expect(world.with { Array($0.done.values) } == [1])
    }

    @Test("an executor that cannot be asked at all refuses the run, after some patience")
    func nobody() async throws {
        let stage = try stage([try DriverStage.runbook(Self.restart)])
        world.with { $0.outOfReachUntil = $0.now + .seconds(3600) }
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.ends("4f2a").last??.guard == "digest")
        #expect(try await stage.record("4f2a")?.state == .escalated)
        world.pass(.seconds(3600))
        world.with { $0.outOfReachUntil = $0.now + .seconds(5) }
        try await stage.open(DriverStage.incident("bbbb"))
        await stage.play()
        #expect(try await stage.record("bbbb")?.state == .resolved, "five seconds are waited for")
    }

    // MARK: - Requests

    @Test(
        "a request whose answer is lost may have happened: its probe is asked, or it is unknown",
        arguments: [
            (DriverCrashTests.post, "http.truncated", RunEnd.Kind.escalated, 1),
            (DriverCrashTests.probed, "http.truncated", .resolved, 1),
            (DriverCrashTests.post, "http.timeout", .escalated, 1),
            (DriverCrashTests.post, "http.connect", .escalated, 0),
        ])
    func requests(step: String, code: String, end: RunEnd.Kind, count: Int) async throws {
        let stage = try stage([try DriverStage.runbook(step)])
        world.with { $0.faults["POST /drain"] = Fault(code, "it failed") }
        try await stage.open(DriverStage.incident())
        await stage.play()
        #expect(try await stage.ends("4f2a").last??.kind == end)
        #expect(world.with { $0.requests["POST /drain", default: 0] } == count)
    }

    // MARK: - A ledger that cannot be written

    private static func fill(_ ledger: Ledger) async {
        let text = String(repeating: "x", count: 3000)
        for number in 0..<2000 {
            do {
                try await ledger.write {
                    try $0.saveSnapshot(name: "fill\(number)", json: text, at: Timestamp(seconds: 1))
                }
            } catch {
                #expect(error.code == "ledger.full")
                return
            }
        }
        Issue.record("the ledger is never full")
    }

    private func clear(_ ledger: Ledger) async throws {
        try await ledger.write(usingReserve: true) { transaction in
            for number in 0..<2000 {
                try transaction.saveSnapshot(name: "fill\(number)", json: "", at: Timestamp(seconds: 1))
            }
        }
    }

    @Test("on a full disk the result of a started step is kept, nothing new starts, and it goes on when there is room")
    func full() async throws {
        let sizes = LedgerSizes(most: ByteSize(bytes: 1 << 20), reserve: ByteSize(bytes: 256 << 10))
        let runbook = try DriverStage.runbook(DriverCrashTests.dump + "\n" + Self.restart)
        world.with { $0.installed = [runbook] }
        let stage = try DriverStage(world, ledger: try Ledger.inMemory(sizes: sizes))
        world.with { $0.beforeDeed = { [ledger = stage.ledger] in await Self.fill(ledger) } }
        try await stage.open(DriverStage.incident())
        for _ in 0..<50 {
            for job in await stage.driver.takeJobs() { await job() }
            world.pass(.milliseconds(200))
            await stage.driver.tick()
        }
        #expect(world.with { $0.done.count } == 1, "the restart must not start")
        world.with { $0.beforeDeed = nil }
        try await clear(stage.ledger)
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .resolved)
        #expect(world.with { $0.done.count } == 2)
    }

    @Test("an incident that cannot be stored is told from memory, and answered when it can")
    func unstored() async throws {
        let sizes = LedgerSizes(most: ByteSize(bytes: 1 << 20), reserve: ByteSize(bytes: 256 << 10))
        let runbook = try DriverStage.runbook(Self.restart)
        world.with { $0.installed = [runbook] }
        let stage = try DriverStage(world, ledger: try Ledger.inMemory(sizes: sizes))
        await Self.fill(stage.ledger)
        let incident = DriverStage.incident()
        await stage.driver.incidentOpened(incident)
        for _ in 0..<50 {
            for job in await stage.driver.takeJobs() { await job() }
            world.pass(.milliseconds(200))
            await stage.driver.tick()
        }
        #expect(world.with { $0.pagedFromMemory } == ["4f2a/unstored/on-call"], "people are told once")
        #expect(world.with { $0.done.isEmpty })
        try await clear(stage.ledger)
        try await stage.ledger.write { try $0.insert(incident: incident) }
        await stage.play()
        #expect(try await stage.record("4f2a")?.state == .resolved)
    }
}
