public import Model

/// A person's side of approve.sock, for commands: one connection, one question, one answer.
public struct ApproveClient: Sendable {
    public static let standardPath = "/run/nightshift-exec/approve.sock"

    private let path: String

    public init(path: String = standardPath) { self.path = path }

    /// The plan of a proposed run as the helper renders it now.
    public func show(run: String) async throws(Fault) -> ProposalAnswer {
        guard case .proposal(let answer) = try await ask(.show(run: run)) else { throw Self.misunderstood }
        return answer
    }

    /// Approves exactly the plan with this hash.
    public func approve(run: String, planHash: String) async throws(Fault) -> ApprovalAnswer {
        guard case .approval(let answer) = try await ask(.approve(run: run, planHash: planHash)) else {
            throw Self.misunderstood
        }
        return answer
    }

    public func reject(run: String, why: String) async throws(Fault) -> ApprovalAnswer {
        guard case .approval(let answer) = try await ask(.reject(run: run, why: why)) else { throw Self.misunderstood }
        return answer
    }

    public func halt(why: String) async throws(Fault) { _ = try await ask(.halt(why: why)) }
    public func resume() async throws(Fault) { _ = try await ask(.resume) }

    /// What the helper says of itself.
    public func status() async throws(Fault) -> ExecutorHello {
        guard case .hello(let hello) = try await ask(.status) else { throw Self.misunderstood }
        return hello
    }

    private func ask(_ request: ApproveRequest) async throws(Fault) -> Reply {
        try await DetachedThread.value { () throws(Fault) in try Self.exchange(path, request) }
    }

    private static func exchange(_ path: String, _ request: ApproveRequest) throws(Fault) -> Reply {
        let socket = try ConnectedSocket(path: path)
        var failure: Fault?
        do throws(Fault) {
            try socket.send(try Frame.bytes(request, id: 1))
        } catch {
            failure = error  // the helper may have said why before it closed
        }
        var buffer = FrameBuffer()
        while socket.wait(milliseconds: 60_000), let bytes = socket.receive() {
            buffer.append(bytes)
            while let body = try buffer.next() {
                let (_, reply) = try Frame.decode(body, as: Reply.self)
                switch reply {
                case .notice: continue
                case .fault(let code, let message, let hint): throw Fault(code, message, hint: hint)
                case .closed(let reason): throw Fault("approval.denied", "The helper turned you away: \(reason)")
                default: return reply
                }
            }
        }
        throw failure ?? Fault("executor.unreachable", "The helper gave no answer", hint: "Look into its journal.")
    }

    private static let misunderstood = Fault(
        "executor.answer", "The helper's answer is not what this version understands")
}
