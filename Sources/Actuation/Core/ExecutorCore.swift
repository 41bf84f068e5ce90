import Glibc
public import Model
import Runbooks

/// The whole of an executor: guards, keys, budgets, approvals and halt over a synced log, and systemd as the hand.
///
/// The helper is this behind two sockets; `actuation: user` is this in process. `run()` must run for steps to end.
/// An order is checked, its start is synced to the log, and only then is it begun; so what is not in the log never
/// happened, and what is there without an end is asked of systemd.
public actor ExecutorCore: Executor {
    public struct Options: Sendable {
        /// Where the log is, and a directory a run. Its owner alone may write there.
        public var directory: String
        /// False in a user's own session: no root, no user for steps.
        public var isRoot: Bool
        /// Told of each commit by its number, when it is on disk and before anything follows from it.
        public var onCommit: @Sendable (Int) -> Void
        /// Told what was done and what was refused, a line each.
        public var say: @Sendable (String) -> Void
        /// Makes a file's content lasting; false where that failed.
        var sync: @Sendable (Int32) -> Bool = { fdatasync($0) == 0 }
        /// When the log is longer than this, what is too old is dropped from it.
        var logLengthMax = 2 << 20

        public init(
            directory: String, isRoot: Bool, onCommit: @escaping @Sendable (Int) -> Void = { _ in },
            say: @escaping @Sendable (String) -> Void = { _ in }
        ) {
            self.directory = directory
            self.isRoot = isRoot
            self.onCommit = onCommit
            self.say = say
        }
    }

    let bus: any UnitBus
    let installed: any InstalledSource
    let clock: HostClock
    let options: Options
    var book: Book
    private let log: SyncedLog
    private var lengthToForgetAt: Int

    /// Keys whose end this process awaits.
    var followed: Set<EffectKey> = []
    /// Keys that are started in the log, of which systemd says that they never began.
    var neverBegan: Set<EffectKey> = []
    var waiters: [EffectKey: [AsyncStream<Outcome>.Continuation]] = [:]
    nonisolated let subscribers = Subscribers<ExecutorNotice>()
    let errands: AsyncStream<Errand>
    let newErrands: AsyncStream<Errand>.Continuation

    /// Opens the log and folds it; a damaged or locked log is a fault.
    public init(
        bus: any UnitBus, installed: any InstalledSource, clock: HostClock, options: Options
    ) throws(Fault) {
        var book = Book()
        let log = try SyncedLog.open(directory: options.directory, sync: options.sync) { book.apply($0) }
        self.bus = bus
        self.installed = installed
        self.clock = clock
        self.options = options
        self.book = book
        self.log = log
        lengthToForgetAt = options.logLengthMax
        (errands, newErrands) = AsyncStream.makeStream()
    }

    // MARK: Executor

    public func hello() throws(Fault) -> ExecutorHello {
        let runbooks = try installed.current().runbooks.values
        return ExecutorHello(
            boot: clock.now().bootID, halted: book.haltedWhy,
            installed: runbooks.map { ExecutorHello.Installed(runbook: $0.name, digest: $0.digest) }
                .sorted { $0.runbook < $1.runbook })
    }

    public func probe(_ key: EffectKey) async throws(Fault) -> ProbeAnswer {
        if case .started = book.keys[key]?.phase, !followed.contains(key), !neverBegan.contains(key) {
            try await settle(key)
        }
        switch book.keys[key]?.phase {
        case .ended(.unknown(let text)): return .unknown(text)
        case .ended(let outcome): return .result(outcome)
        case .void: return .void
        case .started where !neverBegan.contains(key): return .running
        case .started: break
        case nil: try checkUnlimited(key)
        }
        try commit(.void(key: key))
        neverBegan.remove(key)
        wake(key, Self.neverBeganOutcome)
        return .void
    }

    public func result(of key: EffectKey) async throws(Fault) -> Outcome {
        switch try await probe(key) {
        case .result(let outcome): return outcome
        case .unknown(let text): return .unknown(text)
        case .void: return Self.neverBeganOutcome
        case .running: break
        }
        // Between the probe and here nothing else runs: the key is still open.
        let (ends, input) = AsyncStream<Outcome>.makeStream(bufferingPolicy: .bufferingNewest(1))
        waiters[key, default: []].append(input)
        for await outcome in ends { return outcome }
        throw Fault("executor.stopped", "The wait for \(key) was given up; ask again")
    }

    public func cancel(_ key: EffectKey) async throws(Fault) {
        guard let entry = book.keys[key], entry.phase == .started, let unit = entry.action?.stepUnit else { return }
        if !entry.isCancelled { try commit(.cancelled(key: key)) }
        options.say("\(key): stopping \(unit)")
        do {
            _ = try await bus.begin(.stop, unit)
        } catch {
            // Not loaded: it has ended, or never began; whoever follows the key finds out which.
            guard error.isRefusalByBus else { throw error }
        }
    }

    public func collect(_ key: EffectKey) async throws(Fault) {
        guard let entry = book.keys[key], let unit = entry.action?.stepUnit, !entry.isCollected else { return }
        guard entry.phase != .started else { throw Fault("executor.running", "\(key) has not ended") }
        try await bus.collect(unit)
        try commit(.collected(key: key))
    }

    public func halt(why: String) throws(Fault) {
        guard book.haltedWhy == nil else { return }
        let why = why.onOneLine
        try commit(.halted(why: why))
        options.say("halted: \(why)")
        subscribers.tell(.halted(why: why))
    }

    public func unitState(_ unit: String) async throws(Fault) -> UnitState {
        guard UnitName.isValid(unit) else { throw Fault("unit.name", "That is not the full name of one unit") }
        return try await bus.state(of: unit)
    }

    public nonisolated func notices() -> AsyncStream<ExecutorNotice> { subscribers.subscribe() }

    /// Answers when the executor is not stuck.
    var isAlive: Bool { true }

    static let neverBeganOutcome = Outcome.failed("it never began, and its key is void")

    // MARK: The log

    /// On disk, then told, then in the book.
    func commit(_ record: Record) throws(Fault) {
        let now = clock.now()
        let number = try log.append(record, at: now)
        options.onCommit(number)
        book.apply(NumberedRecord(number: number, at: now, record: record))
        guard log.length > lengthToForgetAt else { return }
        do throws(Fault) {
            try forget(now)
        } catch {
            options.say("the log grows: \(error.message)".onOneLine)
        }
        lengthToForgetAt = max(options.logLengthMax, 2 * log.length)
    }

    private func forget(_ now: Stamp) throws(Fault) {
        let kept = Retention.kept(try log.records(), now: now)
        try log.rewrite(kept, directory: options.directory)
        book = Book()
        for entry in kept { book.apply(entry) }
    }
}
