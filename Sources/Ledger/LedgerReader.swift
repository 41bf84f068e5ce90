internal import FoundationEssentials
internal import GRDB
public import Model

/// What can be read of the ledger, all of it from one consistent state.
///
/// Not to be kept past the closure that receives it.
public struct LedgerReader {
    let database: Database

    func rows<T>(_ sql: String, _ arguments: StatementArguments = [], _ make: (Row) throws -> T) throws -> [T] {
        let cursor = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: arguments)
        var out: [T] = []
        while let row = try cursor.next() { out.append(try make(row)) }
        return out
    }

    func number(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        try Int.fetchOne(database.cachedStatement(sql: sql), arguments: arguments) ?? 0
    }
}

// Runs.
extension LedgerReader {
    public func run(_ id: String) throws -> RunHeader? {
        try rows("SELECT * FROM run WHERE id = ?", [id], runHeader).first
    }

    /// All runs without an `ended` event, oldest first.
    public func openRuns() throws -> [RunHeader] {
        try rows(
            """
            SELECT * FROM run WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.run = run.id AND event.kind = 'ended')
            ORDER BY wall, id
            """, [], runHeader)
    }

    /// The runs of an incident, oldest first.
    public func runs(ofIncident incident: String) throws -> [RunHeader] {
        try rows("SELECT * FROM run WHERE incident = ? ORDER BY wall, id", [incident], runHeader)
    }

    /// The runs of a runbook on a target that were created at or after a time, oldest first.
    public func runs(runbook: String, target: String?, since: Timestamp) throws -> [RunHeader] {
        try rows(
            "SELECT * FROM run WHERE runbook = ? AND target IS ? AND wall >= ? ORDER BY wall, id",
            [runbook, target, since.microseconds], runHeader)
    }

    /// The runs created at or after a time, oldest first.
    public func runs(since: Timestamp) throws -> [RunHeader] {
        try rows("SELECT * FROM run WHERE wall >= ? ORDER BY wall, id", [since.microseconds], runHeader)
    }

    /// The events of a run, in order.
    public func history(of run: String) throws -> [StoredEvent] {
        try rows("SELECT * FROM event WHERE run = ? ORDER BY number", [run], storedEvent)
    }

    /// The `ended` event of a run, once it has one.
    public func end(of run: String) throws -> StoredEvent? {
        try rows("SELECT * FROM event WHERE run = ? AND kind = 'ended'", [run], storedEvent).first
    }

    public func definition(digest: String) throws -> StoredDefinition? {
        try rows("SELECT * FROM definition WHERE digest = ?", [digest]) {
            StoredDefinition(digest: $0["digest"], name: $0["name"], text: $0["text"])
        }.first
    }

    /// What was taken from a limit at or after a time, oldest first.
    public func reservations(scope: String, since: Timestamp) throws -> [Reservation] {
        try rows(
            "SELECT * FROM reservation WHERE scope = ? AND wall >= ? ORDER BY wall, id", [scope, since.microseconds]
        ) { Reservation(scope: $0["scope"], run: $0["run"], stamp: stamp($0)) }
    }
}

// The outbox.
extension LedgerReader {
    /// Messages not delivered yet, oldest first: at most so many a receiver, so that none hides another's.
    public func pendingOutbox(perReceiver limit: Int = 1000) throws -> [PendingMessage] {
        try rows(
            """
            SELECT waiting.*, d.attempt, d.at, d.outcome, d.text, d.next_at
            FROM (SELECT id, key, incident, receiver, ROW_NUMBER() OVER (PARTITION BY receiver ORDER BY id) AS place
                FROM outbox
                WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE key = outbox.key AND outcome = 'delivered')) AS waiting
            LEFT JOIN delivery AS d ON d.key = waiting.key
                AND d.attempt = (SELECT MAX(attempt) FROM delivery WHERE key = waiting.key)
            WHERE place <= ? ORDER BY waiting.id
            """, [limit]
        ) { row in
            let attempt: Int? = row["attempt"]
            return PendingMessage(
                key: row["key"], incident: row["incident"], receiver: row["receiver"],
                last: try attempt.map {
                    Delivery(
                        key: row["key"], attempt: $0, at: time(row["at"]), outcome: try outcome(row["outcome"]),
                        text: row["text"], nextAt: optionalTime(row["next_at"]))
                })
        }
    }

    public func pendingOutboxCount() throws -> Int {
        try number(
            """
            SELECT COUNT(*) FROM outbox
            WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE key = outbox.key AND outcome = 'delivered')
            """)
    }

