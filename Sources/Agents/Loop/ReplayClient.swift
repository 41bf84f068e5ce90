import Model
import Synchronization

/// Answers from a recorded transcript: the same requests get the same replies, and no model is asked.
public final class ReplayClient: ModelClient {
    public let model: String
    public let hasTools: Bool
    private let exchanges: [Exchange]
    private let next: Mutex<Int>

    /// `from` is the number of exchanges that are not asked for again.
    public init(_ exchanges: [Exchange], from: Int = 0) {
        self.exchanges = exchanges
        model = exchanges.first?.model ?? "replay"
        hasTools = exchanges.first?.opening?.givesTools ?? true
        next = Mutex(from)
    }

    /// A request other than the recorded one, or one too many, is refused and says which.
    public func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError)
        -> ModelReply
    {
        let index = next.withLock { next in
            defer { next += 1 }
            return next
        }
        guard exchanges.indices.contains(index) else {
            throw ModelError(.refused, "the transcript ends after \(exchanges.count) exchanges")
        }
        let digest: String
        do { digest = try request.digest } catch { throw ModelError(.malformed, "the request is no JSON: \(error)") }
        guard digest == exchanges[index].request else {
            throw ModelError(.refused, "request \(index + 1) is not the one that the transcript holds")
        }
        let reply = exchanges[index].reply
        if !reply.text.isEmpty { onText(reply.text) }
        return reply
    }
}
