import Model

/// The fold of a transcript: all that the loop knows, so that one started again knows the same.
struct AgentState {
    private(set) var conversation: Conversation
    private(set) var citations: Citations
    private(set) var cost = Money.zero
    private(set) var tokens = 0
    /// Time spent in exchanges.
    private(set) var worked = Duration.zero
    private var calls: [String: Int] = [:]

    init(_ opening: Opening, earlier: Citations, exchanges: [Exchange]) {
        conversation = Conversation(opening: opening, exchanges: [])
        citations = earlier
        if exchanges.isEmpty { citations.add(opening.material) }
        for exchange in exchanges { take(exchange) }
    }

    var exchanges: [Exchange] { conversation.exchanges }
    var end: AgentEnd? { exchanges.last?.end }

    mutating func take(_ exchange: Exchange) {
        conversation.exchanges.append(exchange)
        citations.add(exchange.shown)
        cost += exchange.cost
        tokens = ModelUsage.sum(tokens, exchange.reply.usage.total)
        worked += exchange.took
        if case .success(let made) = conversation.calls(in: exchange.reply) {
            for call in made { calls[call.key, default: 0] += 1 }
        }
    }

    /// How often this was asked before.
    func count(of call: ToolCall) -> Int { calls[call.key] ?? 0 }

    func count(of kinds: Set<Exchange.Complaint.Kind>) -> Int {
        exchanges.joinedComplaints.count { kinds.contains($0.kind) }
    }

    func hasFailed(gate: String) -> Bool { exchanges.joinedComplaints.contains { $0.gate == gate } }
}

extension [Exchange] {
    fileprivate var joinedComplaints: [Exchange.Complaint] { flatMap(\.complaints) }
}
