/// Says before a request whether it may go out, given what has been spent.
public struct BudgetGuard: Sendable, Hashable {
    public var budget: Budget
    public var prices: Prices

    public init(budget: Budget, prices: Prices) {
        self.budget = budget
        self.prices = prices
    }

    public enum Verdict: Sendable, Hashable {
        /// With the most that the request can cost.
        case allowed(worst: Money)
        case refused(Refusal)
    }

    /// Which budget stops a request, and why: a sentence for the timeline.
    public struct Refusal: Sendable, Hashable, CustomStringConvertible {
        public enum Limit: String, Sendable, Hashable, Codable {
            case tokens = "budget.tokens"
            case incident = "budget.incident"
            case day = "budget.day"
            case month = "budget.month"
        }

        public var limit: Limit
        public var description: String

        public init(_ limit: Limit, _ description: String) {
            self.limit = limit
            self.description = description
        }
    }

    /// A request passes where its worst case fits into every budget that is left: the answer as long as `outputMax`.
    public func verdict(on request: ModelRequest, spent: Spending) -> Verdict {
        let tokens = Self.sum(request.inputTokensMost, max(0, request.outputMax))
        if Self.sum(max(0, spent.incidentTokens), tokens) > budget.incidentTokens {
            return .refused(
                Refusal(
                    .tokens,
                    "a request of up to \(tokens) tokens does not fit: \(spent.incidentTokens) of the "
                        + "\(budget.incidentTokens) tokens for an incident are used"))
        }
        let worst = prices.worstCost(of: request)
        let limits: [(Refusal.Limit, String, Money, Money)] = [
            (.incident, "an incident", spent.incident, budget.incident), (.day, "a day", spent.day, budget.day),
            (.month, "a month", spent.month, budget.month),
        ]
        for (limit, period, spent, most) in limits where most <= .zero || spent + worst > most {
            return .refused(
                Refusal(
                    limit,
                    "a request that may cost \(worst) does not fit: \(spent) of the \(most) for \(period) are spent"))
        }
        return .allowed(worst: worst)
    }

    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
