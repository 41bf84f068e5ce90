internal import GRDB
internal import Glibc
public import Model
internal import Synchronization

/// Whether the ledger takes what is written to it.
public enum LedgerState: Sendable, Hashable {
    case open
    /// The disk is full: only writes that may use the reserve are taken, and nothing new may start.
    case full
    /// A write or sync failed, so what is on disk is in doubt: nothing is taken until `reopen()`.
    case closed(Fault)
}

/// The sizes that a ledger keeps to.
public struct LedgerSizes: Sendable, Hashable {
    /// The database never grows past this.
    public var most: ByteSize
    /// Held back on disk, and released when the disk is full.
    public var reserve: ByteSize

    public init(most: ByteSize = ByteSize(bytes: 2 << 30), reserve: ByteSize = ByteSize(bytes: 4 << 20)) {
        self.most = most
        self.reserve = reserve
    }
}

/// The one durable memory of a Nightshift: incidents, runs, the outbox, positions, approvals.
///
/// Each `write` is one transaction, on disk when it returns (WAL, synchronous=FULL), whether or not the task was
/// cancelled meanwhile. Reads see the last commit and never wait for a write. Every error is a `Fault`.
public final class Ledger: Sendable {
    public let path: String
    private let sizes: LedgerSizes
    private let onCommit: (@Sendable (Int) -> Void)?
    private let lock: LockFile?
    private let reserve: Reserve?
    private let inner: Mutex<Inner>

    private struct Inner {
        var database: any DatabaseWriter
        var state: LedgerState = .open
        var commits = 0
    }

    private init(
        path: String, sizes: LedgerSizes, lock: LockFile?, reserve: Reserve?, database: any DatabaseWriter,
        onCommit: (@Sendable (Int) -> Void)?
    ) {
        self.path = path
        self.sizes = sizes
        self.lock = lock
        self.reserve = reserve
        self.onCommit = onCommit
        inner = Mutex(Inner(database: database))
    }

    /// Opens or creates the ledger at `path`, brings its tables up to date and locks it for as long as this object
    /// lives.
    ///
    /// `onCommit` is called with 1, 2, … right after each commit that changed something, before `write` returns.
    /// Throws `ledger.locked` where another process holds it, `ledger.newer` where a later version wrote it.
    public static func open(
        path: String, sizes: LedgerSizes = LedgerSizes(), onCommit: (@Sendable (Int) -> Void)? = nil
    ) async throws(Fault) -> Ledger {
        let lock = try LockFile(path: path + ".lock", what: "the ledger \(path)")
        let reserve = Reserve(path: path + ".reserve", bytes: sizes.reserve.bytes)
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        let database: any DatabaseWriter
        do {
            database = try connect(path: path, sizes: sizes)
        } catch  where error.code == "ledger.full" {
            reserve.release()
            database = try connect(path: path, sizes: sizes)
        }
        let ledger = Ledger(
            path: path, sizes: sizes, lock: lock, reserve: reserve, database: database, onCommit: onCommit)
        if !reserve.take() { ledger.inner.withLock { $0.state = .full } }
        return ledger
    }

    /// A ledger in memory, for tests and demonstrations: nothing survives it.
    public static func inMemory(
        sizes: LedgerSizes = LedgerSizes(), onCommit: (@Sendable (Int) -> Void)? = nil
    ) throws(Fault) -> Ledger {
        do {
            let database = try DatabaseQueue(configuration: configuration())
            try prepare(database, sizes: sizes)
            return Ledger(
                path: ":memory:", sizes: sizes, lock: nil, reserve: nil, database: database, onCommit: onCommit)
        } catch {
            throw Fault(ledger: ":memory:", error)
        }
    }

    public var state: LedgerState { inner.withLock { $0.state } }

    /// One transaction: all that `body` writes is on disk when this returns, or none of it is.
    ///
    /// `usingReserve` is for what must be kept even on a full disk: results of started steps, and that runs ended.
    /// `body` may be run twice, the first time undone. What it throws undoes the transaction and comes out as a
    /// `Fault`.
    public func write<T: Sendable>(
        usingReserve: Bool = false, _ body: @escaping @Sendable (LedgerTransaction) throws -> T
    ) async throws(Fault) -> T {
        let database = inner.withLock { $0.database }
        let result: Result<T, Fault> = await withCheckedContinuation { continuation in
            // On the writer's queue no cancellation of the task reaches the transaction.
            database.asyncWriteWithoutTransaction { access in
                continuation.resume(returning: self.write(usingReserve: usingReserve, body, access))
            }
        }
        return try result.get()
    }

