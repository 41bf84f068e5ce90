import Glibc
import Model
import Runbooks
import Testing

@testable import Actuation

/// The two sockets: whom they answer, and what ends a connection.
@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    /// A served world; its sockets are in its directory.
    struct Served {
        let world: World
        var execPath: String { world.directory.path + "/exec.sock" }
        var approvePath: String { world.directory.path + "/approve.sock" }
        var client: ExecutorClient {
            ExecutorClient(path: execPath, clock: world.clock.hostClock, patience: .seconds(5))
        }
        var approver: ApproveClient { ApproveClient(path: approvePath) }
    }

    private static let me = getuid()

    /// Serves while the body runs; who may do what is as given.
    private func serving<T: Sendable>(
        _ world: World, core: UInt32? = me, approvers: Set<UInt32> = [],
        _ body: @escaping @Sendable (Served) async throws -> T
    ) async throws -> T {
        let served = Served(world: world)
        let listeners = [
            try ListeningSocket.bound(.exec, path: served.execPath),
            try ListeningSocket.bound(.approve, path: served.approvePath),
        ]
        let server = ExecutorServer(core: world.core, listeners: listeners) {
            Admission(coreUID: core, approverUIDs: approvers)
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await world.core.run() }
            group.addTask { await server.run() }
            defer { group.cancelAll() }
            return try await body(served)
        }
    }

    @Test func aStepGoesThroughTheSocket() async throws {
        let world = try World()
        try await serving(world) { served async throws in
            let client = served.client
            let order = try world.order()
            let hello = try await client.hello()
            #expect(hello.boot == "boot1")
            #expect(hello.installed == [.init(runbook: "restart-web", digest: order.digest)])
            guard case .proposed(let plan) = try await client.propose(order) else { return #expect(Bool(false)) }
            #expect(plan.needs == 0)
            let key = EffectKey(run: "r1", path: "restart", attempt: 1)
            let accepted = try await client.perform(key, order)
            #expect(accepted == .accepted(boot: "boot1", invocationBefore: "invocation1"))
            let outcome = try await client.result(of: key)
            guard case .done(let result) = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(result["job_result"]?.string == "done")
            #expect(try await client.probe(key) == .result(outcome))
            #expect(try await client.unitState("web.service").activeState == "active")
            try await client.halt(why: "enough")
            guard case .refused("halt", _) = try await client.perform(.init(run: "r1", path: "dump", attempt: 1), order)
            else { return #expect(Bool(false), "it began under halt") }
        }
    }

    @Test func aResultIsPushedToWhoeverWaits() async throws {
        let world = try World()
        try await serving(world) { served async throws in
            let client = served.client
            world.host.holdJobs(true)
            let key = EffectKey(run: "r1", path: "restart", attempt: 1)
            _ = try await client.perform(key, try world.order())
            #expect(try await client.probe(key) == .running)
            async let outcome = client.result(of: key)
            // The wait is subscribed, or probes after the end: either way it ends.
            world.host.finish("web.service")
            #expect(try await outcome.word == "done")
        }
    }

    @Test func onlyTheCoresUserGivesOrders() async throws {
        let world = try World()
        try await serving(world, core: Self.me + 1) { served async throws in
            let fault = await #expect(throws: Fault.self) {
                try await served.client.perform(.init(run: "r1", path: "dump", attempt: 1), try world.order())
            }
            #expect(["executor.closed", "executor.unreachable"].contains(fault?.code ?? ""))
            #expect(world.host.effects.isEmpty)
        }
        let open = try World()
        try await serving(open, core: nil) { served async throws in
            let fault = await #expect(throws: Fault.self) { try await served.client.hello() }
            #expect(fault != nil)
        }
    }

    @Test func whoApprovesIsTheKernelsWord() {
        let admission = Admission(coreUID: 500, approverUIDs: [1000], approverGroups: [77, 88])
        func may(_ uid: UInt32, _ groups: Set<UInt32> = []) -> Bool {
            admission.refusalToApprove(SocketPeer(uid: uid, groups: groups)) == nil
        }
        #expect(!may(1001, [5]))
        #expect(may(1001, [5, 88]))
        #expect(may(1000))
        #expect(may(0))
        #expect(!may(500, [77]), "the core approves nothing, in whatever group it is")
        func asks(_ uid: UInt32) -> Bool { admission.refusalToAsk(SocketPeer(uid: uid, groups: [])) == nil }
        #expect(asks(500))
        #expect(!asks(0))
        #expect(!asks(1000))
    }

    @Test func aPersonIsTurnedAwayWithAReason() async throws {
        // As the core's own user, and (where the tests do not run as root) as somebody who is no approver.
        let world = try World([variant("asks", mode: "approve")])
        try await serving(world) { served async throws in
            let fault = await #expect(throws: Fault.self) { try await served.approver.status() }
            #expect(fault?.code == "approval.denied")
            #expect(fault?.message.contains("never approves") == true)
        }
    }

    @Test func aPersonApprovesWhatTheyWereShown() async throws {
        let world = try World([variant("asks", mode: "approve")])
        let order = try world.order(runbook: "asks")
        guard case .proposed = try await world.core.propose(order) else { return #expect(Bool(false)) }
        try await serving(world, core: Self.me + 1, approvers: [Self.me]) { served async throws in
            let notices = world.core.notices()
            guard case .proposed(let plan) = try await served.approver.show(run: "r1") else {
                return #expect(Bool(false))
            }
            #expect(plan.text.contains("systemd restart web.service"))
            guard case .refused("approval", _) = try await served.approver.approve(run: "r1", planHash: "edited") else {
                return #expect(Bool(false), "another plan was approved")
            }
            #expect(try await served.approver.approve(run: "r1", planHash: plan.planHash) == .taken(needs: 0))
            for await notice in notices {
                guard case .approved("r1", plan.planHash, let person, 0) = notice else { return #expect(Bool(false)) }
                #expect(person.uid == Self.me)
                break
            }
            try await served.approver.halt(why: "smoke")
            #expect(try await served.approver.status().halted?.hasSuffix("smoke") == true)
            try await served.approver.resume()
            #expect(try await served.approver.status().halted == nil)
            await #expect(throws: Fault.self) { try await served.approver.show(run: "r9") }
        }
    }

    /// What a peer may send that ends its connection, with a word of the reason.
    @Test(
        arguments: [
            ([0, 1, 0, 1] + [UInt8](repeating: 0x20, count: 65537), "65537"), ([0, 0, 0, 0], "0 bytes"),
            ([0, 0, 0, 2, 0x7B, 0x7D], "version"), (Array("GET / HTTP/1.1\r\n\r\n".utf8), "bytes"),
        ] as [([UInt8], String)])
    func whatIsNoFrameEndsTheConnection(bytes: [UInt8], word: String) async throws {
        try await serving(try World()) { served async throws in
            let reason = try await DetachedThread.value { () throws(Fault) -> String? in
                let socket = try ConnectedSocket(path: served.execPath)
                // The helper may close before it has read everything.
                try? socket.send(bytes)
                var buffer = FrameBuffer()
                var reason: String?
                while let more = socket.receive() {
                    buffer.append(more)
                    guard let body = try buffer.next() else { continue }
                    if case .closed(let text) = try Frame.decode(body, as: Reply.self).body { reason = text }
                }
                return reason
            }
            #expect(reason?.contains(word) == true, "\(reason ?? "no reason")")
            #expect(try await served.client.hello().boot == "boot1")
        }
    }

    @Test func connectionsAreBounded() async throws {
        try await serving(try World()) { served async throws in
            var held: [ConnectedSocket] = []
            for _ in 0..<8 {
                held.append(
                    try await DetachedThread.value { () throws(Fault) in
                        let socket = try ConnectedSocket(path: served.execPath)
                        try socket.send(try Frame.bytes(ExecRequest.hello, id: 1))
                        guard socket.receive() != nil else { throw Fault("test", "turned away") }
                        return socket
                    })
            }
            let fault = await #expect(throws: Fault.self) { try await served.client.hello() }
            #expect(["executor.closed", "executor.unreachable"].contains(fault?.code ?? ""))
            held[0].close()
            held.removeFirst()
            var answered = false
            for _ in 1...1000 where !answered {
                do {
                    answered = try await served.client.hello().boot == "boot1"
                } catch {
                    await Task.yield()  // the helper has not heard yet that a connection has gone
                }
            }
            #expect(answered)
            withExtendedLifetime(held) {}
        }
    }

    @Test func aClientComesBackAfterTheHelperWasAway() async throws {
        let world = try World()
        let client = Served(world: world).client
        let key = EffectKey(run: "r1", path: "restart", attempt: 1)
        let order = try world.order()
        let accepted = try await serving(world) { _ in try await client.perform(key, order) }
        guard case .accepted = accepted else { return #expect(Bool(false), "\(accepted)") }
        let notices = client.notices()
        let next = try world.reopened()
        let outcome = try await serving(next) { _ in try await client.result(of: key) }
        #expect(outcome.word == "done")
        for await notice in notices {
            #expect(notice == .reconnected)
            break
        }
        #expect(world.host.effects == ["restart web.service"])
    }

    @Test func aHelperOutOfReachIsNoAnswer() async throws {
        let world = try World()
        let fault = await #expect(throws: Fault.self) {
            try await Served(world: world).client.result(of: EffectKey(run: "r1", path: "dump", attempt: 1))
        }
        #expect(fault?.code == "executor.unreachable")
    }

    @Test func aSocketInUseIsNotTakenOver() async throws {
        let world = try World()
        try await serving(world) { served async throws in
            let fault = #expect(throws: Fault.self) { try ListeningSocket.bound(.exec, path: served.execPath) }
            #expect(fault?.code == "socket.used")
        }
    }
}
