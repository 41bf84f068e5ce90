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

    private func limit(_ budget: Budget, _ spent: Spending = Spending()) -> BudgetGuard.Refusal.Limit? {
        let verdict = BudgetGuard(budget: budget, prices: Self.prices).verdict(on: Self.request, spent: spent)
        if case .refused(let refusal) = verdict { return refusal.limit }
        return nil
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
        guard
            case .allowed(let worst) = BudgetGuard(budget: Budget(), prices: Self.prices)
                .verdict(on: Self.request, spent: Spending())
        else {
            Issue.record("refused")
            return
        }
        // The dearest rate for input, and the longest answer.
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
        let verdict = BudgetGuard(budget: budget, prices: .free).verdict(on: Self.request, spent: Spending())
        guard case .refused = verdict else {
            Issue.record("\(budget) let a request pass")
            return
        }
    }

    @Test func theLongestAnswerCountsNotTheLikelyOne() {
        var request = Self.request
        request.outputMax = 100_000
        let verdict = BudgetGuard(budget: Budget(incidentTokens: 1_000_000), prices: Self.prices)
            .verdict(on: request, spent: Spending())
        guard case .refused(let refusal) = verdict else {
            Issue.record("1.5 USD passed a budget of 1 USD")
            return
        }
        #expect(refusal.limit == .incident)
        #expect(refusal.description.hasSuffix("does not fit: 0.00 USD of the 1.00 USD for an incident are spent"))
    }

    @Test func anAnswerOfMaximalLengthDoesNotTrap() {
        var request = Self.request
        request.outputMax = .max
        let verdict = BudgetGuard(budget: Budget(incidentTokens: .max), prices: Self.prices)
            .verdict(on: request, spent: Spending())
        guard case .refused(let refusal) = verdict else {
            Issue.record("an endless answer passed")
            return
        }
        #expect(refusal.limit == .incident)
    }

    @Test func usageAddsUpInEveryPeriod() {
        var spending = Spending(day: Money(microdollars: 5))
        spending.add(ModelUsage(input: 1000, output: 100), Self.prices)
        spending.add(ModelUsage(cacheRead: 1000), Self.prices)
        #expect(spending.incident == Money(microdollars: 4800) && spending.incidentTokens == 2100)
        #expect(spending.day == Money(microdollars: 4805) && spending.month == Money(microdollars: 4800))
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
