import FoundationEssentials
import Model
import Runbooks
import Synchronization
import Testing

@testable import Actuation

/// What is installed, changeable, and without files.
final class FakeInstalled: InstalledSource {
    private let set: Mutex<Result<InstalledSet, Fault>>

    init(_ set: InstalledSet) { self.set = Mutex(.success(set)) }

    func current() throws(Fault) -> InstalledSet { try set.withLock { $0 }.get() }
    func change(_ body: @Sendable (inout InstalledSet) -> Void) {
        set.withLock { result in
            guard case .success(var set) = result else { return }
            body(&set)
            result = .success(set)
        }
    }
    func damage(_ fault: Fault) { set.withLock { $0 = .failure(fault) } }
}

/// A clock that stands until it is told to go on.
final class FakeClock: Sendable {
    private let state = Mutex(
        Stamp(wall: Timestamp(seconds: 1_700_000_000), bootID: "boot1", sinceBoot: .seconds(1000)))
    private let isStopped = Mutex(false)

    var now: Stamp { state.withLock { $0 } }
    func advance(_ duration: Duration) {
        state.withLock { stamp in
            stamp.wall = stamp.wall + duration
            stamp.sinceBoot += duration
        }
    }
    func reboot() {
        state.withLock { stamp in
            stamp.bootID += "x"
            stamp.sinceBoot = .zero
        }
    }
    /// Everybody who sleeps from now on is woken by a cancellation.
    func stop() { isStopped.withLock { $0 = true } }

    /// Sleeping lets time pass at once.
    var hostClock: HostClock {
        HostClock(
            now: { self.now },
            sleep: { duration in
                try Task.checkCancellation()
                if self.isStopped.withLock({ $0 }) { throw CancellationError() }
                self.advance(duration)
                await Task.yield()
            })
    }
}

/// A directory of a test's own, gone with it.
final class Directory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/actuation-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit {
        try? FileManager.default.removeItem(atPath: path)  // what is left is in the temporary directory
    }

    var log: String { path + "/actions.log" }
    func read(_ name: String) throws -> String {
        String(decoding: try #require(FileManager.default.contents(atPath: path + "/" + name)), as: UTF8.self)
    }
    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
    }
}

/// One executor over a pretended host, with a few runbooks installed.
struct World {
    let directory: Directory
    let host: FakeHost
    let bus: FakeUnitBus
    let clock: FakeClock
    let installed: FakeInstalled
    let core: ExecutorCore
    let isRoot: Bool

    /// Another executor over the same host and the same log, once the first is gone.
    func reopened() throws -> World { try World(again: self) }

    private init(again old: World) throws {
        // The old executor keeps its lock on a file that has no name any more, as if its process had died.
        directory = old.directory
        let log = try directory.read("actions.log")
        try FileManager.default.removeItem(atPath: directory.log)
        try directory.write("actions.log", log)
        host = old.host
        clock = old.clock
        isRoot = old.isRoot
        installed = old.installed
        bus = FakeUnitBus(host)
        core = try ExecutorCore(
            bus: bus, installed: installed, clock: clock.hostClock,
            options: .init(directory: directory.path, isRoot: old.isRoot))
    }

    init(
        _ runbooks: [String] = [restartWeb], settings: InstalledSettings = InstalledSettings(),
        sync: (@Sendable (Int32) -> Bool)? = nil, isRoot: Bool = false
    ) throws {
        self.isRoot = isRoot
        directory = try Directory()
        host = FakeHost()
        clock = FakeClock()
        bus = FakeUnitBus(host)
        installed = FakeInstalled(
            InstalledSet(settings: settings, runbooks: try runbooks.map { try Runbook.parse($0, file: "test.yaml") }))
        var options = ExecutorCore.Options(directory: directory.path, isRoot: isRoot)
        if let sync { options.sync = sync }
        core = try ExecutorCore(bus: bus, installed: installed, clock: clock.hostClock, options: options)
    }

    /// Runs the body while the executor runs.
    func running<T: Sendable>(_ body: @Sendable (ExecutorCore) async throws -> T) async throws -> T {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let core = core
            group.addTask { await core.run() }
            defer { group.cancelAll() }
            return try await body(core)
        }
    }

    func order(
        _ run: String = "r1", runbook: String = "restart-web", unit: String = "web.service"
    ) throws -> Order {
        let digest = try #require(try installed.current().runbooks[runbook]).digest
        return Order(run: run, runbook: runbook, digest: digest, parameters: Parameters(["unit": .string(unit)]))
    }

    /// Performs a step to its end.
    @discardableResult
    func done(_ path: String, _ order: Order, attempt: Int = 1) async throws -> Outcome {
        let key = EffectKey(run: order.run, path: path, attempt: attempt)
        guard case .accepted = try await core.perform(key, order) else { return .refused(guard: "", text: "") }
        return try await core.result(of: key)
    }
}

let restartWeb = """
    runbook: restart-web
    description: Restarts a web server, after a dump.
    on: [[alertname="Down"]]
    parameters:
      unit:
        type: unit
        from: '{{ $labels.unit }}'
        allow: [web.service, other.service, alias.service, nickname.service, ssh.service, masked.service]
    mode: auto
    risk: low
    limits: {cooldown: 10m, attempts: 2 per 1h}
    steps:
      - {name: dump, run: [/usr/bin/dump, '{{ $params.unit }}', '{{ $run.directory }}'], timeout: 60s}
      - name: restart
        systemd: {restart: '{{ $params.unit }}'}
        timeout: 30s
        retry: {attempts: 2, backoff: 1s}
        undo: {systemd: {stop: '{{ $params.unit }}'}}
      - {name: look, check: 'up == 1', timeout: 10s}
    verify: {expr: 'up == 1', for: 5s, within: 1m}
    """

/// The same under another name, with other words for mode and risk.
func variant(_ name: String, mode: String = "auto", risk: String = "low") -> String {
    restartWeb.replacing("restart-web", with: name).replacing("mode: auto", with: "mode: \(mode)")
        .replacing("risk: low", with: "risk: \(risk)")
}
