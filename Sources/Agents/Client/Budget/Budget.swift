/// What may be spent on models; nothing here means unlimited, and zero means nothing.
public struct Budget: Sendable, Hashable, Codable {
    public var incident: Money
    public var day: Money
    public var month: Money
    /// Tokens of an incident, read and written.
    public var incidentTokens: Int

    public init(
        incident: Money = Money(microdollars: 1_000_000), day: Money = Money(microdollars: 10_000_000),
        month: Money = Money(microdollars: 100_000_000), incidentTokens: Int = 200_000
    ) {
        self.incident = incident
        self.day = day
        self.month = month
        self.incidentTokens = incidentTokens
    }
}

/// What has been spent so far: for the incident at hand, and on this day and in this month over all of them.
public struct Spending: Sendable, Hashable, Codable {
    public var incident: Money
    public var incidentTokens: Int
    public var day: Money
    public var month: Money

    public init(
        incident: Money = .zero, incidentTokens: Int = 0, day: Money = .zero, month: Money = .zero
    ) {
        self.incident = incident
        self.incidentTokens = incidentTokens
        self.day = day
        self.month = month
    }

    /// With the usage of one more request.
    public mutating func add(_ usage: ModelUsage, _ prices: Prices) {
        let cost = prices.cost(of: usage)
        incident += cost
        day += cost
        month += cost
        let (sum, overflow) = incidentTokens.addingReportingOverflow(max(0, usage.total))
        incidentTokens = overflow ? .max : sum
    }
}
