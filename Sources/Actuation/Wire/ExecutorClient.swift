public import Model
import Synchronization

/// The core's side of exec.sock.
///
/// Every call connects where there is no connection. A call whose connection breaks before its answer fails with
/// `executor.unreachable`: nothing is known then, and asking again is safe. `run()` keeps the connection, so that
/// notices come without calls.
public final class ExecutorClient: Executor {
    public static let standardPath = "/run/nightshift-exec/exec.sock"

    private struct State {
        var socket: ConnectedSocket?
        var hasBeenConnected = false
        var lastID = 0
        var calls: [Int: AsyncStream<Reply>.Continuation] = [:]
    }

    private enum Event: Sendable {
        case notice(ExecutorNotice)
        case lost
    }

    private let path: String
    private let clock: HostClock
    private let patience: Duration
    private let state = Mutex(State())
    private let notifications = Subscribers<ExecutorNotice>()
    private let events = Subscribers<Event>()

    /// `patience`: how long `result` goes on asking a helper that cannot be reached.
    public init(path: String = standardPath, clock: HostClock? = nil, patience: Duration = .seconds(60)) {
        self.path = path
        self.clock = clock ?? .host
        self.patience = patience
    }

    deinit { state.withLock { $0.socket?.close() } }

    // MARK: Executor

    public func hello() async throws(Fault) -> ExecutorHello {
        guard case .hello(let hello) = try await call(.hello) else { throw Self.misunderstood }
        return hello
    }

    public func propose(_ order: Order) async throws(Fault) -> ProposalAnswer {
        guard case .proposal(let answer) = try await call(.propose(order: order)) else { throw Self.misunderstood }
        return answer
    }

    public func perform(_ key: EffectKey, _ order: Order) async throws(Fault) -> Acceptance {
        guard case .acceptance(let answer) = try await call(.perform(key: key, order: order)) else {
            throw Self.misunderstood
        }
        return answer
    }

    public func probe(_ key: EffectKey) async throws(Fault) -> ProbeAnswer {
        guard case .probe(let answer) = try await call(.probe(key: key)) else { throw Self.misunderstood }
        return answer
    }

    public func result(of key: EffectKey) async throws(Fault) -> Outcome {
        var waited = Duration.zero
        while true {
            // Subscribed before the probe, so an end in between is not missed.
            let events = events.subscribe()
            do throws(Fault) {
                switch try await probe(key) {
                case .result(let outcome): return outcome
                case .unknown(let text): return .unknown(text)
                case .void: return ExecutorCore.neverBeganOutcome
                case .running: waited = .zero
                }
            } catch {
                guard error.code == Self.unreachable, waited < patience else { throw error }
                waited += Self.pause
                try await sleep()
                continue
            }
            listening: for await event in events {
                switch event {
                case .notice(.result(key, let outcome)): return outcome
                case .lost: break listening
                case .notice: continue
                }
            }
            if Task.isCancelled { throw Self.givenUp }
        }
    }

    public func cancel(_ key: EffectKey) async throws(Fault) { _ = try await call(.cancel(key: key)) }
    public func collect(_ key: EffectKey) async throws(Fault) { _ = try await call(.collect(key: key)) }
    public func halt(why: String) async throws(Fault) { _ = try await call(.halt(why: why)) }

    public func unitState(_ unit: String) async throws(Fault) -> UnitState {
        guard case .unit(let state) = try await call(.unit(name: unit)) else { throw Self.misunderstood }
        return state
    }

    public func notices() -> AsyncStream<ExecutorNotice> { notifications.subscribe() }

    // MARK: The connection

    /// Keeps the connection until it is cancelled, so that notices come; they come unasked only while there is one.
    public func run() async {
        while !Task.isCancelled {
            let events = events.subscribe()
            do throws(Fault) {
                _ = try await hello()
                for await event in events { if case .lost = event { break } }
            } catch {
                // Out of reach: whoever calls is told; here it is only tried again.
            }
            do throws(Fault) { try await sleep() } catch { return }
        }
    }

