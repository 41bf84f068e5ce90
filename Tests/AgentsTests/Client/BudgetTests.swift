import Agents
import Model
import Testing

@Suite struct BudgetTests {
    static let prices = Prices(
        input: Money(microdollars: 3_000_000), output: Money(microdollars: 15_000_000),
        cacheRead: Money(microdollars: 300_000), cacheWrite: Money(microdollars: 3_750_000))
    static let request = ModelRequest(
        system: String(repeating: "s", count: 10_000), messages: [ModelMessage(.user, [.text("Why?")])],
        outputMax: 1000)

    private func refusal(
        _ budget: Budget, _ spent: Spending = Spending(), prices: Prices = Self.prices,
        request: ModelRequest = Self.request
    ) -> Budget.Refusal? {
        budget.refusal(tokens: request.tokensMost, cost: prices.worstCost(of: request), spent: spent)
    }

    private func limit(_ budget: Budget, _ spent: Spending = Spending()) -> Budget.Refusal.Limit? {
        refusal(budget, spent)?.limit
    }

    @Test(
        arguments: [
            (ModelUsage(), 0), (ModelUsage(input: 1_000_000), 3_000_000), (ModelUsage(output: 1000), 15_000),
            (ModelUsage(input: 1), 3), (ModelUsage(cacheRead: 1), 1), (ModelUsage(cacheRead: 10), 3),
            (ModelUsage(input: 10, output: 10, cacheRead: 10, cacheWritten: 10), 221),
            (ModelUsage(input: .max), .max), (ModelUsage(input: -5), 0),
        ] as [(ModelUsage, Int64)])
    func tokensCostWhatThePricesSayRoundedUp(usage: ModelUsage, microdollars: Int64) {
        #expect(Self.prices.cost(of: usage) == Money(microdollars: microdollars))
    }

    @Test func withoutPricesOfItsOwnACacheCostsWhatInputDoes() {
        let prices = Prices(input: Money(microdollars: 5), output: .zero)
        #expect(prices.cacheRead == prices.input && prices.cacheWrite == prices.input)
    }

    @Test func aFullBudgetLetsARequestPass() {
        #expect(refusal(Budget()) == nil)
        // The dearest rate for input, and the longest answer.
        let worst = Self.prices.worstCost(of: Self.request)
        #expect(worst > Money(microdollars: 5000 * 3750 / 1000 + 15_000))
        #expect(worst < Money(microdollars: 60_000))
    }

    @Test func eachBudgetStopsByItsName() {
        let little = Money(microdollars: 10_000)
        #expect(limit(Budget()) == nil)
        #expect(limit(Budget(incident: little)) == .incident)
        #expect(limit(Budget(day: little)) == .day)
        #expect(limit(Budget(month: little)) == .month)
        #expect(limit(Budget(incidentTokens: 6000)) == .tokens)
    }

    @Test func whatIsSpentCounts() {
        let nearly = Money(microdollars: 990_000)
        #expect(limit(Budget(), Spending(incident: nearly)) == .incident)
        #expect(limit(Budget(), Spending(incident: .zero, day: Money(microdollars: 9_990_000))) == .day)
        #expect(limit(Budget(), Spending(month: Money(microdollars: 99_990_000))) == .month)
        #expect(limit(Budget(), Spending(incidentTokens: 198_000)) == .tokens)
        #expect(limit(Budget(), Spending(incident: .zero, month: Money(microdollars: .max))) == .month)
        #expect(limit(Budget(), Spending(incidentTokens: .max)) == .tokens)
    }

    @Test(arguments: [
        Budget(incident: .zero), Budget(day: .zero), Budget(month: .zero), Budget(incidentTokens: 0),
        Budget(incident: Money(microdollars: -1)), Budget(incidentTokens: -1),
    ])
    func zeroMeansNothingAtAllEvenWhereTokensAreFree(budget: Budget) {
        #expect(refusal(budget, prices: .free) != nil, "\(budget) let a request pass")
    }

    @Test func theLongestAnswerCountsNotTheLikelyOne() throws {
        var request = Self.request
        request.outputMax = 100_000
        let refusal = try #require(self.refusal(Budget(incidentTokens: 1_000_000), request: request))
        #expect(refusal.limit == .incident)
        #expect(refusal.description.hasSuffix("does not fit: 0.00 USD of the 1.00 USD for an incident are spent"))
    }

    @Test func anAnswerOfMaximalLengthDoesNotTrap() {
        var request = Self.request
        request.outputMax = .max
        #expect(refusal(Budget(incidentTokens: .max), request: request)?.limit == .incident)
    }

    @Test func everyPartOfARequestCounts() {
        var request = ModelRequest(system: "", messages: [])
        var last = request.inputTokensMost
        let part = String(repeating: "x", count: 1000)
        let grow: [(inout ModelRequest) -> Void] = [
            { $0.system = part }, { $0.schema = ["a": .string(part)] },
            { $0.tools = [ModelTool(name: "t", description: part, schema: [:])] },
            { $0.tools[0].schema = ["a": [.string(part)]] },
            { $0.messages = [ModelMessage(.user, [.text(part)])] },
            { $0.messages[0].parts.append(.result(id: "1", text: part, isError: false)) },
            { $0.messages[0].parts.append(.call(id: "1", tool: "t", arguments: ["a": .string(part)])) },
            { $0.messages[0].parts.append(.vendor(["a": .string(part)])) },
        ]
        for change in grow {
            change(&request)
            #expect(request.inputTokensMost >= last + 500)
            last = request.inputTokensMost
        }
    }
}
