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

extension Budget {
    /// What an incident may have where the settings say nothing; the roles' own budgets are parts of it.
    static let standard = Budget()
}

extension Role.Budget {
    /// A role's part of an incident's budget: its file names the part of the standard one, and of a larger one it is as
    /// much larger. A smaller one bounds all roles together, and each role's part stays what it is.
    public func part(of whole: Budget) -> Role.Budget {
        var part = self
        let (standard, incident) = (Budget.standard, whole.incident.microdollars)
        part.tokens = Int(scaled(Int64(tokens), Int64(whole.incidentTokens), Int64(standard.incidentTokens)))
        part.cost = Money(microdollars: scaled(cost.microdollars, incident, standard.incident.microdollars))
        return part
    }

    /// Never less than `value`, and never past the largest number.
    private func scaled(_ value: Int64, _ now: Int64, _ then: Int64) -> Int64 {
        guard now > then else { return value }
        let product = value.multipliedFullWidth(by: now)
        return product.high < then / 2 ? then.dividingFullWidth(product).quotient : .max
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
}
