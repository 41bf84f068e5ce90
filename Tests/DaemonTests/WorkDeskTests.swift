import Console
import Delivery
import Ledger
import Model
import Testing

@testable import Daemon

@Suite struct WorkDeskTests {
    static let incident = WorkIncident(
        id: "4f2a", name: "HighErrorRate", severity: "critical", summary: "5xx", labels: [:],
        openedAt: ObservatoryStage.begin, timeline: [])

    static func task(_ path: String) -> WorkTask {
        WorkTask(
            key: EffectKey(run: "r", path: path, attempt: 1), step: .repository(.checkout), incident: incident,
            project: nil, item: "4f2a-1", revision: nil, timeout: .seconds(60))
    }

    /// What a poll hands out and what it stops; the clock passes as the desk waits.
    private func poll(_ desk: WorkDesk, _ running: [String] = []) async throws -> (start: [String], cancel: [String]) {
        let keys = running.map { EffectKey(run: "r", path: $0, attempt: 1) }
        guard case .tasks(let start, let cancel) = try await desk.poll(running: keys) else { return ([], []) }
        return (start.map(\.key.path), cancel.map(\.path))
    }

    @Test func aTaskIsHandedOutOnceWhileItsProcessLives() async throws {
        let desk = WorkDesk(clock: SteppedClock(ObservatoryStage.begin).host)
        await desk.offer(Self.task("a"))
        await desk.offer(Self.task("b"))
        #expect(try await poll(desk).start == ["a", "b"])
        #expect(try await poll(desk, ["a", "b"]).start == [])
        #expect(await desk.remove(EffectKey(run: "r", path: "a", attempt: 1)))
        #expect(try await poll(desk, ["b"]).start == [])
    }

    @Test func aTaskWhoseProcessDiedIsHandedOutAgain() async throws {
        let desk = WorkDesk(clock: SteppedClock(ObservatoryStage.begin).host)
        await desk.offer(Self.task("a"))
        #expect(try await poll(desk).start == ["a"])
        #expect(try await poll(desk).start == ["a"], "a new process works on nothing")
    }

    @Test func whatIsCancelledIsToldAndNotHandedOutAgain() async throws {
        let desk = WorkDesk(clock: SteppedClock(ObservatoryStage.begin).host)
        await desk.offer(Self.task("a"))
        #expect(try await poll(desk).start == ["a"])
        #expect(await !desk.cancel(EffectKey(run: "r", path: "a", attempt: 1)), "its result will still come")
        #expect(try await poll(desk, ["a"]).cancel == ["a"])
        #expect(try await poll(desk).start == [])
    }

    @Test func aDeskThatIsClosedAnswersAtOnceAndHandsOutNothing() async throws {
        let clock = SteppedClock(ObservatoryStage.begin)
        let desk = WorkDesk(clock: clock.host)
        await desk.close()
        await desk.offer(Self.task("a"))
        #expect(try await poll(desk).start == [])
        #expect(clock.host.now().wall == ObservatoryStage.begin, "it waited for nothing")
    }

    @Test func whatIsCancelledAndLostWithItsProcessEnds() async throws {
        let desk = WorkDesk(clock: SteppedClock(ObservatoryStage.begin).host)
        let (a, b) = (EffectKey(run: "r", path: "a", attempt: 1), EffectKey(run: "r", path: "b", attempt: 1))
        for name in ["a", "b"] { await desk.offer(Self.task(name)) }
        #expect(try await poll(desk).start == ["a", "b"])
        #expect(await !desk.cancel(a))
        #expect(await desk.takeLost(running: [a, b]) == [], "it is being stopped")
        #expect(await desk.takeLost(running: [b]) == [a], "a new process, or it forgot")
        #expect(await desk.takeLost(running: []) == [], "b is handed out again: nobody cancelled it")
        #expect(await !desk.holds(a))
    }

