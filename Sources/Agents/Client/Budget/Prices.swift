/// What a million tokens of each kind cost.
public struct Prices: Sendable, Hashable, Codable {
    public var input: Money
    public var output: Money
    public var cacheRead: Money
    public var cacheWrite: Money

    /// Without prices of their own, tokens read from and written to a cache cost what input costs.
    public init(input: Money, output: Money, cacheRead: Money? = nil, cacheWrite: Money? = nil) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead ?? input
        self.cacheWrite = cacheWrite ?? input
    }

    public static let free = Prices(input: .zero, output: .zero)

    /// Rounded up to a whole millionth of a dollar.
    public func cost(of usage: ModelUsage) -> Money {
        let parts = [
            (usage.input, input), (usage.output, output), (usage.cacheRead, cacheRead),
            (usage.cacheWritten, cacheWrite),
        ]
        var total: UInt64 = 0
        for (tokens, price) in parts {
            let (product, tooMuch) = UInt64(max(0, tokens))
                .multipliedReportingOverflow(by: UInt64(max(0, price.microdollars)))
            let (sum, overflow) = total.addingReportingOverflow(product)
            guard !tooMuch, !overflow else { return Money(microdollars: .max) }
            total = sum
        }
        return Money(microdollars: Int64(total / 1_000_000) + (total % 1_000_000 == 0 ? 0 : 1))
    }

    /// The longest answer that money allows after an input of so many tokens; none where not even that can be paid.
    func outputMost(after input: Int, within money: Money) -> Int {
        let paid = Prices(input: max(self.input, cacheRead, cacheWrite), output: .zero)
            .cost(of: ModelUsage(input: input))
        let rest = money.microdollars.subtractingReportingOverflow(paid.microdollars)
        guard !rest.overflow, rest.partialValue >= 0 else { return 0 }
        guard output > .zero else { return .max }
        let (product, overflow) = rest.partialValue.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : Int(product / output.microdollars)
    }

    /// The most that a request can cost: its input wholly at the dearest rate for input, its answer as long as allowed.
    public func worstCost(of request: ModelRequest) -> Money {
        let dearest = max(input, cacheRead, cacheWrite)
        return Prices(input: dearest, output: output)
            .cost(of: ModelUsage(input: request.inputTokensMost, output: request.outputMax))
    }
}
