public import Model

/// Sends HTTP requests, many at a time, over libcurl on one thread of its own.
///
/// Redirects are not followed, proxies of the environment are not used, and nothing but http and https is spoken. The
/// thread ends with the client.
public final class HTTPClient: Sendable {
    let engine: TransferEngine

    /// - Parameters:
    ///   - concurrentMax: transfers under way at once; more wait for their turn, within their timeouts.
    ///   - waitingMax: requests waiting for their turn; more are refused.
    public init(concurrentMax: Int = 256, waitingMax: Int = 1024) {
        engine = TransferEngine(concurrentMax: concurrentMax, waitingMax: waitingMax)
        engine.start()
    }

    deinit { engine.end() }

    /// The server's answer, whatever its status.
    ///
    /// A fault's code is one of `http.timeout`, `http.connect`, `http.size`, `http.truncated`, `http.protocol`,
    /// `http.request` (refused before sending), `http.busy` and `http.cancelled` (the calling task was).
    public func send(_ request: HTTPRequest) async throws(Fault) -> HTTPResponse {
        try request.validate()
        let transfer = Transfer(request)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.begin(continuation)
                engine.submit(transfer)
            }
        } onCancel: {
            engine.cancel(transfer)
        }
        return try result.get()
    }
}