    public func message(key: String) throws -> OutboxRow? {
        try rows("SELECT * FROM outbox WHERE key = ?", [key], outboxRow).first
    }

    /// Every message of an incident with all its attempts, in order.
    public func outbox(ofIncident incident: String) throws -> [(row: OutboxRow, deliveries: [Delivery])] {
        try rows("SELECT * FROM outbox WHERE incident = ? ORDER BY id", [incident], outboxRow).map { row in
            (row, try deliveries(of: row.key))
        }
    }

    public func deliveries(of key: String) throws -> [Delivery] {
        try rows("SELECT * FROM delivery WHERE key = ? ORDER BY attempt", [key]) {
            Delivery(
                key: $0["key"], attempt: $0["attempt"], at: time($0["at"]), outcome: try outcome($0["outcome"]),
                text: $0["text"], nextAt: optionalTime($0["next_at"]))
        }
    }
}

// The journal, authority, snapshots.
extension LedgerReader {
    public func journalPosition(source: String) throws -> JournalPositionRow? {
        try rows("SELECT * FROM journal_position WHERE source = ?", [source]) {
            JournalPositionRow(source: $0["source"], cursor: $0["cursor"], counted: $0["counted"], at: time($0["at"]))
        }.first
    }

    public func counts() throws -> [JournalCount] {
        try rows("SELECT * FROM journal_count ORDER BY unit, priority") {
            JournalCount(unit: $0["unit"], priority: $0["priority"], entries: $0["entries"])
        }
    }

    /// The newest gaps, newest first.
    public func gaps(limit: Int = 100) throws -> [GapRow] {
        try rows("SELECT * FROM gap ORDER BY id DESC LIMIT ?", [limit]) {
            GapRow(
                at: time($0["at"]), source: $0["source"], from: optionalTime($0["begins"]),
                through: optionalTime($0["ends"]), reason: $0["reason"])
        }
    }

    public func gapCount() throws -> Int { try number("SELECT COUNT(*) FROM gap") }

    /// All words on a run, in the order in which they were given.
    public func approvals(of run: String) throws -> [ApprovalRow] {
        try rows("SELECT * FROM approval WHERE run = ? ORDER BY id", [run]) {
            guard let decision = ApprovalRow.Decision(rawValue: $0["decision"]) else {
                throw unreadable("approval", $0["decision"])
            }
            return ApprovalRow(
                run: $0["run"], path: $0["path"], plan: $0["plan"], person: $0["person"], decision: decision,
                why: $0["why"], stamp: stamp($0))
        }
    }

    /// The kill switch as it stands; nil where it was never touched.
    public func halt() throws -> HaltRow? {
        try rows("SELECT * FROM halt ORDER BY id DESC LIMIT 1") {
            HaltRow(halted: $0["halted"], person: $0["person"], why: $0["why"], stamp: stamp($0))
        }.first
    }

    public func snapshot(name: String) throws -> String? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT json FROM snapshot WHERE name = ?"), arguments: [name])
    }
}

func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }
func optionalTime(_ microseconds: Int64?) -> Timestamp? { microseconds.map(Timestamp.init(microseconds:)) }

func stamp(_ row: Row) -> Stamp {
    Stamp(wall: time(row["wall"]), bootID: row["boot"], sinceBoot: .microseconds(row["since_boot"] as Int64))
}

private func runHeader(_ row: Row) -> RunHeader {
    RunHeader(
        id: row["id"], incident: row["incident"], runbook: row["runbook"], digest: row["digest"],
        occurrence: row["occurrence"], target: row["target"], mode: row["mode"], trigger: row["cause"],
        parameters: row["parameters"], stamp: stamp(row))
}

private func storedEvent(_ row: Row) -> StoredEvent {
    StoredEvent(run: row["run"], number: row["number"], kind: row["kind"], body: row["body"], stamp: stamp(row))
}

private func outboxRow(_ row: Row) -> OutboxRow {
    OutboxRow(
        key: row["key"], incident: row["incident"], sequence: row["sequence"], receiver: row["receiver"],
        body: row["body"], at: time(row["at"]))
}

private func outcome(_ word: String) throws -> Delivery.Outcome {
    guard let outcome = Delivery.Outcome(rawValue: word) else { throw unreadable("delivery", word) }
    return outcome
}

func unreadable(_ table: String, _ word: String) -> Fault {
    Fault(
        "ledger.newer", "the ledger's table `\(table)` holds \"\(word)\", which this version does not know",
        hint: "A later version of Nightshift may have written it: install that one again.")
}