    private func call(_ request: ExecRequest) async throws(Fault) -> Reply {
        let (replies, input) = AsyncStream<Reply>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let (socket, id) = try connected(input)
        do throws(Fault) {
            try socket.send(try Frame.bytes(request, id: id))
        } catch {
            // The reader finds out as well, and may have heard why; so the call ends below.
            socket.close()
        }
        for await reply in replies {
            switch reply {
            case .fault(let code, let message, let hint): throw Fault(code, message, hint: hint)
            case .closed(let reason): throw Fault("executor.closed", "The helper closed the connection: \(reason)")
            default: return reply
            }
        }
        if Task.isCancelled { throw Self.givenUp }
        throw Fault(Self.unreachable, "The connection to the helper broke before its answer")
    }

    /// The connection, opened where there is none, and the ID under which the answer goes to `input`.
    private func connected(_ input: AsyncStream<Reply>.Continuation) throws(Fault) -> (ConnectedSocket, Int) {
        let opened = try state.withLock { state throws(Fault) in
            let isNew = state.socket == nil
            let isAgain = isNew && state.hasBeenConnected
            let socket: ConnectedSocket
            if let old = state.socket { socket = old } else { socket = try ConnectedSocket(path: path) }
            state.socket = socket
            state.hasBeenConnected = true
            state.lastID += 1
            state.calls[state.lastID] = input
            return (socket: socket, id: state.lastID, isNew: isNew, isAgain: isAgain)
        }
        if opened.isNew { read(opened.socket) }
        if opened.isAgain { notifications.tell(.reconnected) }
        return (opened.socket, opened.id)
    }

    private func read(_ socket: ConnectedSocket) {
        DetachedThread.start { [weak self] in
            var buffer = FrameBuffer()
            var silence = 0
            do throws(Fault) {
                reading: while true {
                    guard socket.wait(milliseconds: Self.tickMilliseconds) else {
                        silence = self?.isWaiting == true ? silence + 1 : 0
                        if silence >= Self.silenceMax { break reading }
                        continue
                    }
                    silence = 0
                    guard let bytes = socket.receive() else { break }
                    buffer.append(bytes)
                    while let body = try buffer.next() {
                        guard let self else { break reading }
                        let (id, reply) = try Frame.decode(body, as: Reply.self)
                        self.take(reply, id)
                    }
                }
            } catch {
                // Not the protocol: the connection is given up, and whoever called asks again.
            }
            socket.close()
            self?.lose(socket)
        }
    }

    private var isWaiting: Bool { state.withLock { !$0.calls.isEmpty } }

    private func take(_ reply: Reply, _ id: Int) {
        switch reply {
        case .notice(let notice):
            events.tell(.notice(notice))
            notifications.tell(notice)
        case .closed:
            let calls = state.withLock { Array($0.calls.values) }
            for call in calls { call.yield(reply) }
        default: state.withLock { $0.calls.removeValue(forKey: id) }?.yield(reply)
        }
    }

    private func lose(_ socket: ConnectedSocket) {
        let calls = state.withLock { state -> [AsyncStream<Reply>.Continuation] in
            guard state.socket === socket else { return [] }
            defer { state.calls = [:] }
            state.socket = nil
            return Array(state.calls.values)
        }
        for call in calls { call.finish() }
        events.tell(.lost)
    }

    private func sleep() async throws(Fault) {
        do {
            try await clock.sleep(Self.pause)
        } catch {
            throw Self.givenUp
        }
    }

    private static let unreachable = "executor.unreachable"
    private static let givenUp = Fault("executor.stopped", "The wait was given up; ask again")
    private static let misunderstood = Fault(
        "executor.answer", "The helper's answer is not what this version understands")
    private static let pause = Duration.milliseconds(500)
    private static let tickMilliseconds: Int32 = 5000
    /// So many ticks without a word while an answer is due: the connection is given up.
    private static let silenceMax = 18
}
