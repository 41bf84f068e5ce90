import Model
import Testing

@testable import Agents
@testable import Delivery

/// What is held for a request, and what each further try of it may use.
@Suite struct AgentBudgetTests {
    let daemon = FakeDaemon()
    /// 612 tokens at worst, for 1012 millionths.
    private static let request = ModelRequest(system: "", messages: [], outputMax: 100)

    private func budget() -> AgentBudget {
        let clock = quickClock()
        return AgentBudget(
            line: PatientLine(line: daemon, clock: clock), key: EffectKey(run: "r1", path: "a", attempt: 1), model: "m",
            prices: Prices(input: Money(microdollars: 1_000_000), output: Money(microdollars: 5_000_000)), clock: clock)
    }

    private static func ask(tokens: Int = 10_000, cost: Int64 = 10_000, wall: Duration = .seconds(60)) -> AgentAsk {
        let left = Role.Budget(turns: 3, tokens: tokens, cost: Money(microdollars: cost), wall: wall)
        return AgentAsk(request: request, number: 1, left: left)
    }

    private static func retry(_ tries: Int = 1, tokens: Int = 100) -> RetryingClient.Retry {
        RetryingClient.Retry(
            failed: ModelError(.busy, "busy"), tries: tries, pause: .seconds(1), left: .seconds(600),
            usage: ModelUsage(input: tokens))
    }

    @Test(
        arguments: [
            (ask(), .seconds(59)), (ask(tokens: 712), .seconds(59)), (ask(tokens: 711), nil),
            (ask(cost: 1112), .seconds(59)), (ask(cost: 1111), nil), (ask(wall: .seconds(1)), .zero),
            (ask(wall: .seconds(9000)), .seconds(600)),
        ] as [(AgentAsk, Duration?)])
    func aTryFitsIntoWhatTheRoleHasLeft(ask: AgentAsk, time: Duration?) async {
        let budget = budget()
        #expect(await budget.refusal(ask) == nil)
        #expect(await budget.time(for: Self.retry()) == time)
    }

    @Test func eachTryHoldsWhatItMayCostBesides() async throws {
        let budget = budget()
        #expect(await budget.time(for: Self.retry()) == nil, "no request is at hand")
        #expect(await budget.refusal(Self.ask()) == nil)
        for tries in 1...2 { #expect(await budget.time(for: Self.retry(tries, tokens: 100 * tries)) != nil) }
        #expect(await daemon.holds.map(\.part) == [0, 1, 2])
        #expect(await daemon.holds.map(\.most.cost) == [1012, 100, 100])
        #expect(await daemon.holds.map(\.most.tokens) == [612, 100, 100])
        try await budget.lost(ModelUsage(input: 300))
        #expect(await daemon.spending == (300, 300))
        let first = budget.request
        #expect(await budget.refusal(Self.ask()) == nil)
        #expect(budget.request != first)
    }

    @Test func theBooksMayRefuseATry() async {
        let budget = budget()
        await daemon.spend(incidentCost: 1_000_000 - 1012 - 99)
        #expect(await budget.refusal(Self.ask()) == nil)
        #expect(await budget.time(for: Self.retry()) == nil)
        #expect(await budget.refusal(Self.ask()) != nil, "what the first holds is spent until it is settled")
    }
}
