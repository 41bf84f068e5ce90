import Agents
import Model
import Synchronization

/// Has the daemon hold what a request may cost before it goes out, and before each further try what that may cost besides.
final class AgentBudget: Sendable {
    private let line: PatientLine
    private let key: EffectKey
    private let model: String
    private let prices: Prices
    private let clock: HostClock
    private let current = Mutex<Held?>(nil)

    /// What is held for the request at hand.
    private struct Held {
        let id: String
        let ask: AgentAsk
        let began: Stamp
        var part = 0
        var tokens = 0
        var cost = Money.zero
    }

    init(line: PatientLine, key: EffectKey, model: String, prices: Prices, clock: HostClock) {
        self.line = line
        self.key = key
        self.model = model
        self.prices = prices
        self.clock = clock
    }

    /// The name under which the daemon holds for the request at hand.
    var request: String { current.withLock { $0?.id ?? "" } }

    /// Why a request may not go out.
    func refusal(_ ask: AgentAsk) async -> String? {
        let held = Held(id: WorkHold.newID(), ask: ask, began: clock.now())
        return await refusal(held, tokens: ask.request.tokensMost, cost: prices.worstCost(of: ask.request))
    }

    /// How long the next try of the request at hand may take; nil where the role's budget or the books do not bear it.
    func time(for retry: RetryingClient.Retry) async -> Duration? {
        guard var held = current.withLock({ $0 }) else { return nil }
        let (request, left) = (held.ask.request, held.ask.left)
        let tokens = ModelUsage.sum(retry.usage.total, request.tokensMost)
        let cost = prices.cost(of: retry.usage) + prices.worstCost(of: request)
        guard tokens <= left.tokens, cost <= left.cost else { return nil }
        held.part += 1
        guard await refusal(held, tokens: tokens, cost: cost) == nil else { return nil }
        // The daemon may have been waited for.
        return min(retry.left, left.wall - clock.now().since(held.began) - retry.pause)
    }

    /// What the request at hand took that is in no exchange.
    func lost(_ usage: ModelUsage) async throws(Fault) {
        let spent = WorkSpending(model: model, usage: usage.total, cost: prices.cost(of: usage))
        try await line.settle(.lost(key, request: request, spent: spent))
    }

    /// Holds so much in all, and remembers it where it may.
    private func refusal(_ held: Held, tokens: Int, cost: Money) async -> String? {
        var held = held
        let more = Money(microdollars: max(0, cost.microdollars - held.cost.microdollars))
        let hold = WorkHold(
            request: held.id, part: held.part, number: held.ask.number,
            most: WorkSpending(model: model, usage: max(0, tokens - held.tokens), cost: more))
        do throws(Fault) {
            if let refusal = try await line.hold(key, hold) { return refusal }
        } catch {
            return "what it may cost cannot be booked: \(error)"
        }
        (held.tokens, held.cost) = (tokens, cost)
        current.withLock { $0 = held }
        return nil
    }
}
