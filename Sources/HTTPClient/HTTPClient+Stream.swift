public import Model

extension HTTPClient {
    /// Takes a server's answer as it arrives, whatever its status.
    ///
    /// `take` gets the head (a response without a body) and the next bytes of the body, decompressed, in order; it
    /// returns false when it has seen enough, and the connection is closed. What came while `take` was busy waits in
    /// memory, at most the request's `bodyLimit`, which bounds the whole body. The answer returned has no body either.
    ///
    /// Besides the timeout for everything, an answer that has begun ends with `http.timeout` when no byte came for
    /// `idleTimeout`. Faults are those of `send`.
    public func stream(
        _ request: HTTPRequest, idleTimeout: Duration, take: (HTTPResponse, [UInt8]) async -> Bool
    ) async throws(Fault) -> HTTPResponse {
        try request.validate()
        guard idleTimeout > .zero else {
            throw Fault("http.request", "\(request.shown) needs an idle timeout above zero")
        }
        let buffer = StreamBuffer(idleTimeout: idleTimeout)
        let transfer = Transfer(request, stream: buffer)
        let answer: Transfer.Answer? = await withTaskCancellationHandler {
            engine.submit(transfer)
            for await _ in buffer.arrivals {
                let content = buffer.take()
                if let head = content.head, !content.bytes.isEmpty, await take(head, content.bytes) == false {
                    engine.cancel(transfer)
                    return .success(head)
                }
                if let end = content.end { return end }
            }
            return nil
        } onCancel: {
            engine.cancel(transfer)
        }
        // The sequence ends early only where the calling task was cancelled.
        guard let answer else {
            throw Fault("http.cancelled", "\(request.shown) was stopped: its caller was cancelled")
        }
        return try answer.get()
    }
}
