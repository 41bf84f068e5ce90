internal import FoundationEssentials
internal import GRDB
public import Model

/// What can be written within one transaction of the ledger; also reads, its own writes included.
///
/// Not to be kept past the closure that receives it. Each method throws what SQLite refuses; the transaction is then
/// undone.
public struct LedgerTransaction {
    let database: Database

    public var read: LedgerReader { LedgerReader(database: database) }

    func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

// Incidents and their timelines.
extension LedgerTransaction {
    /// Opens an incident. One that is there already is left as it is: its ID follows from what it is about, so that a
    /// transaction of which nobody knows whether it was kept can be tried again.
    public func insert(incident: Incident) throws {
        try execute(
            "INSERT INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            [
                incident.id, incident.fingerprint, incident.name, incident.severity, json(incident.labels),
                json(incident.claims.sorted()), incident.summary, incident.openedAt.microseconds, incident.rule.file,
                incident.rule.line, incident.rule.column,
            ])
    }

    /// Adds a line to the end of an incident's timeline; lines keep the order in which they are added.
    public func append(line: TimelineLine, to incident: String) throws {
        try execute(
            """
            INSERT INTO timeline (incident, number, at, kind, text, state, runbook, severity)
            VALUES (?1, (SELECT COALESCE(MAX(number), 0) + 1 FROM timeline WHERE incident = ?1), ?2, ?3, ?4, ?5, ?6, ?7)
            """,
            [
                incident, line.at.microseconds, line.kind.rawValue, line.text, line.state?.rawValue, line.runbook,
                line.severity,
            ])
        let id = database.lastInsertedRowID
        for (position, evidence) in line.evidence.enumerated() {
            try execute(
                "INSERT INTO evidence VALUES (?, ?, ?, ?, ?)",
                [id, position, evidence.kind.rawValue, evidence.reference, evidence.text])
        }
    }
}

// Runs.
extension LedgerTransaction {
    /// Stores a definition's text under its digest; one that is there already is left as it is.
    public func insertDefinition(digest: String, name: String, text: String, at: Timestamp) throws {
        try execute(
            "INSERT INTO definition VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", [digest, name, text, at.microseconds])
    }

    /// The header of a new run; its definition and incident must be stored before.
    public func insert(run: RunHeader) throws {
        try execute(
            "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                run.id, run.incident, run.runbook, run.digest, run.occurrence, run.target, run.mode, run.trigger,
                run.parameters, run.stamp.wall.microseconds, run.stamp.bootID, run.stamp.sinceBoot.microseconds,
            ])
    }

    /// The next event of a run. Numbers follow each other without a gap; `kind` "ended" closes the run, once.
    public func append(event body: String, kind: String, run: String, number: Int, stamp: Stamp) throws {
        try execute(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                run, number, kind, body, stamp.wall.microseconds, stamp.bootID, stamp.sinceBoot.microseconds,
            ])
    }

    /// Takes one from the limit `scope` for a run; a run takes one from a scope at most.
    public func reserve(scope: String, run: String, stamp: Stamp) throws {
        try execute(
            """
            INSERT INTO reservation (scope, run, wall, boot, since_boot) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (scope, run) DO NOTHING
            """,
            [scope, run, stamp.wall.microseconds, stamp.bootID, stamp.sinceBoot.microseconds])
    }
}

// The outbox.
extension LedgerTransaction {
    /// Puts a message into the outbox behind those of the same incident and receiver; false where its key is there
    /// already.
    @discardableResult
    public func enqueue(_ row: OutboxRow) throws -> Bool {
        let before = database.totalChangesCount
        try execute(
            """
            INSERT INTO outbox (key, incident, sequence, receiver, body, at)
            VALUES (?1, ?2, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM outbox WHERE incident IS ?2), ?3, ?4, ?5)
            ON CONFLICT (key) DO NOTHING
            """,
            [row.key, row.incident, row.receiver, row.body, row.at.microseconds])
        return database.totalChangesCount != before
    }

    public func record(delivery: Delivery) throws {
        try execute(
            "INSERT INTO delivery (key, attempt, at, outcome, text, next_at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                delivery.key, delivery.attempt, delivery.at.microseconds, delivery.outcome.rawValue, delivery.text,
                delivery.nextAt?.microseconds,
            ])
    }
}

// The journal.
extension LedgerTransaction {
    /// Moves a source's cursor and adds the entries counted up to it.
    public func setJournalPosition(source: String, cursor: String, counted: Int, at: Timestamp) throws {
        try execute(
            """
            INSERT INTO journal_position VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE
            SET cursor = excluded.cursor, counted = counted + excluded.counted, at = excluded.at
            """,
            [source, cursor, counted, at.microseconds])
    }

    /// Adds to the counts of units and priorities. Past 4,096 rows new ones go to the unit "(other)": names of
    /// transient units are without end.
    public func addCounts(_ counts: [JournalCount]) throws {
        for count in counts {
            try execute(
                """
                INSERT INTO journal_count VALUES (
                    CASE WHEN EXISTS (SELECT 1 FROM journal_count WHERE unit = ?1 AND priority = ?2)
                        OR (SELECT COUNT(*) FROM journal_count) < 4096 THEN ?1 ELSE '(other)' END, ?2, ?3)
                ON CONFLICT (unit, priority) DO UPDATE SET entries = entries + excluded.entries
                """,
                [count.unit, count.priority, count.entries])
        }
    }

    public func append(gap: GapRow) throws {
        try execute(
            "INSERT INTO gap (at, source, begins, ends, reason) VALUES (?, ?, ?, ?, ?)",
            [
                gap.at.microseconds, gap.source, gap.from?.microseconds, gap.through?.microseconds, gap.reason,
            ])
    }
}

// Authority and snapshots.
extension LedgerTransaction {
    public func append(approval: ApprovalRow) throws {
        try execute(
            """
            INSERT INTO approval (run, path, plan, person, decision, why, wall, boot, since_boot)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                approval.run, approval.path, approval.plan, approval.person, approval.decision.rawValue, approval.why,
                approval.stamp.wall.microseconds, approval.stamp.bootID, approval.stamp.sinceBoot.microseconds,
            ])
    }

    /// Throws or releases the kill switch; the last one counts.
    public func append(halt: HaltRow) throws {
        try execute(
            "INSERT INTO halt (halted, person, why, wall, boot, since_boot) VALUES (?, ?, ?, ?, ?, ?)",
            [
                halt.halted, halt.person, halt.why, halt.stamp.wall.microseconds, halt.stamp.bootID,
                halt.stamp.sinceBoot.microseconds,
            ])
    }

    /// Replaces a snapshot: what can be lost, and found again by looking, without harm.
    public func saveSnapshot(name: String, json: String, at: Timestamp) throws {
        try execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", [name, json, at.microseconds])
    }
}

func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
