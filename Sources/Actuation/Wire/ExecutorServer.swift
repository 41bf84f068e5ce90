import Model

/// The helper's two doors: orders from the core's user, words from people.
struct ExecutorServer: Sendable {
    let core: ExecutorCore
    let frames: FrameServer
    let admission: @Sendable () -> Admission

    init(core: ExecutorCore, listeners: [FrameServer.Listener], admission: @escaping @Sendable () -> Admission) {
        self.core = core
        self.admission = admission
        frames = FrameServer(listeners) { door, peer in
            switch door {
            case .exec: admission().refusalToAsk(peer)
            case .approve: admission().refusalToApprove(peer)
            }
        }
    }

    /// Answers until it is cancelled.
    func run() async {
        let notices = core.notices()
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await push(notices) }
                for await message in frames.messages {
                    group.addTask { await answer(message) }
                }
                group.cancelAll()
            }
        } onCancel: {
            frames.send(.stop)
        }
    }

    private func push(_ notices: AsyncStream<ExecutorNotice>) async {
        for await notice in notices {
            do throws(Fault) {
                frames.send(.push(.exec, try Frame.bytes(Reply.notice(notice), id: 0)))
            } catch {
                // Too long for a frame: the core asks for what it awaits when it is not told.
            }
        }
    }

    private func answer(_ message: FrameServer.Message) async {
        do throws(Fault) {
            switch message.door {
            case .exec:
                let (id, request) = try Frame.decode(message.body, as: ExecRequest.self)
                await send(await reply(to: request), id, message.connection)
            case .approve:
                let (id, request) = try Frame.decode(message.body, as: ApproveRequest.self)
                await send(await reply(to: request, from: message.peer), id, message.connection)
            }
        } catch {
            close(message.connection, error.message)
        }
    }

    private func send(_ reply: Reply, _ id: Int, _ connection: Int) async {
        do throws(Fault) {
            frames.send(.reply(connection, try Frame.bytes(reply, id: id)))
        } catch {
            // A fault's sentence is never too long for a frame.
            guard let bytes = try? Frame.bytes(Reply.fault(error), id: id) else { return close(connection, error.code) }
            frames.send(.reply(connection, bytes))
        }
    }

    private func close(_ connection: Int, _ reason: String) {
        let bytes = (try? Frame.bytes(Reply.closed(reason: reason.onOneLine), id: 0)) ?? []  // never too long
        frames.send(.close(connection, bytes))
    }

    private func reply(to request: ExecRequest) async -> Reply {
        do throws(Fault) {
            switch request {
            case .hello: return .hello(try await core.hello())
            case .propose(let order): return .proposal(try await core.propose(order))
            case .perform(let key, let order): return .acceptance(try await core.perform(key, order))
            case .probe(let key): return .probe(try await core.probe(key))
            case .cancel(let key): try await core.cancel(key)
            case .collect(let key): try await core.collect(key)
            case .halt(let why): try await core.halt(why: why)
            case .unit(let name): return .unit(try await core.unitState(name))
            }
            return .done
        } catch {
            return .fault(error)
        }
    }

    private func reply(to request: ApproveRequest, from peer: SocketPeer) async -> Reply {
        if let reason = admission().refusalToApprove(peer) { return .closed(reason: reason) }
        let person = peer.person
        do throws(Fault) {
            switch request {
            case .show(let run):
                guard let plan = try await core.show(run: run) else {
                    throw Fault("approval.unknown", "No run \(run.onOneLine) is known to the helper")
                }
                return .proposal(plan)
            case .approve(let run, let hash):
                return .approval(try await core.approve(run: run, planHash: hash, by: person))
            case .reject(let run, let why): return .approval(try await core.reject(run: run, by: person, why: why))
            case .halt(let why): try await core.halt(why: "\(person.name): \(why)")
            case .resume: try await core.resume(by: person)
            case .status: return .hello(try await core.hello())
            }
            return .done
        } catch {
            return .fault(error)
        }
    }
}
