import Actuation
import FoundationEssentials
import Model
import Synchronization

/// One life of an executor: from its start to its death at a point, or to the end.
///
/// Death cuts its bus and copies its log as it is at that moment; what the corpse still writes goes nowhere.
final class Life: Sendable {
    /// Where the process dies: right after a commit of its log, or right after an effect that nobody knows of yet.
    enum Point: Hashable, Sendable {
        case commit(Int)
        case effect(Int)
    }

    let core: ExecutorCore
    private let bus: FakeUnitBus
    private let state: DeathState
    private let running: Task<Void, Never>

    init(_ world: World, in directory: Directory, dies point: Point?) throws {
        let state = DeathState(log: directory.log)
        let effects = Mutex(0)
        let bus = FakeUnitBus(world.host) { bus in
            let number = effects.withLock { count in
                count += 1
                return count
            }
            if .effect(number) == point { state.die(bus) }
        }
        var clock = world.clock.hostClock
        let sleep = clock.sleep
        clock.sleep = { duration in
            if state.isDead { throw CancellationError() }
            try await sleep(duration)
        }
        let core = try ExecutorCore(
            bus: bus, installed: world.installed, clock: clock,
            options: .init(
                directory: directory.path, isRoot: false,
                onCommit: { number in if .commit(number) == point { state.die(bus) } }))
        self.bus = bus
        self.core = core
        self.state = state
        running = Task { await core.run() }
    }

    var hasDied: Bool { state.isDead }

    func end() async {
        running.cancel()
        await running.value
    }

    /// Puts the log as it was at the death into the place where the next life looks for it.
    func leaveLog(in directory: Directory) throws {
        try FileManager.default.removeItem(atPath: directory.log)
        try FileManager.default.moveItem(atPath: directory.log + ".dead", toPath: directory.log)
    }

    /// The body's value, or nil if the process died before it was there.
    func attempt<T: Sendable>(_ body: @escaping @Sendable (ExecutorCore) async throws -> T) async throws -> T? {
        if hasDied { return nil }
        let value = try await withThrowingTaskGroup(of: T?.self) { group in
            let core = core
            let death = state.watch()
            group.addTask {
                do {
                    return try await body(core)
                } catch let fault as Fault where ["bus.lost", "executor.stopped"].contains(fault.code) {
                    return nil
                }
            }
            group.addTask {
                for await _ in death {}
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        return hasDied ? nil : value
    }

    private final class DeathState: Sendable {
        private struct State {
            var isDead = false
            var watchers: [AsyncStream<Void>.Continuation] = []
        }

        private let log: String
        private let state = Mutex(State())

        init(log: String) { self.log = log }

        var isDead: Bool { state.withLock { $0.isDead } }

        /// Ends with the death. A stream ends with its first reader's task as well, so each gets one of its own.
        func watch() -> AsyncStream<Void> {
            let (stream, input) = AsyncStream<Void>.makeStream()
            let isDead = state.withLock { state in
                state.watchers.append(input)
                return state.isDead
            }
            if isDead { input.finish() }
            return stream
        }

        func die(_ bus: FakeUnitBus) {
            let watchers = state.withLock { state -> [AsyncStream<Void>.Continuation] in
                if state.isDead { return [] }
                state.isDead = true
                bus.cut()
                // The copy is read by the next life, which fails where it is missing.
                try? FileManager.default.copyItem(atPath: log, toPath: log + ".dead")
                return state.watchers
            }
            for watcher in watchers { watcher.finish() }
        }
    }
}
