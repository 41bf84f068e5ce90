import Model
import Synchronization

/// The bytes of a streamed answer that came and were not taken yet; at most the request's `bodyLimit`.
final class StreamBuffer: Sendable {
    struct Content {
        var head: HTTPResponse?
        var bytes: [UInt8] = []
        var end: Transfer.Answer?
    }

    let idleTimeout: Duration
    /// An element, one however many bytes came, says that there is something to take.
    let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation
    private let content = Mutex(Content())

    init(idleTimeout: Duration) {
        self.idleTimeout = idleTimeout
        (arrivals, arrived) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ bytes: UnsafeRawBufferPointer, head: @autoclosure () -> HTTPResponse) {
        content.withLock { content in
            if content.head == nil { content.head = head() }
            content.bytes.append(contentsOf: bytes)
        }
        arrived.yield()
    }

    func end(_ answer: Transfer.Answer) {
        content.withLock { $0.end = answer }
        arrived.yield()
        arrived.finish()
    }

    /// All bytes that came since; the head stays.
    func take() -> Content {
        content.withLock { content in
            defer { content.bytes = [] }
            return content
        }
    }
}
