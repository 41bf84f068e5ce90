import GRDB
import Ledger
import Model
import Testing

/// What must never change cannot be changed, not even by somebody who opens the file with SQLite.
@Suite struct HistoryTests {
    static let tables = [
        "incident", "timeline", "evidence", "run", "event", "reservation", "outbox", "delivery", "gap", "approval",
        "definition", "halt", "exchange", "spending", "pull_request", "pull_word", "hold",
        "carried",
    ]

    @Test(arguments: tables)
    func rowsNeitherChangeNorGo(table: String) async throws {
        let directory = try Scratch()
        let ledger = try await Ledger.open(path: directory.ledger)
        try await ledger.write { try $0.fillEverything() }
        let queue = try DatabaseQueue(path: directory.ledger)
        // Only retention writes there.
        let carried = "INSERT INTO carried (model, tokens, cost, at) VALUES ('m', 1, 1, 1)"
        if table == "carried" { try await queue.write { try $0.execute(sql: carried) } }
        let column = try await queue.read { try $0.columns(in: table).last!.name }
        for sql in ["UPDATE \(table) SET \(column) = \(column)", "DELETE FROM \(table)"] {
            let error = await #expect(throws: DatabaseError.self) { try await queue.write { try $0.execute(sql: sql) } }
            #expect(error?.message?.hasPrefix("append-only: rows of \(table) ") == true, "\(sql)")
        }
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM \(table)") } == 1)
    }

    @Test func everyTableIsEitherHistoryOrSaidToBeReplaceable() async throws {
        let directory = try Scratch()
        let ledger = try await Ledger.open(path: directory.ledger)
        let queue = try DatabaseQueue(path: directory.ledger)
        let tables = try await queue.read {
            try String.fetchSet($0, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        let replaceable: Set = ["journal_position", "journal_count", "snapshot", "pruning", "grdb_migrations"]
        #expect(tables == Set(Self.tables + ["retention"]).union(replaceable))
        #expect(ledger.state == .open)
    }

    @Test func eventsAreNumberedWithoutAGapAndARunEndsOnce() async throws {
        let ledger = try Ledger.inMemory()
        try await ledger.write {
            try $0.fillEverything()
            try $0.append(event: "{}", kind: "result", run: "run1", number: 2, stamp: .sample(2))
        }
        for (number, kind) in [(2, "result"), (4, "result"), (1, "started")] {
            let fault = await #expect(throws: Fault.self) {
                try await ledger.write {
                    try $0.append(event: "{}", kind: kind, run: "run1", number: number, stamp: .sample(3))
                }
            }
            #expect(fault?.code == "ledger.refused")
        }
        #expect(try await ledger.read { try $0.openRuns().map(\.id) } == ["run1"])
        try await ledger.write {
            try $0.append(event: "{}", kind: "ended", run: "run1", number: 3, stamp: .sample(3))
        }
        #expect(try await ledger.read { try $0.openRuns() }.isEmpty)
        #expect(try await ledger.read { try $0.end(of: "run1")?.number } == 3)
        await #expect(throws: Fault.self) {
            try await ledger.write {
                try $0.append(event: "{}", kind: "ended", run: "run1", number: 4, stamp: .sample(4))
            }
        }
        #expect(try await ledger.read { try $0.history(of: "run1").map(\.kind) } == ["created", "result", "ended"])
    }

    @Test func aRunNeedsItsDefinitionAndItsIncident() async throws {
        let ledger = try Ledger.inMemory()
        let fault = await #expect(throws: Fault.self) { try await ledger.write { try $0.insert(run: .sample("run1")) } }
        #expect(fault?.code == "ledger.refused")
    }
}

extension RunHeader {
    static func sample(_ id: String, incident: String? = "4f2a000000000000", at seconds: Int64 = 0) -> RunHeader {
        RunHeader(
            id: id, incident: incident, runbook: "restart-crashed-unit", digest: "d1", occurrence: 1,
            target: "nginx.service", mode: "auto", trigger: #"{"incident":"4f2a000000000000"}"#,
            parameters: #"{"unit":"nginx.service"}"#, stamp: .sample(seconds))
    }
}

extension LedgerTransaction {
    /// One row in every table of the history.
    func fillEverything() throws {
        try insert(incident: .sample())
        try append(
            line: TimelineLine(at: .sample, kind: .signal, text: "failed", evidence: [Evidence(.journal, "s=1")]),
            to: "4f2a000000000000")
        try insertDefinition(digest: "d1", name: "restart-crashed-unit", text: "name: …", at: .sample)
        try insert(run: .sample("run1"))
        try append(event: "{}", kind: "created", run: "run1", number: 1, stamp: .sample())
        try reserve(scope: "host", run: "run1", stamp: .sample())
        try append(
            approval: ApprovalRow(
                run: "run1", path: "approve", plan: "9e41c7", person: "ada", decision: .approved, why: "",
                stamp: .sample()))
        try enqueue(OutboxRow(key: "k1", incident: "4f2a000000000000", receiver: "on-call", body: "{}", at: .sample))
        try record(delivery: Delivery(key: "k1", attempt: 1, at: .sample, outcome: .delivered, text: "200"))
        try append(gap: GapRow(at: .sample, source: "system", reason: "vacuumed"))
        try append(
            exchange: ExchangeRow(run: "run1", path: "diagnose", number: 1, body: "{}", at: .sample),
            spending: SpendingRow(incident: "4f2a000000000000", model: "m", tokens: 12, cost: 34))
        try hold(
            SpendingRow(incident: nil, model: "m", tokens: 1, cost: 2),
            for: RequestName(run: "run1", path: "diagnose", id: "a"), part: 0, at: .sample)
        try insert(pullRequest: .sample(run: "run1"))
        try append(word: PullWordRow(kind: .merged, person: "ada", text: "", at: .sample), to: "pr1")
        try append(halt: HaltRow(halted: true, person: "ada", why: "drill", stamp: .sample()))
    }
}
