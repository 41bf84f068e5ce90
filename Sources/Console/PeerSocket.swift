import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import Model
import NIOCore
public import ServiceLifecycle

/// A unix socket on which one other process of ours asks, one POST after the other, with bytes that its two ends agree on.
///
/// The kernel says who asks; whoever is not `isAllowed` gets a sentence and nothing else.
public struct PeerSocket: Service {
    public typealias Answer = @Sendable ([UInt8]) async throws -> [UInt8]

    let path: String
    let bodyMax: Int
    let isAllowed: @Sendable (Peer) -> Bool
    let answer: Answer
    let logger: Logger

    public init(
        path: String, bodyMax: Int, isAllowed: @escaping @Sendable (Peer) -> Bool, logger: Logger,
        answer: @escaping Answer
    ) {
        self.path = path
        self.bodyMax = bodyMax
        self.isAllowed = isAllowed
        self.logger = logger
        self.answer = answer
    }

    public func run() async throws {
        var quiet = logger
        quiet.logLevel = .error
        let router = Router(context: ConsoleContext.self)
        router.post("/") { [isAllowed, bodyMax, answer] request, context in
            let peer = try await Peer.of(context.channel)
            guard isAllowed(peer) else {
                let text = "\(peer.name) may not ask here"
                return try Response.json(["error": text, "code": "access.denied"], status: .forbidden)
            }
            let body = try await request.body.collect(upTo: bodyMax)
            do {
                let bytes = try await answer(Array(body.readableBytesView))
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            } catch let fault as Fault {
                return try Response.json(["error": fault.description, "code": fault.code], status: fault.httpStatus)
            }
        }
        let application = Application(
            router: router, server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: .init(
                address: .unixDomainSocket(path: path), serverName: "nightshift",
                availableConnectionsDelegate: MaximumAvailableConnections(16)),
            onServerRunning: { [path, logger] _ in
                // Everybody may connect, and `isAllowed` decides.
                guard chmod(path, 0o666) != 0 else { return }
                logger.error("\(path) cannot be opened to others: \(String(cString: strerror(errno)))")
            },
            logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError {
            throw Fault("agents.listen", "\(path) cannot be listened on: \(String(cString: strerror(error.errnoCode)))")
        }
    }
}
