import Agents
import Model

/// Refuses, after the vendor has counted some of the request.
struct BreakingModel: ModelClient {
    let model = "breaking"
    let hasTools = true

    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply {
        throw ModelError(.refused, "no", usage: ModelUsage(input: 100, output: 20))
    }
}

/// Says that it was asked, and nothing more.
struct HangingModel: ModelClient {
    let model = "hanging"
    let hasTools = true
    let asked: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() { (asked, signal) = AsyncStream<Void>.makeStream() }

    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply {
        signal.finish()
        do {
            try await untilCancelled()
        } catch {
            throw ModelError(.cancelled, "it was cancelled")
        }
        throw ModelError(.refused, "it was not cancelled")
    }
}