    /// Reads one consistent state; what `body` throws comes out as a `Fault`.
    public func read<T: Sendable>(
        _ body: @escaping @Sendable (LedgerReader) throws -> T
    ) async throws(Fault) -> T {
        let database = inner.withLock { $0.database }
        let result: Result<T, Fault> = await withCheckedContinuation { continuation in
            database.asyncRead { access in
                continuation.resume(
                    returning: Result { try body(LedgerReader(database: access.get())) }
                        .mapError { Fault(ledger: self.path, $0) })
            }
        }
        return try result.get()
    }

    /// Closes the file and recovers from what is on disk; after it, a ledger that was closed takes writes again.
    public func reopen() async throws(Fault) {
        guard lock != nil else { return }
        let old = inner.withLock { $0.database }
        do { try old.close() } catch { throw Fault(ledger: path, error) }
        let database = try Self.connect(path: path, sizes: sizes)
        inner.withLock {
            $0.database = database
            $0.state = .open
        }
        if reserve?.take() == false { inner.withLock { $0.state = .full } }
    }
}

extension Ledger {
    private func write<T>(
        usingReserve: Bool, _ body: (LedgerTransaction) throws -> T, _ access: Database
    ) -> Result<T, Fault> {
        do {
            switch state {
            case .open: break
            case .closed(let fault): return .failure(fault)
            case .full: try regain(usingReserve: usingReserve, access)
            }
            do {
                return .success(try transact(body, access))
            } catch let error as DatabaseError where error.isOutOfSpace && usingReserve {
                try giveReserve(access)
                return .success(try transact(body, access))
            }
        } catch {
            return .failure(noted(error))
        }
    }

    private func transact<T>(_ body: (LedgerTransaction) throws -> T, _ access: Database) throws -> T {
        let before = access.totalChangesCount
        var value: T?
        try access.inTransaction {
            value = try body(LedgerTransaction(database: access))
            return .commit
        }
        if access.totalChangesCount != before {
            let number = inner.withLock {
                $0.commits += 1
                return $0.commits
            }
            onCommit?(number)
        }
        guard let value else { throw Fault("ledger.write", "the ledger \(path) gave no answer") }
        return value
    }

    /// Opens a full ledger again where there is space; else lets pass only what may use the reserve.
    private func regain(usingReserve: Bool, _ access: Database) throws {
        let used = try Int.fetchOne(
            access, sql: "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count")
        // Less than what retention leaves free, else a small ledger would never open again.
        let room = min(2 * sizes.reserve.bytes, sizes.most.bytes / 16)
        if try (used ?? 0) * pageSize(access) < sizes.most.bytes - room, reserve?.take() ?? true {
            try limit(sizes.most.bytes, access)
            inner.withLock { $0.state = .open }
        } else if usingReserve {
            try giveReserve(access)
        } else {
            throw DatabaseError(resultCode: .SQLITE_FULL)
        }
    }

    private func giveReserve(_ access: Database) throws {
        reserve?.release()
        try limit(sizes.most.bytes + sizes.reserve.bytes, access)
        inner.withLock { $0.state = .full }
    }

    private func noted(_ error: any Error) -> Fault {
        let fault = Fault(ledger: path, error)
        switch fault.code {
        case "ledger.full": inner.withLock { $0.state = .full }
        case "ledger.io": inner.withLock { $0.state = .closed(fault) }
        default: break
        }
        return fault
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "ledger"
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 2
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -1024")
            if !database.configuration.readonly { try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
        }
        return configuration
    }

    private static func connect(path: String, sizes: LedgerSizes) throws(Fault) -> any DatabaseWriter {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration())
            try prepare(pool, sizes: sizes)
            return pool
        } catch {
            throw Fault(ledger: path, error)
        }
    }

    private static func prepare(_ database: any DatabaseWriter, sizes: LedgerSizes) throws {
        let migrator = Schema.migrator()
        if try database.read(migrator.hasBeenSuperseded) {
            throw Fault(
                "ledger.newer", "the ledger was written by a later version of Nightshift",
                hint: "Install that version again, or give this one its own `state`.")
        }
        try database.writeWithoutTransaction { access in
            try access.execute(
                sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 4194304")
            try limit(sizes.most.bytes, access)
        }
        try migrator.migrate(database)
    }
}

/// Caps the database at so many bytes; SQLite never goes below what there is already.
private func limit(_ bytes: Int, _ access: Database) throws {
    try access.execute(sql: "PRAGMA max_page_count = \(max(64, bytes / pageSize(access)))")
}

private func pageSize(_ access: Database) throws -> Int {
    try Int.fetchOne(access, sql: "PRAGMA page_size") ?? 4096
}
