internal import GRDB
public import Model

/// How long and how much a ledger keeps; what is not ended is kept whatever its age.
public struct Retention: Sendable, Hashable {
    /// Ended incidents with all that belongs to them, counted from their last line.
    public var incidents: Duration
    /// What the lines of ended incidents rest on, and messages that were delivered.
    public var evidence: Duration
    /// What was said to models and by them, counted from when it was said; what it cost is kept as long as incidents.
    public var transcripts: Duration
    /// At nine tenths of it, ended incidents lose their evidence, then ended runs their transcripts, then incidents go;
    /// of each the oldest first.
    public var disk: ByteSize

    public init(
        incidents: Duration = .seconds(400 * 86400), evidence: Duration = .seconds(30 * 86400),
        transcripts: Duration = .seconds(90 * 86400), disk: ByteSize = ByteSize(bytes: 2 << 30)
    ) {
        self.incidents = incidents
        self.evidence = evidence
        self.transcripts = transcripts
        self.disk = disk
    }
}

/// How many rows of each table a prune removed; tables of which nothing was removed are absent.
public struct Pruned: Sendable, Hashable {
    public internal(set) var rows: [String: Int] = [:]
    public var isEmpty: Bool { rows.isEmpty }
}

extension Ledger {
    /// Removes what `retention` no longer keeps, in small transactions, each recorded in the table `retention`.
    ///
    /// Never touches an incident that is not ended or has an open run, except that an escalated one of which nothing
    /// was heard for the whole of `incidents` counts as ended. May use the reserve, so that a full ledger can be
    /// mended.
    @discardableResult
    public func prune(_ retention: Retention, now: Timestamp) async throws(Fault) -> Pruned {
        var total = Pruned()
        var busy = true
        while busy {
            let removed = try await write(usingReserve: true) { try $0.prune(retention, now: now) }
            total.add(removed)
            busy = !removed.isEmpty
        }
        if !total.isEmpty { try await write(usingReserve: true) { try $0.shrink() } }
        return total
    }

    public func size() async throws(Fault) -> LedgerSize {
        try await read { try $0.size() }
    }
}

/// What the ledger takes up.
public struct LedgerSize: Sendable, Hashable {
    /// In use within the file.
    public var bytes: Int
    /// In the file, free for reuse.
    public var free: Int
    /// Rows of each table.
    public var rows: [String: Int]
}

extension LedgerReader {
    public func size() throws -> LedgerSize {
        let pageSize = try number("PRAGMA page_size")
        let free = try number("PRAGMA freelist_count")
        var counts: [String: Int] = [:]
        for (table, _) in Schema.history { counts[table] = try number("SELECT COUNT(*) FROM \(table)") }
        return LedgerSize(
            bytes: (try number("PRAGMA page_count") - free) * pageSize, free: free * pageSize, rows: counts)
    }

    func bytesUsed() throws -> Int {
        (try number("PRAGMA page_count") - number("PRAGMA freelist_count")) * (try number("PRAGMA page_size"))
    }
}

extension Pruned {
    fileprivate mutating func add(_ other: Pruned) { rows.merge(other.rows, uniquingKeysWith: +) }

    fileprivate mutating func add(_ count: Int, of table: String) {
        if count > 0 { rows[table, default: 0] += count }
    }
}

extension LedgerTransaction {
    /// The next batch of the first kind of detail that is too old or too much.
    fileprivate func prune(_ retention: Retention, now: Timestamp) throws -> Pruned {
        let old = (now - retention.incidents).microseconds
        let stale = (now - retention.evidence).microseconds
        try execute("INSERT INTO pruning VALUES ('retention')", [])
        var removed = try removeIncidents(quietSince: old, states: ["resolved", "closed", "escalated"], now)
        var why = "older than \(retention.incidents.literal)"
        if removed.isEmpty { removed = try removeLoose(before: old, now) }
        if removed.isEmpty {
            removed = try removeEvidence(before: stale)
            why = "evidence older than \(retention.evidence.literal)"
        }
        if removed.isEmpty {
            removed.add(
                try delete("exchange", Self.oldExchanges, [(now - retention.transcripts).microseconds]), of: "exchange")
            why = "transcripts older than \(retention.transcripts.literal)"
        }
        if removed.isEmpty, try read.bytesUsed() > retention.disk.bytes / 10 * 9 {
            removed = try removeEvidence(before: Int64.max)
            if removed.isEmpty {
                removed.add(try delete("exchange", Self.oldestExchanges, [Int64.max]), of: "exchange")
            }
            if removed.isEmpty {
                removed = try removeIncidents(quietSince: Int64.max, states: ["resolved", "closed"], now)
            }
            why = "more than nine tenths of \(retention.disk.literal)"
        }
        if !removed.isEmpty {
            try execute(
                "INSERT INTO retention (at, why, removed) VALUES (?, ?, ?)",
                [now.microseconds, why, json(removed.rows)])
        }
        try execute("DELETE FROM pruning", [])
        return removed
    }

    /// Removes the oldest of the incidents that are in one of `states`, have no open run and no line since
    /// `quietSince`.
    private func removeIncidents(quietSince: Int64, states: [String], _ now: Timestamp) throws -> Pruned {
        let gone = try ended(
            states: states,
            where: """
                COALESCE((SELECT at FROM timeline WHERE incident = id ORDER BY number DESC LIMIT 1), opened_at) < ?
                """, quietSince)
        let runs = "(SELECT id FROM run WHERE incident = ?)"
        for incident in gone { try carry("run IN \(runs)", incident, now) }
        return try remove(
            of: gone,
            [
                ("evidence", "line IN (SELECT id FROM timeline WHERE incident = ?)"), ("timeline", "incident = ?"),
                ("approval", "run IN \(runs)"), ("reservation", "run IN \(runs)"), ("event", "run IN \(runs)"),
                ("exchange", "run IN \(runs)"), ("spending", "run IN \(runs)"), ("hold", "run IN \(runs)"),
                ("pull_word", "pull_request IN (SELECT id FROM pull_request WHERE run IN \(runs))"),
                ("pull_request", "run IN \(runs)"), ("run", "incident = ?"),
                ("delivery", "key IN (SELECT key FROM outbox WHERE incident = ?)"),
                ("outbox", "incident = ?"), ("incident", "id = ?"),
            ])
    }

