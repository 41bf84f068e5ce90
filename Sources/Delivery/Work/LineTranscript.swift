import Agents
import FoundationEssentials
import Model

/// A task's transcript in the daemon's ledger.
struct LineTranscript: TranscriptStore {
    let line: PatientLine
    let key: EffectKey
    let budget: AgentBudget

    func exchanges() async throws -> [Exchange] { try Self.decoded(try await line.exchanges(key)) }

    func append(_ exchange: Exchange) async throws {
        let body = String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self)
        let spent = WorkSpending(model: exchange.model, usage: exchange.reply.usage.total, cost: exchange.cost)
        try await line.settle(
            .exchange(key, number: exchange.number, body: body, spent: spent, request: budget.request))
    }

    static func decoded(_ bodies: [String]) throws(Fault) -> [Exchange] {
        let decoder = JSONDecoder()
        var exchanges: [Exchange] = []
        for body in bodies {
            do {
                exchanges.append(try decoder.decode(Exchange.self, from: Data(body.utf8)))
            } catch {
                throw Fault("work.transcript", "A stored exchange is not one that this version understands")
            }
        }
        return exchanges
    }
}
