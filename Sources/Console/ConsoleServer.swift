import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Incidents
public import Logging
import Model
import NIOCore
public import ServiceLifecycle
import Text

/// The daemon's HTTP interface, twice: read-only on a loopback address, and whole on the control socket,
/// where the kernel says who asks.
public struct ConsoleServer: Service {
    public enum Listener: Sendable, CustomStringConvertible {
        /// Read-only: pages, JSON, `/metrics`.
        case tcp(host: String, port: Int)
        /// All of it, for those whom `Access` allows.
        case socket(path: String, access: Access)

        public var description: String {
            switch self {
            case .tcp(let host, let port): "\(host):\(port)"
            case .socket(let path, _): path
            }
        }
    }

    let listener: Listener
    let backend: any ConsoleBackend
    let logger: Logger
    let clientsMax = 64

    public init(_ listener: Listener, backend: any ConsoleBackend, logger: Logger) {
        self.listener = listener
        self.backend = backend
        self.logger = logger
    }

    public func run() async throws {
        var logger = logger
        logger.logLevel = .error
        let address: BindAddress =
            switch listener {
            case .tcp(let host, let port): .hostname(host, port: port)
            case .socket(let path, _): .unixDomainSocket(path: path)
            }
        let application = Application(
            router: router(),
            server: .http1(configuration: .init(idleTimeout: .seconds(5))),
            configuration: .init(
                address: address, serverName: "nightshift",
                availableConnectionsDelegate: MaximumAvailableConnections(clientsMax)),
            onServerRunning: { [listener, logger] _ in
                // Whatever our umask: everybody may connect, and `Access` decides.
                guard case .socket(let path, _) = listener, chmod(path, 0o666) != 0 else { return }
                logger.error("\(path) cannot be opened to others: \(String(cString: strerror(errno)))")
            },
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            throw Fault(
                "console.listen", "The console cannot listen on \(listener): \(reason)",
                hint: "Is another one running? `console.listen` and `runtime` say where.")
        }
    }

    private func router() -> Router<ConsoleContext> {
        let router = Router(context: ConsoleContext.self)
        router.add(middleware: Gate(listener: listener))
        let backend = backend
        router.get("/") { _, _ in
            Response.html(StatusPage.overview(try await backend.status(), try await backend.incidents()))
        }
        router.get("/incidents/{id}") { _, context in
            Response.html(StatusPage.incident(try await backend.incident(prefix: try context.id)))
        }
        router.get("/metrics") { _, _ in
            Response.text(await backend.ownMetrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get("/-/healthy") { _, _ in Response.text("Nightshift is healthy.\n") }
        let api = router.group("/api/v1")
        api.get("status") { _, _ in try Response.json(try await backend.status()) }
        api.get("incidents") { _, _ in try Response.json(try await backend.incidents()) }
        api.get("incidents/{id}") { _, context in try Response.json(try await backend.incident(prefix: try context.id))
        }
        api.get("approvals/{id}") { _, context in
            try Response.json(try await backend.approval(prefix: try context.id))
        }
        api.get("work") { _, _ in try Response.json(try await backend.work()) }
        api.get("work/{id}") { _, context in try Response.json(try await backend.work(try context.id)) }
        api.get("pulls") { _, _ in try Response.json(try await backend.pulls()) }
        api.get("pulls/{id}") { _, context in try Response.json(try await backend.pull(try context.id)) }
        api.get("runbooks") { _, _ in try Response.json(try await backend.runbooks()) }
        api.get("query") { request, _ in
            guard let expression = request.uri.queryParameters["query"].map(String.init) else {
                throw Fault("query.missing", "The parameter \"query\" is missing")
            }
            var at: Timestamp?
            if let text = request.uri.queryParameters["time"].map(String.init) {
                at = Timestamp(parsing: text)
                if at == nil { throw Fault("query.time", "\"\(text)\" is not a time: RFC 3339 or Unix seconds") }
            }
            return Response.text(try await backend.query(expression, at: at), type: "application/json")
        }
        if case .socket(_, let access) = listener {
            api.post("control") { request, context in
                let body = try await request.body.collect(upTo: 64 * 1024)
                let command: ControlCommand
                do {
                    command = try JSONDecoder().decode(ControlCommand.self, from: Data(body.readableBytesView))
                } catch {
                    throw Fault("control.body", "The request is not a command that this version knows")
                }
                guard let peer = context.peer else { throw Fault("access.unknown", "Nobody is known to ask") }
                if let refusal = access.refusal(of: command.right, for: peer) { throw refusal }
                return try Response.json(["answer": try await backend.perform(command, by: peer)])
            }
        }
        return router
    }
}

extension ControlCommand {
    var right: Access.Right {
        switch self {
        case .approve, .reject: .approve
        case .close, .halt, .resume, .fix, .cancelWork, .comment: .operate
        }
    }
}

/// A request with what the kernel says of its sender.
struct ConsoleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    var peer: Peer?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var id: String {
        get throws {
            guard let id = parameters.get("id") else { throw Fault("incident.unknown", "No incident is named") }
            return id
        }
    }
}

/// Refuses what may not be asked here, and turns every failure into a sentence.
struct Gate: RouterMiddleware {
    typealias Context = ConsoleContext
    let listener: ConsoleServer.Listener

    @concurrent func handle(
        _ request: Request, context: ConsoleContext,
        next: @concurrent (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        do {
            var context = context
            switch listener {
            case .tcp(let host, let port):
                guard request.method == .get || request.method == .head else {
                    throw Fault("console.read-only", "The console is read-only", hint: "Use the nightshift command.")
                }
                // A page of another site must not read us through its visitor's browser (DNS rebinding).
                let name = request.head.authority?.split(separator: ":").first.map(String.init) ?? ""
                guard [host, "127.0.0.1", "localhost", "[::1]"].contains(name) || port == 0 else {
                    throw Fault("console.host", "The console does not answer to the name \"\(name)\"")
                }
            case .socket(_, let access):
                let peer = try await Peer.of(context.channel)
                if let refusal = access.refusal(of: .view, for: peer) { throw refusal }
                context.peer = peer
            }
            return try await next(request, context)
        } catch let fault as Fault {
            return try Response.json(["error": fault.description, "code": fault.code], status: fault.httpStatus)
        } catch let error as HTTPError {
            return try Response.json(
                ["error": error.status == .notFound ? "There is nothing at this address" : "\(error.status)"],
                status: error.status)
        }
    }
}

extension Fault {
    var httpStatus: HTTPResponse.Status {
        if code.hasPrefix("access.") || code.hasPrefix("console.") { return .forbidden }
        if code.hasSuffix(".unknown") { return .notFound }
        if code.hasPrefix("query.") || code.hasPrefix("control.") { return .badRequest }
        return .conflict
    }
}

extension Response {
    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    static func html(_ text: String) -> Response {
        var response = Response.text(text, type: "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(value)
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }
}