    /// Removes what the lines before a time of ended incidents rest on, and their delivered messages.
    private func removeEvidence(before: Int64) throws -> Pruned {
        let delivered = "SELECT key FROM delivery WHERE outcome = 'delivered' AND at < \(before)"
        let lines = "SELECT id FROM timeline WHERE incident = ? AND at < \(before)"
        let gone = try ended(
            states: ["resolved", "closed"],
            where: """
                (EXISTS (SELECT 1 FROM timeline JOIN evidence ON line = timeline.id WHERE incident = now.id AND at < ?1)
                OR EXISTS (SELECT 1 FROM outbox JOIN delivery USING (key)
                    WHERE incident = now.id AND outcome = 'delivered' AND delivery.at < ?1))
                """, before)
        return try remove(
            of: gone,
            [
                ("evidence", "line IN (\(lines))"),
                ("delivery", "key IN (SELECT key FROM outbox WHERE incident = ? AND key IN (\(delivered)))"),
                ("outbox", "incident = ? AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.key = outbox.key)"),
            ])
    }

    /// Removes what belongs to no incident: ended runs, delivered messages, gaps; and definitions that no run names.
    private func removeLoose(before: Int64, _ now: Timestamp) throws -> Pruned {
        let runs = try read.rows(
            """
            SELECT id FROM run WHERE incident IS NULL AND EXISTS
                (SELECT 1 FROM event WHERE run = run.id AND kind = 'ended' AND wall < ?) LIMIT \(Self.batch)
            """, [before]
        ) { $0["id"] as String }
        for run in runs { try carry("run = ?", run, now) }
        var removed = try remove(
            of: runs,
            [
                ("approval", "run = ?"), ("reservation", "run = ?"), ("event", "run = ?"), ("exchange", "run = ?"),
                ("spending", "run = ?"), ("hold", "run = ?"),
                ("pull_word", "pull_request IN (SELECT id FROM pull_request WHERE run = ?)"),
                ("pull_request", "run = ?"), ("run", "id = ?"),
            ])
        let delivered = try read.rows(
            """
            SELECT key FROM outbox JOIN delivery USING (key)
            WHERE incident IS NULL AND outcome = 'delivered' AND delivery.at < ? LIMIT \(Self.batch)
            """, [before]
        ) { $0["key"] as String }
        removed.add(try remove(of: delivered, [("delivery", "key = ?"), ("outbox", "key = ?")]))
        removed.add(try delete("gap", "at < ?", [before]), of: "gap")
        let spent = min(before, now.monthBegin.microseconds)
        for table in ["spending", "hold", "carried"] { removed.add(try delete(table, "at < ?", [spent]), of: table) }
        removed.add(
            try delete("definition", "stored_at < ? AND digest NOT IN (SELECT digest FROM run)", [before]),
            of: "definition")
        return removed
    }

    /// Of runs that go, what was spent in the month that is not over: the budgets of the day and month count on.
    private func carry(_ condition: String, _ owner: String, _ now: Timestamp) throws {
        try execute(
            """
            INSERT INTO carried (model, tokens, cost, at)
            SELECT model, tokens, cost, at FROM spent WHERE \(condition) AND at >= ?
            """, [owner, now.monthBegin.microseconds])
    }

    /// Those of ended runs: an agent that is at work goes on from its own.
    private static let oldExchanges = """
        at < ? AND EXISTS (SELECT 1 FROM event WHERE event.run = exchange.run AND event.kind = 'ended')
        """

    private static let oldestExchanges = """
        rowid IN (SELECT rowid FROM exchange WHERE \(oldExchanges) ORDER BY at LIMIT \(batch))
        """

    /// Incidents and runs that one transaction handles at most.
    private static let batch = 10

    private func ended(states: [String], where condition: String, _ time: Int64) throws -> [String] {
        try read.rows(
            """
            SELECT id FROM (\(LedgerReader.record)) AS now
            WHERE now_state IN (\(states.map { "'\($0)'" }.joined(separator: ", "))) AND \(condition)
                AND NOT EXISTS (SELECT 1 FROM run WHERE incident = now.id AND NOT EXISTS
                    (SELECT 1 FROM event WHERE run = run.id AND kind = 'ended'))
            ORDER BY opened_at LIMIT \(Self.batch)
            """, [time]
        ) { $0["id"] }
    }

    /// Deletes from each table in turn what the condition says of each of the owners.
    private func remove(of owners: [String], _ conditions: [(table: String, condition: String)]) throws -> Pruned {
        var removed = Pruned()
        for owner in owners {
            for (table, condition) in conditions { removed.add(try delete(table, condition, [owner]), of: table) }
        }
        return removed
    }

    private func delete(_ table: String, _ condition: String, _ arguments: StatementArguments) throws -> Int {
        try execute("DELETE FROM \(table) WHERE \(condition)", arguments)
        return database.changesCount
    }

    /// Gives free pages back to the disk.
    fileprivate func shrink() throws { try database.execute(sql: "PRAGMA incremental_vacuum") }
}
