import Agents
import Testing

@Suite struct MoneyTests {
    @Test(arguments: [
        ("1 USD", Int64(1_000_000), "1.00 USD"), ("0.50 USD", 500_000, "0.50 USD"), ("0 USD", 0, "0.00 USD"),
        ("0.000001 USD", 1, "0.000001 USD"), ("12.345 USD", 12_345_000, "12.345 USD"),
        ("1000000000 USD", 1_000_000_000_000_000, "1000000000.00 USD"),
    ])
    func amountsAreReadExactly(text: String, microdollars: Int64, shown: String) throws {
        let money = try #require(Money(parsing: text))
        #expect(money.microdollars == microdollars)
        #expect(money.description == shown)
        #expect(Money(parsing: money.description) == money)
    }

    @Test(arguments: [
        "", "1", "USD", "1USD", " 1 USD", "1  USD", "1 EUR", "1 usd", "-1 USD", "+1 USD", "1. USD", ".5 USD",
        "1.2.3 USD",
        "1e3 USD", "1,5 USD", "0.0000001 USD", "1000000001 USD", "99999999999999999999 USD", "٣ USD", "0x1 USD",
    ])
    func anythingElseIsNone(text: String) { #expect(Money(parsing: text) == nil) }

    @Test func sumsDoNotWrap() {
        var money = Money(microdollars: .max - 1)
        money += Money(microdollars: 5)
        #expect(money == Money(microdollars: .max))
        #expect(Money(microdollars: .min) + Money(microdollars: -1) == Money(microdollars: .min))
    }
}