    @Test func whereNobodyWorksACancelledTaskIsGoneAtOnce() async throws {
        let clock = SteppedClock(ObservatoryStage.begin)
        let desk = WorkDesk(clock: clock.host)
        await desk.offer(Self.task("a"))
        #expect(await desk.cancel(EffectKey(run: "r", path: "a", attempt: 1)))
        await desk.offer(Self.task("b"))
        #expect(try await poll(desk).start == ["b"])
        clock.pass(WorkRules.silenceMax)
        #expect(await !desk.isAttended)
        #expect(await desk.cancel(EffectKey(run: "r", path: "b", attempt: 1)))
        #expect(await !desk.holds(EffectKey(run: "r", path: "b", attempt: 1)))
    }

    @Test func aTaskIsForsakenOnlyAfterTheWholeSilence() async throws {
        let clock = SteppedClock(ObservatoryStage.begin)
        let desk = WorkDesk(clock: clock.host)
        #expect(await desk.attendance == .init(isHeard: false, isMissed: false, lastPoll: nil, tasks: 0))
        clock.pass(WorkRules.silenceMax)
        #expect(await desk.attendance.isMissed)
        await desk.offer(Self.task("a"))
        #expect(await desk.forsaken == [], "it was offered just now")
        clock.pass(WorkRules.silenceMax)
        #expect(await desk.forsaken.map(\.path) == ["a"])
        await desk.missed(EffectKey(run: "r", path: "a", attempt: 1))
        #expect(await desk.forsaken == [])
        _ = try await poll(desk)
        #expect(await desk.attendance == .init(isHeard: true, isMissed: false, lastPoll: clock.wall, tasks: 1))
        clock.pass(WorkRules.silenceMax)
        #expect(await desk.forsaken.map(\.path) == ["a"], "a new silence")
    }

    @Test func statusAndMetricsSayWhetherTheAgentsAreHeard() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        func backend(_ desk: WorkDesk?) throws -> DaemonBackend {
            let development = desk.map { Development(desk: $0, projects: { [] }, roles: { [] }, git: nil) }
            return DaemonBackend(
                version: "1", started: stage.clock.wall, settings: ObservatoryStage.settings,
                content: CurrentContent(
                    try ObservatoryStage.content(ObservatoryStage.rules), installed: "/nonexistent"),
                ledger: stage.ledger, observatory: stage.observatory,
                driver: try DriverStage(DriverWorld(), ledger: stage.ledger, development: development).driver,
                executor: nil, clock: stage.clock.host)
        }
        let none = try backend(nil)
        #expect(try await none.status().agents.state == .absent)
        #expect(await !none.ownMetrics().contains("nightshift_agents_up"))

        let desk = WorkDesk(clock: stage.clock.host)
        let some = try backend(desk)
        func warnings() async throws -> [String] {
            try await some.status().warnings.filter { $0.contains("nightshift-agents.service") }
        }
        #expect(try await some.status().agents.state == .waiting)
        #expect(try await warnings() == [])
        await desk.offer(Self.task("a"))
        _ = try await poll(desk)
        let agents = try await some.status().agents
        #expect(agents.state == .heard && agents.last_poll == stage.clock.wall.description && agents.tasks == 1)
        #expect(await some.ownMetrics().contains("nightshift_agents_up 1\n"))
        stage.clock.pass(WorkRules.silenceMax)
        #expect(try await some.status().agents.state == .waiting)
        #expect(try await warnings().count == 1)
        #expect(await some.ownMetrics().contains("nightshift_agents_up 0\n"))
    }

    @Test func whatWeDoNotKnowIsStopped() async throws {
        let clock = SteppedClock(ObservatoryStage.begin)
        let desk = WorkDesk(clock: clock.host)
        #expect(try await poll(desk, ["old"]).cancel == [], "after a restart its task may lie here again in a moment")
        clock.pass(WorkRules.silenceMax)
        #expect(try await poll(desk, ["old"]).cancel == ["old"])
    }

    @Test(arguments: [
        ("2026-11-24T22:39:00Z", "2026-11-24T00:00:00.000Z", "2026-11-01T00:00:00.000Z"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"),
        ("2028-02-29T23:59:59Z", "2028-02-29T00:00:00.000Z", "2028-02-01T00:00:00.000Z"),
    ])
    func daysAndMonthsBeginInUTC(now: String, day: String, month: String) throws {
        let time = try #require(Timestamp(parsing: now))
        #expect(time.dayBegin.description == day)
        #expect(time.monthBegin.description == month)
    }
}
