// Whether a request may go out, given what has been spent.
extension Budget {
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

    /// Nil where so many tokens at such a cost, a request's worst case, fit into every budget that is left.
    public func refusal(tokens: Int, cost worst: Money, spent: Spending) -> Refusal? {
        if ModelUsage.sum(spent.incidentTokens, tokens) > incidentTokens {
            return Refusal(
                .tokens,
                "a request of up to \(tokens) tokens does not fit: \(spent.incidentTokens) of the "
                    + "\(incidentTokens) tokens for an incident are used")
        }
        let limits: [(Refusal.Limit, String, Money, Money)] = [
            (.incident, "an incident", spent.incident, incident), (.day, "a day", spent.day, day),
            (.month, "a month", spent.month, month),
        ]
        for (limit, period, spent, most) in limits where most <= .zero || spent + worst > most {
            return Refusal(
                limit, "a request that may cost \(worst) does not fit: \(spent) of the \(most) for \(period) are spent")
        }
        return nil
    }
}
