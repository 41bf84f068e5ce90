public import Text

extension AgentsSettings {
    /// Reads the settings' `agents`; every problem is reported, and any makes it nil.
    public init?(_ node: YAMLNode, _ problems: Problems) {
        let before = problems.all.count
        guard let top = Mapping(node, "agents", keys: ["provider", "budget", "user", "state"], problems) else {
            return nil
        }
        let provider = top["provider"].flatMap { ProviderSettings($0, problems) }
        let budget = top["budget"].map { Budget($0, problems) } ?? Budget()
        guard problems.all.count == before else { return nil }
        self.init(provider: provider, budget: budget)
        user = top.string("user") ?? user
        state = top.string("state") ?? state
    }
}

extension Budget {
    /// What is left out keeps its default.
    init(_ node: YAMLNode, _ problems: Problems) {
        self.init()
        guard let mapping = Mapping(node, "the budget", keys: ["incident", "day", "month", "tokens"], problems) else {
            return
        }
        if let money = Self.money(mapping, "incident", problems) { incident = money }
        if let money = Self.money(mapping, "day", problems) { day = money }
        if let money = Self.money(mapping, "month", problems) { month = money }
        if let count = Self.tokens(mapping, problems) { incidentTokens = count }
    }

    private static func tokens(_ mapping: Mapping, _ problems: Problems) -> Int? {
        guard let place = mapping["tokens"]?.place, let text = mapping.string("tokens") else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "per", words[2] == "incident", let count = tokenCount(words[0]), count > 0
        else {
            problems.add(
                place, "\"tokens\" needs a budget such as 200k per incident, above zero, not \(excerpt(text))")
            return nil
        }
        return count
    }

    private static func money(_ mapping: Mapping, _ key: String, _ problems: Problems) -> Money? {
        guard let node = mapping[key], let text = mapping.string(key) else { return nil }
        guard let money = Money(parsing: text), money > .zero else {
            problems.add(
                node.place,
                "\"\(key)\" needs an amount such as 1 USD or 0.50 USD, above zero, not \(excerpt(text)); "
                    + "\"provider: none\" sends nothing to a model")
            return nil
        }
        return money
    }
}

/// `200k`, `1M`, `4096`; nil for anything else.
func tokenCount(_ text: some StringProtocol) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let factors = ["": 1, "k": 1000, "M": 1_000_000]
    guard digits.count <= 9, let count = Int(digits), let factor = factors[String(text.dropFirst(digits.count))],
        count <= 1_000_000_000 / factor
    else { return nil }
    return count * factor
}

func excerpt(_ text: String) -> String { "\"\(text.prefix(40))\"" }
