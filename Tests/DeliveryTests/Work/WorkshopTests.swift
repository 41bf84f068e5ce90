import Model
import Synchronization
import Testing

@testable import Delivery

@Suite struct WorkshopTests {
    let daemon = FakeDaemon()

    /// Runs a workshop for as long as `body` does.
    private func with(
        _ perform: @escaping Workshop.Perform, say: @escaping @Sendable (String) -> Void = { _ in },
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let workshop = Workshop(line: daemon, clock: quickClock(), say: say, perform: perform)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await workshop.run() }
            try await body()
            group.cancelAll()
        }
    }

    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    @Test func twoAtOnceButOneOfAnItem() async throws {
        let log = Log()
        let (bothBegun, signal) = AsyncStream<Void>.makeStream()
        try await with(
            { task in
                log.add("begin \(task.key.path)")
                if log.all.filter({ $0.hasPrefix("begin") }).count == 2 { signal.finish() }
                if task.key.path != "c" { for await _ in bothBegun {} }
                log.add("end \(task.key.path)")
                return .done(.string(task.key.path))
            },
            { [daemon] in
                await daemon.offer([.sample("a", item: "x-1"), .sample("c", item: "x-1"), .sample("b", item: "y-1")])
                let ended = await daemon.outcomes(3)
                #expect(ended == ["a": .done("a"), "b": .done("b"), "c": .done("c")])
            })
        let order = log.all
        let place = { (line: String) in order.firstIndex(of: line) ?? -1 }
        #expect(Set(order.prefix(2)) == ["begin a", "begin b"])
        #expect(place("begin c") > place("end a"))
    }

    @Test func aHangingTaskIsCancelled() async throws {
        let log = Log()
        try await with(
            { task in
                do { try await untilCancelled() } catch { log.add("stopped") }
                return .failed("it hung")
            }, say: log.add,
            { [daemon] in
                let task = WorkTask.sample("a")
                await daemon.offer([task])
                await daemon.polled(2)
                await daemon.cancel(task.key)
                #expect(await daemon.outcomes(1) == ["a": .cancelled("it was told to stop")])
            })
        #expect(log.all.contains("stopped"))
        #expect(log.all.first == "r1/a/1 begins: checkout for no project, item 1a2b3c4d-1")
        #expect(log.all.contains("r1/a/1 ended: cancelled, \"it was told to stop\""))
    }

    @Test func whatWasDoneBeforeItsEndCounts() async throws {
        try await with(
            { _ in
                // Cancelled as it is, it has done its work.
                do { try await untilCancelled() } catch { return .done("all of it") }
                return .failed("not cancelled")
            },
            { [daemon] in
                let task = WorkTask.sample("a")
                await daemon.offer([task])
                await daemon.polled(2)
                await daemon.cancel(task.key)
                #expect(await daemon.outcomes(1) == ["a": .done("all of it")])
            })
    }

    @Test func aTaskHasItsTime() async throws {
        try await with(
            { _ in
                do { try await untilCancelled() } catch { return .failed("cancelled") }
                return .failed("not cancelled")
            },
            { [daemon] in
                await daemon.offer([.sample("a", timeout: .milliseconds(1))])
                #expect(await daemon.outcomes(1) == ["a": .timedOut])
            })
    }

    @Test func aCancelledTaskThatWaitsNeverBegins() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let log = Log()
        try await with(
            { task in
                log.add(task.key.path)
                for await _ in gate {}
                return .done(.null)
            },
            { [daemon] in
                let second = WorkTask.sample("b")
                await daemon.offer([.sample("a"), second])
                await daemon.polled(2)
                await daemon.cancel(second.key)
                #expect(await daemon.outcomes(1) == ["b": .cancelled("it was cancelled before it began")])
                open.finish()
                #expect(await daemon.outcomes(2).count == 2)
            })
        #expect(log.all == ["a"])
    }

    @Test(arguments: [1, 2, 3, 7]) func theDaemonIsAwayForAWhile(questions: Int) async throws {
        let log = Log()
        await daemon.goAway(for: questions)
        try await with(
            { [daemon] task in
                log.add(task.key.path)
                await daemon.goAway(for: questions)
                return .done("x")
            },
            { [daemon] in
                await daemon.offer([.sample("a")])
                #expect(await daemon.outcomes(1) == ["a": .done("x")])
            })
        #expect(log.all == ["a"], "a task whose outcome is not taken yet was begun again")
        #expect(await daemon.endedCount == 1)
    }

    @Test func whenItStopsAllThatItBeganStops() async throws {
        let log = Log()
        try await with(
            { task in
                do { try await untilCancelled() } catch { log.add("stopped \(task.key.path)") }
                return .failed("stopped")
            },
            { [daemon] in
                await daemon.offer([.sample("a", item: "x-1"), .sample("b", item: "y-1")])
                await daemon.polled(2)
            })
        #expect(Set(log.all) == ["stopped a", "stopped b"])
        #expect(await daemon.endedCount == 0, "a task that was stopped with us has not ended: it goes on later")
    }

    @Test func theDaemonIsToldWhatIsUnderWay() async throws {
        try await with(
            { _ in
                do { try await untilCancelled() } catch { return .failed("") }
                return .failed("")
            },
            { [daemon] in
                let tasks = ["a", "b", "c"].map { WorkTask.sample($0, item: "\($0)-1") }
                await daemon.offer(tasks)
                await daemon.polled(2)
                // The third waits for its turn and need not be handed out again.
                #expect(await daemon.polls[1] == tasks.map(\.key))
            })
    }

    @Test func oneProcessAtATimeHasTheDirectory() async throws {
        let folder = try TestFolder()
        let first = try await AgentsState(folder.path + "/state")
        let busy = try await fault { _ = try await AgentsState(folder.path + "/state", wall: .milliseconds(1)) }
        #expect(busy?.code == "repository.busy")
        withExtendedLifetime(first) {}
    }

    @Test("a child gets of the environment what it needs, and none of a person's tokens")
    func childsEnvironment() {
        let all = [
            "PATH": "/usr/bin", "HOME": "/home/ada", "TMPDIR": "/tmp", "CREDENTIALS_DIRECTORY": "/run/credentials/x",
            "GITHUB_TOKEN": "t", "SSH_AUTH_SOCK": "/s", "LD_PRELOAD": "/l.so", "INVOCATION_ID": "1",
        ]
        #expect(AgentsChild.kept(all).keys.sorted() == ["CREDENTIALS_DIRECTORY", "HOME", "PATH", "TMPDIR"])
    }
}
