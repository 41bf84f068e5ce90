internal import GRDB
internal import Glibc
public import Model

/// What a request took, or may take: tokens, and money in millionths of a US dollar.
public struct SpendingRow: Sendable, Hashable {
    public var incident: String?
    public var model: String
    public var tokens: Int
    public var cost: Int

    public init(incident: String?, model: String, tokens: Int, cost: Int) {
        self.incident = incident
        self.model = model
        self.tokens = tokens
        self.cost = cost
    }
}

/// One request to a model for a step, tries included.
public struct RequestName: Sendable, Hashable {
    public var run: String
    /// The step's path.
    public var path: String
    public var id: String

    public init(run: String, path: String, id: String) {
        self.run = run
        self.path = path
        self.id = id
    }
}

/// What the transcript of a step has come to.
public struct TranscriptSize: Sendable, Hashable {
    /// The last exchange's number; zero where there is none.
    public var last: Int
    public var bytes: Int
    /// Times that something was held for it.
    public var holds: Int
}

extension LedgerTransaction {
    /// Holds what a request may cost, or with a further part what it may cost besides. It counts as spent until what the
    /// request took is known, for good where that never is. A part that is held already is left as it is.
    public func hold(_ most: SpendingRow, for request: RequestName, part: Int, at: Timestamp) throws {
        try execute(
            "INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                request.run, request.path, request.id, part, most.incident, most.model, most.tokens, most.cost,
                at.microseconds,
            ])
    }

    /// Keeps an exchange with what it took, in place of what was held for its request; one that is there already is left
    /// as it is.
    public func append(exchange: ExchangeRow, spending: SpendingRow, request: String? = nil) throws {
        try execute(
            "INSERT INTO exchange VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [exchange.run, exchange.path, exchange.number, exchange.body, exchange.at.microseconds])
        try execute(
            "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                exchange.run, exchange.path, exchange.number, spending.incident, spending.model, spending.tokens,
                spending.cost, exchange.at.microseconds, request,
            ])
    }

    /// What a request took of which there is no exchange, in place of what was held for it, and once; numbered below zero.
    public func append(lost spending: SpendingRow, request: RequestName, at: Timestamp) throws {
        try execute(
            """
            INSERT INTO spending VALUES (?1, ?2,
                (SELECT MIN(0, COALESCE(MIN(number), 0)) - 1 FROM spending WHERE run = ?1 AND path = ?2),
                ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT DO NOTHING
            """,
            [
                request.run, request.path, spending.incident, spending.model, spending.tokens, spending.cost,
                at.microseconds, request.id,
            ])
    }
}

extension LedgerReader {
    /// The incidents that the parts held for a request count towards, by part; none where nothing is held.
    public func held(for request: RequestName) throws -> [Int: String?] {
        let parts = try rows(
            "SELECT part, incident FROM hold WHERE run = ? AND path = ? AND request = ?",
            [request.run, request.path, request.id]
        ) { row in (row["part"] as Int, row["incident"] as String?) }
        return Dictionary(parts) { first, _ in first }
    }

    /// Whether it is known what a request took.
    public func isSettled(_ request: RequestName) throws -> Bool {
        try rows(
            "SELECT 1 FROM spending WHERE run = ? AND path = ? AND request = ?",
            [request.run, request.path, request.id]
        ) { _ in true }.isEmpty == false
    }

    public func transcriptSize(run: String, path: String) throws -> TranscriptSize {
        try rows(
            """
            SELECT COALESCE(MAX(number), 0) AS last, COALESCE(SUM(LENGTH(CAST(body AS BLOB))), 0) AS bytes,
                (SELECT COUNT(*) FROM hold WHERE run = ?1 AND path = ?2) AS holds
            FROM exchange WHERE run = ?1 AND path = ?2
            """, [run, path]
        ) { TranscriptSize(last: $0["last"], bytes: $0["bytes"], holds: $0["holds"]) }.first
            ?? TranscriptSize(last: 0, bytes: 0, holds: 0)
    }

    /// What was spent or is held at or after a time; of one incident, where it is named.
    public func spent(since: Timestamp, incident: String? = nil) throws -> (tokens: Int, cost: Int) {
        if let incident { return try spent("at >= ? AND incident = ?", [since.microseconds, incident]) }
        return try spent("at >= ?", [since.microseconds])
    }

    /// What one run has spent, and what is held for it.
    public func spent(run: String) throws -> (tokens: Int, cost: Int) { try spent("run = ?", [run]) }

    private func spent(_ condition: String, _ arguments: StatementArguments) throws -> (tokens: Int, cost: Int) {
        try rows(
            """
            SELECT COALESCE(SUM(tokens), 0) AS tokens, COALESCE(SUM(cost), 0) AS cost FROM spent WHERE \(condition)
            """, arguments
        ) { row in (tokens: row["tokens"] as Int, cost: row["cost"] as Int) }.first ?? (0, 0)
    }
}

extension Timestamp {
    /// 00:00 UTC of its day.
    public var dayBegin: Timestamp {
        let day: Int64 = 86_400_000_000
        return Timestamp(microseconds: microseconds / day * day)
    }

    /// 00:00 UTC of the first of its month.
    public var monthBegin: Timestamp {
        var time = time_t(microseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&time, &parts)
        return dayBegin - .seconds((Int(parts.tm_mday) - 1) * 86_400)
    }
}

extension Schema {
    static let held: [(table: String, pruned: Bool)] = [("hold", true), ("carried", true)]

    static let money = """
        CREATE TABLE hold (
            run TEXT NOT NULL REFERENCES run (id),
            path TEXT NOT NULL,
            request TEXT NOT NULL,
            part INTEGER NOT NULL,
            incident TEXT REFERENCES incident (id),
            model TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (run, path, request, part)
        );
        CREATE INDEX hold_by_time ON hold (at);
        CREATE INDEX hold_by_incident ON hold (incident);

        ALTER TABLE spending ADD COLUMN request TEXT;
        CREATE UNIQUE INDEX spending_by_request ON spending (run, path, request);

        CREATE TABLE carried (
            id INTEGER PRIMARY KEY,
            model TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            at INTEGER NOT NULL
        );
        CREATE INDEX carried_by_time ON carried (at);

        CREATE VIEW spent AS
            SELECT run, incident, model, tokens, cost, at FROM spending
            UNION ALL
            SELECT run, incident, model, tokens, cost, at FROM hold WHERE NOT EXISTS
                (SELECT 1 FROM spending WHERE run = hold.run AND path = hold.path AND request = hold.request)
            UNION ALL
            SELECT NULL, NULL, model, tokens, cost, at FROM carried;
        """
}
