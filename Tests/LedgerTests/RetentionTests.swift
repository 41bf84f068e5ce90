import GRDB
import Ledger
import Model
import Testing

@Suite struct RetentionTests {
    private static let day: Int64 = 86400
    private let retention = Retention(incidents: .seconds(400 * day), evidence: .seconds(30 * day))

    /// An incident with a run and a delivered message; `state` is its last, `runEnded` whether its run is over.
    private func fill(_ ledger: Ledger, id: String, state: IncidentState, runEnded: Bool = true) async throws {
        try await ledger.write {
            try $0.insert(incident: .sample(id))
            try $0.append(line: .sample("fires"), to: id)
            try $0.append(line: .sample("the end", kind: .note, state: state, after: 10), to: id)
            try $0.insertDefinition(digest: "d1", name: "restart-crashed-unit", text: "name: …", at: .sample)
            try $0.insert(run: .sample("run " + id, incident: id))
            try $0.append(event: "{}", kind: "created", run: "run " + id, number: 1, stamp: .sample())
            if runEnded { try $0.append(event: "{}", kind: "ended", run: "run " + id, number: 2, stamp: .sample(10)) }
            try $0.reserve(scope: "host", run: "run " + id, stamp: .sample())
            try $0.enqueue(OutboxRow(key: id, incident: id, receiver: "on-call", body: "{}", at: .sample))
            try $0.record(delivery: Delivery(key: id, attempt: 1, at: .sample, outcome: .delivered, text: "200"))
        }
    }

    @Test(arguments: [
        (IncidentState.resolved, 29, true, 4, 1), (.resolved, 31, true, 0, 1), (.resolved, 401, true, 0, 0),
        (.closed, 401, true, 0, 0), (.escalated, 31, true, 4, 1), (.escalated, 401, true, 0, 0),
        (.open, 401, true, 4, 1), (.verifying, 401, true, 4, 1), (.resolved, 401, false, 4, 1),
    ])
    func whatIsOldAndEndedGoes(
        state: IncidentState, days: Int64, runEnded: Bool, evidence: Int, incidents: Int
    ) async throws {
        let ledger = try Ledger.inMemory()
        try await fill(ledger, id: "aa", state: state, runEnded: runEnded)
        let pruned = try await ledger.prune(retention, now: .sample + .seconds(days * Self.day))
        let rows = try await ledger.size().rows
        #expect(rows["evidence"] == evidence)
        #expect(rows["outbox"] == (evidence == 0 ? 0 : 1))
        for table in ["incident", "run", "reservation"] { #expect(rows[table] == incidents, "\(table)") }
        #expect(rows["timeline"] == incidents * 2)
        #expect(rows["definition"] == incidents)
        #expect(pruned.isEmpty == (evidence == 4))
        #expect(rows["retention"]! > 0 || pruned.isEmpty)
    }

    @Test func aPruneIsRecordedAndClosesTheDoorBehindItself() async throws {
        let directory = try Scratch()
        let ledger = try await Ledger.open(path: directory.ledger)
        for number in 0..<35 { try await fill(ledger, id: "aa\(number)", state: .closed) }
        let pruned = try await ledger.prune(retention, now: .sample + .seconds(401 * Self.day))
        #expect(pruned.rows["incident"] == 35)
        #expect(pruned.rows["event"] == 70)
        let queue = try DatabaseQueue(path: directory.ledger)
        let removed = try await queue.read {
            try String.fetchAll($0, sql: "SELECT removed FROM retention ORDER BY id")
        }
        #expect(removed.first?.contains(#""incident":10"#) == true)
        try await fill(ledger, id: "bb", state: .closed)
        await #expect(throws: DatabaseError.self) { try await queue.write { try $0.execute(sql: "DELETE FROM event") } }
        await #expect(throws: DatabaseError.self) {
            try await queue.write { try $0.execute(sql: "DELETE FROM retention") }
        }
    }

    @Test func aLargeLedgerLosesItsOldestEndedIncidentsFirst() async throws {
        let ledger = try Ledger.inMemory()
        let text = String(repeating: "x", count: 10_000)
        for number in 0..<100 {
            let id = "\(number + 100)"
            try await ledger.write {
                try $0.insert(incident: .sample(id, at: .sample + .seconds(number)))
                let state: IncidentState = number % 10 == 0 ? .acting : .resolved
                try $0.append(line: .sample(text, kind: .note, state: state), to: id)
            }
        }
        let before = try await ledger.size().bytes
        #expect(before > 1_000_000)
        try await ledger.prune(Retention(disk: ByteSize(bytes: 700_000)), now: .sample)
        let left = try await ledger.read { try $0.incidents() }
        #expect(try await ledger.size().bytes <= 630_000)
        #expect(left.filter { $0.state == .acting }.count == 10)
        let oldest = try #require(left.last { $0.state == .resolved })
        #expect(oldest.incident.id > "140" && oldest.incident.id < "180")
        #expect(try await ledger.size().rows["evidence"] == 20)
    }

    @Test(arguments: [1 << 20, 16 << 20])
    func aFullLedgerIsMendedByRetention(bytes: Int) async throws {
        let ledger = try Ledger.inMemory(sizes: LedgerSizes(most: ByteSize(bytes: bytes)))
        let text = String(repeating: "x", count: bytes / 100)
        var number = 0
        var stopped: Fault?
        while stopped == nil {
            let id = "\(number)"
            do throws(Fault) {
                try await ledger.write {
                    try $0.insert(incident: .sample(id))
                    try $0.append(line: .sample(text, kind: .note, state: .resolved), to: id)
                }
            } catch { stopped = error }
            number += 1
        }
        #expect(stopped?.code == "ledger.full")
        let pruned = try await ledger.prune(Retention(disk: ByteSize(bytes: bytes)), now: .sample)
        #expect(!pruned.isEmpty)
        try await ledger.write { try $0.saveSnapshot(name: "a", json: "1", at: .sample) }
        #expect(ledger.state == .open)
    }

    @Test func freePagesGoBackToTheDisk() async throws {
        let directory = try Scratch()
        let ledger = try await Ledger.open(path: directory.ledger)
        for number in 0..<100 {
            try await ledger.write {
                try $0.insert(incident: .sample("\(number)"))
                let text = String(repeating: "x", count: 5000)
                try $0.append(line: .sample(text, kind: .note, state: .closed), to: "\(number)")
            }
        }
        try await ledger.prune(retention, now: .sample + .seconds(500 * Self.day))
        #expect(try await ledger.size().free == 0)
        #expect(try await ledger.size().bytes < 300_000)
    }
}
