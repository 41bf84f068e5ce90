import Agents
import Model
import Synchronization

/// Asks before each request, and before each further try of one, what the daemon's books let through.
final class AgentBudget: Sendable {
    private let budget: BudgetGuard
    private let line: any WorkLine
    private let key: EffectKey
    private let last = Mutex<ModelRequest?>(nil)

    init(_ budget: BudgetGuard, line: any WorkLine, key: EffectKey) {
        self.budget = budget
        self.line = line
        self.key = key
    }

    /// Why a request may not go out.
    func refusal(_ request: ModelRequest) async -> String? {
        last.withLock { $0 = request }
        return await refusal(request, tried: ModelUsage())
    }

    /// Whether the request at hand may be tried again.
    func allows(_ retry: RetryingClient.Retry) async -> Bool {
        guard let request = last.withLock({ $0 }) else { return false }
        return await refusal(request, tried: retry.usage) == nil
    }

    private func refusal(_ request: ModelRequest, tried: ModelUsage) async -> String? {
        let spent: WorkSpent
        do throws(Fault) {
            spent = try await line.spent(key)
        } catch {
            return "what has been spent cannot be learned: \(error)"
        }
        var spending = Spending(
            incident: Money(microdollars: Int64(spent.incidentCost)), incidentTokens: spent.incidentTokens,
            day: Money(microdollars: Int64(spent.dayCost)), month: Money(microdollars: Int64(spent.monthCost)))
        spending.add(tried, budget.prices)
        switch budget.verdict(on: request, spent: spending) {
        case .allowed: return nil
        case .refused(let refusal): return refusal.description
        }
    }
}
