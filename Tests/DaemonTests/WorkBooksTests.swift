import Agents
import Delivery
import Ledger
import Model
import Testing

@testable import Daemon

/// Money is held before it is spent, whatever the process that spends it does or says.
@Suite struct WorkBooksTests {
    private static let dollar = Money(microdollars: 1_000_000)
    private static let many = Money(microdollars: 1_000_000_000)

    /// With the tasks `a` and `b` of one run handed out.
    private func stage(_ budget: Agents.Budget = Agents.Budget(), ledger: Ledger? = nil) async throws -> WorkStage {
        let stage = try await WorkStage(budget, ledger: ledger)
        try await stage.begin()
        for path in ["a", "b"] { await stage.desk.offer(WorkDeskTests.task(path)) }
        return stage
    }

    /// An agent of an incident beside another, and beside a review by hand.
    @Test(
        arguments: [
            (Agents.Budget(incident: dollar, day: many, month: many), false),
            (Agents.Budget(incident: many, day: dollar, month: many), false),
            (Agents.Budget(incident: many, day: many, month: dollar), false),
            (Agents.Budget(incident: many, day: dollar, month: many), true),
            (Agents.Budget(incident: many, day: many, month: dollar), true),
        ])
    func twoAtOnceDoNotBothGetTheLastDollar(budget: Agents.Budget, isReview: Bool) async throws {
        let stage = try await stage(budget)
        let review = WorkReview.newID()
        try await stage.ask(WorkStage.review(review))
        let other = isReview ? EffectKey(run: review, path: "review", attempt: 1) : WorkStage.key("b")
        let held = try await withThrowingTaskGroup(of: Bool.self) { group in
            for (number, key) in [WorkStage.key("a"), other].enumerated() {
                group.addTask { try await stage.holds(key, WorkStage.name(number), cost: 600_000) }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(held == 1)
        #expect(try await stage.cost() == 600_000)
        #expect(try await stage.holds(WorkStage.key("a"), WorkStage.name(7), cost: 400_001) == false)
        #expect(try await stage.holds(WorkStage.key("a"), WorkStage.name(8), cost: 400_000))
    }

    @Test func aDayAndAMonthEnd() async throws {
        let stage = try await stage(
            Agents.Budget(incident: Self.many, day: Self.dollar, month: Money(microdollars: 1_500_000)))
        let key = WorkStage.key("a")
        #expect(try await stage.holds(key, WorkStage.name(1), cost: 1_000_000))
        #expect(try await stage.holds(key, WorkStage.name(2), cost: 1) == false)
        stage.clock.pass(.seconds(86_400))
        #expect(try await stage.holds(key, WorkStage.name(3), cost: 500_001) == false, "the month's")
        #expect(try await stage.holds(key, WorkStage.name(4), cost: 500_000))
        stage.clock.pass(.seconds(8 * 86_400))
        #expect(try await stage.holds(key, WorkStage.name(5), cost: 1_000_000))
    }

    @Test func whatIsToldTwiceIsBookedOnce() async throws {
        let stage = try await stage()
        let (key, one, two) = (WorkStage.key("a"), WorkStage.name(1), WorkStage.name(2))
        for _ in 0..<2 { try await stage.ask(WorkStage.hold(key, one, cost: 300)) }
        #expect(try await stage.cost() == 300)
        for part in [1, 1] { try await stage.ask(WorkStage.hold(key, one, part: part, cost: 20)) }
        #expect(try await stage.cost() == 320)
        for _ in 0..<2 { try await stage.ask(WorkStage.exchange(key, one, cost: 7)) }
        #expect(try await stage.cost() == 7)
        try await stage.ask(WorkStage.hold(key, two, number: 2, cost: 300))
        let spent = WorkSpending(model: "m", tokens: 1, cost: 2)
        for _ in 0..<2 { try await stage.ask(.lost(key, request: two, spent: spent)) }
        #expect(try await stage.cost() == 9)
        #expect(try await stage.ledger.read { try $0.exchanges(run: "r").count } == 1)
        #expect(await stage.fault(WorkStage.hold(key, two, number: 2, part: 1)) == "work.order", "it is settled")
    }

    /// The process dies in mid-request, again and again: each time what it may have cost stays spent.
    @Test func whatNobodySettlesStaysSpent() async throws {
        let folder = try Folder()
        let path = folder.path + "/ledger.sqlite"
        var ledger: Ledger? = try await Ledger.open(path: path)
        var first: WorkStage? = try await stage(ledger: ledger)
        #expect(try await first?.holds(WorkStage.key("a"), WorkStage.name(1), cost: 600_000) == true)
        (first, ledger) = (nil, nil)
        let again = try await WorkStage(ledger: try await Ledger.open(path: path))
        await again.desk.offer(WorkDeskTests.task("a"))
        #expect(try await again.cost() == 600_000)
        #expect(try await again.holds(WorkStage.key("a"), WorkStage.name(2), cost: 600_000) == false)
        #expect(try await again.holds(WorkStage.key("a"), WorkStage.name(3), cost: 300_000))
        try await again.ask(WorkStage.exchange(WorkStage.key("a"), WorkStage.name(3), cost: 5))
        #expect(try await again.cost() == 600_005)
    }

    @Test func aStoppedAgentsBillIsBookedWhereNobodyWantsItsTaskAnyMore() async throws {
        let stage = try await stage()
        let (key, name) = (WorkStage.key("a"), WorkStage.name(1))
        try await stage.ask(WorkStage.hold(key, name, cost: 300))
        await stage.desk.remove(key)
        try await stage.ask(.lost(key, request: name, spent: WorkSpending(model: "m", tokens: 3, cost: 2)))
        let spent = try await stage.ledger.read { try $0.spent(since: Timestamp(seconds: 0), incident: "4f2a") }
        #expect(spent == (3, 2))
    }

    @Test(arguments: [(-1, 0), (0, -1), (Int.max, 0), (0, Int.max), (Int.min, Int.min)])
    func whatNoRequestTakesIsNotBooked(tokens: Int, cost: Int) async throws {
        let stage = try await stage(Agents.Budget(incident: Self.many, incidentTokens: .max))
        let (key, name) = (WorkStage.key("a"), WorkStage.name(1))
        #expect(await stage.fault(WorkStage.hold(key, name, tokens: tokens, cost: cost)) == "control.body")
        try await stage.ask(WorkStage.hold(key, name))
        let spent = WorkSpending(model: "m", tokens: tokens, cost: cost)
        #expect(await stage.fault(WorkStage.exchange(key, name, tokens: tokens, cost: cost)) == "control.body")
        #expect(await stage.fault(.lost(key, request: name, spent: spent)) == "control.body")
        #expect(try await stage.cost() == 100, "what was held still is")
    }

    @Test(arguments: ["", "1", "000000000000000G", "00000000000000001"])
    func aRequestHasAName(name: String) async throws {
        let stage = try await stage()
        #expect(await stage.fault(WorkStage.hold(WorkStage.key("a"), name)) == "control.body")
    }

    @Test func exchangesComeInOrderAndAreHeldFor() async throws {
        let stage = try await stage()
        let (key, one, two) = (WorkStage.key("a"), WorkStage.name(1), WorkStage.name(2))
        #expect(await stage.fault(WorkStage.exchange(key, one)) == "work.order", "nothing is held for it")
        for number in [0, 2, Int.max] {
            #expect(await stage.fault(WorkStage.hold(key, one, number: number)) == "work.order")
        }
        try await stage.ask(WorkStage.hold(key, one))
        for (number, code) in [(0, "control.body"), (-1, "control.body"), (2, "work.order"), (Int.max, "work.order")] {
            #expect(await stage.fault(WorkStage.exchange(key, one, number: number)) == code)
        }
        try await stage.ask(WorkStage.exchange(key, one))
        #expect(await stage.fault(WorkStage.exchange(key, one, number: 2)) == "work.order", "that request is over")
        try await stage.ask(WorkStage.hold(key, two, number: 2))
        try await stage.ask(WorkStage.exchange(key, two, number: 2))
    }

    @Test func aTranscriptHasSoManyTurns() async throws {
        let stage = try await stage(Agents.Budget(incident: Self.many, incidentTokens: .max))
        let (key, most) = (WorkStage.key("a"), Role.Budget.turnsMax)
        for number in 1...most {
            try await stage.ask(WorkStage.hold(key, WorkStage.name(number), number: number, cost: 1))
            try await stage.ask(WorkStage.exchange(key, WorkStage.name(number), number: number, cost: 1))
        }
        #expect(await stage.fault(WorkStage.hold(key, WorkStage.name(0), number: most + 1)) == "work.endless")
        #expect(try await stage.cost() == most)
    }

    @Test func aTranscriptHasSoManyBytes() async throws {
        let stage = try await stage()
        let key = WorkStage.key("a")
        let half = String(repeating: "x", count: WorkRules.transcriptMax / 2)
        for (number, code) in [(1, nil), (2, nil), (3, "work.endless")] as [(Int, String?)] {
            try await stage.ask(WorkStage.hold(key, WorkStage.name(number), number: number))
            let request = WorkStage.exchange(key, WorkStage.name(number), number: number, body: half)
            #expect(await stage.fault(request) == code)
        }
        #expect(try await stage.cost() == 114, "the third stays held")
    }

    @Test func somethingIsHeldSoManyTimes() async throws {
        let stage = try await stage()
        let key = WorkStage.key("a")
        for number in 1...WorkRules.holdsMax {
            try await stage.ask(WorkStage.hold(key, WorkStage.name(number), tokens: 0, cost: 0))
        }
        #expect(await stage.fault(WorkStage.hold(key, WorkStage.name(0), tokens: 0, cost: 0)) == "work.endless")
    }
}
