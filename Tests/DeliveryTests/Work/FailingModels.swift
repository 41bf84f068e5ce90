import Agents
import Model
import Synchronization

@testable import Delivery

/// Fails, after the vendor has counted some of the request.
final class BreakingModel: ModelClient {
    let model = "breaking"
    let hasTools = true
    private let error: ModelError
    private let count = Mutex(0)

    init(_ error: ModelError) { self.error = error }

    var requests: Int { count.withLock { $0 } }

    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply {
        count.withLock { $0 += 1 }
        throw error
    }
}

/// A line that answers no cancelled task, as HTTP does.
struct CancelledLine: WorkLine {
    let line: any WorkLine

    func ask(_ question: WorkRequest) async throws(Fault) -> WorkAnswer {
        if Task.isCancelled { throw Fault("work.unreachable", "the request was cancelled") }
        return try await line.ask(question)
    }
}

/// Says that it was asked, and nothing more.
struct HangingModel: ModelClient {
    let model = "hanging"
    let hasTools = true
    let asked: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let counted: ModelUsage

    init(counted: ModelUsage) {
        (asked, signal) = AsyncStream<Void>.makeStream()
        self.counted = counted
    }

    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply {
        signal.finish()
        do {
            try await untilCancelled()
        } catch {
            throw ModelError(.cancelled, "it was cancelled", usage: counted)
        }
        throw ModelError(.refused, "it was not cancelled")
    }
}
