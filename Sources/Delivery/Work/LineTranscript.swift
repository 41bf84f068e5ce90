import Agents
import FoundationEssentials
import Model

/// A task's transcript in the daemon's ledger.
struct LineTranscript: TranscriptStore {
    let line: any WorkLine
    let key: EffectKey

    func exchanges() async throws -> [Exchange] { try Self.decoded(try await line.exchanges(key)) }

    func append(_ exchange: Exchange) async throws {
        let body = String(decoding: try JSONEncoder().encode(exchange), as: UTF8.self)
        let usage = exchange.reply.usage
        let counts = [usage.input, usage.output, usage.cacheRead, usage.cacheWritten]
        // A vendor's counts are a stranger's numbers: their sum must overflow neither here nor in the ledger.
        let tokens = counts.reduce(0) { $0 + min(max(0, $1), Self.most) }
        let cost = min(Int(exchange.cost.microdollars), Self.most)
        try await line.tell(
            .exchange(
                key, number: exchange.number, body: body,
                spent: WorkSpending(model: exchange.model, tokens: tokens, cost: cost)))
    }

    private static let most = 1_000_000_000_000

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
