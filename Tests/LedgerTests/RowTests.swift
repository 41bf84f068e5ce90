import Ledger
import Model
import Testing

@Suite struct RowTests {
    @Test func anIncidentIsWhatItsTimelineMakesOfIt() async throws {
        let ledger = try Ledger.inMemory()
        let id = "4f2a000000000000"
        try await ledger.write { try $0.insert(incident: .sample()) }
        let lines: [(TimelineLine, IncidentState)] = [
            (.sample("fires"), .open),
            (.sample("joined by worse", severity: "critical"), .open),
            (.sample("restart", kind: .intent, state: .acting, after: 1, runbook: "restart-crashed-unit"), .acting),
            (.sample("job 1174", kind: .start, after: 2), .acting),
            (.sample("done", kind: .result, state: .verifying, after: 3), .verifying),
            (.sample("holds", kind: .verify, state: .resolved, after: 5), .resolved),
        ]
        for (line, state) in lines {
            try await ledger.write { try $0.append(line: line, to: id) }
            #expect(try await ledger.read { try $0.incident(id)?.state } == state)
        }
        let resolved = try #require(try await ledger.read { try $0.incident(id) })
        #expect(resolved.incident.severity == "critical")
        #expect(resolved.actedAt == .sample + .seconds(2))
        #expect(resolved.resolvedAt == .sample + .seconds(5))
        #expect(resolved.endedAt == .sample + .seconds(5))
        #expect(resolved.escalatedAt == nil)
        #expect(resolved.runbook == "restart-crashed-unit")

        try await ledger.write {
            try $0.append(line: .sample("fires again", state: .open, after: 9), to: id)
            try $0.append(line: .sample("paged", kind: .escalate, state: .escalated, after: 10), to: id)
        }
        let escalated = try #require(try await ledger.read { try $0.incident(id) })
        #expect(escalated.resolvedAt == nil)
        #expect(escalated.escalatedAt == .sample + .seconds(10))
        #expect(try await ledger.read { try $0.timeline(of: id).count } == 8)
    }

    @Test func incidentsAreFoundByStateTimeAndPrefix() async throws {
        let ledger = try Ledger.inMemory()
        try await ledger.write {
            for number in 0..<5 {
                let id = "4f2\(number)000000000000"
                try $0.insert(incident: .sample(id, at: .sample + .seconds(number)))
                if number > 2 { try $0.append(line: .sample("over", kind: .note, state: .closed), to: id) }
            }
        }
        try await ledger.read { reader throws in
            func ids(_ records: [IncidentRecord]) -> [String] { records.map { String($0.incident.id.prefix(4)) } }
            #expect(ids(try reader.incidents()) == ["4f24", "4f23", "4f22", "4f21", "4f20"])
            #expect(ids(try reader.incidents(limit: 2)) == ["4f24", "4f23"])
            #expect(ids(try reader.incidents(states: [.open])) == ["4f22", "4f21", "4f20"])
            #expect(ids(try reader.incidents(states: [])) == [])
            #expect(ids(try reader.incidents(since: .sample + .seconds(3))) == ["4f24", "4f23"])
            #expect(ids(try reader.incidents(prefix: "4F21")) == ["4f21"])
            #expect(try reader.incidents(prefix: "4f2").count == 5)
            #expect(try reader.incidents(prefix: "").isEmpty)
            #expect(try reader.incidents(prefix: "x' OR 1").isEmpty)
            #expect(try reader.incidentCounts() == [.open: 3, .closed: 2])
            #expect(try reader.occurrences(fingerprint: "f1") == 5)
        }
    }

    @Test func theOutboxKeepsOrderAndIgnoresARepeatedKey() async throws {
        let ledger = try Ledger.inMemory()
        let id = "4f2a000000000000"
        let fresh = try await ledger.write { transaction in
            try transaction.insert(incident: .sample())
            return try ["a", "b", "a"].map {
                try transaction.enqueue(OutboxRow(key: $0, incident: id, receiver: "on-call", body: $0, at: .sample))
            }
        }
        #expect(fresh == [true, true, false])
        try await ledger.write {
            try $0.record(
                delivery: Delivery(
                    key: "a", attempt: 1, at: .sample, outcome: .failed, text: "500", nextAt: .sample + .seconds(1)))
            try $0.record(delivery: Delivery(key: "a", attempt: 2, at: .sample, outcome: .failed, text: "503"))
        }
        let pending = try await ledger.read { try $0.pendingOutbox() }
        #expect(pending.map(\.key) == ["a", "b"])
        let sequences = try await ledger.read { reader in try ["a", "b"].map { try reader.message(key: $0)?.sequence } }
        #expect(sequences == [1, 2])
        #expect(pending.map(\.last?.attempt) == [2, nil])
        #expect(pending.first?.last?.text == "503")
        try await ledger.write {
            try $0.record(delivery: Delivery(key: "a", attempt: 3, at: .sample, outcome: .delivered, text: "200"))
        }
        #expect(try await ledger.read { try $0.pendingOutbox().map(\.key) } == ["b"])
        #expect(try await ledger.read { try $0.pendingOutboxCount() } == 1)
        await #expect(throws: Fault.self) {
            try await ledger.write {
                try $0.record(delivery: Delivery(key: "a", attempt: 4, at: .sample, outcome: .delivered, text: ""))
            }
        }
        let history = try await ledger.read { try $0.outbox(ofIncident: id).map { $0.deliveries.map(\.outcome) } }
        #expect(history == [[.failed, .failed, .delivered], []])
    }

    @Test func aReceiverThatIsDownHidesNoOthersMessages() async throws {
        let ledger = try Ledger.inMemory()
        let pending = try await ledger.write { transaction in
            try transaction.insert(incident: .sample())
            try transaction.insert(incident: .sample())
            for number in 0..<10 {
                let receiver = number < 8 ? "down" : "up"
                try transaction.enqueue(
                    OutboxRow(
                        key: "\(number)", incident: "4f2a000000000000", receiver: receiver, body: "", at: .sample))
            }
            return try transaction.read.pendingOutbox(perReceiver: 3)
        }
        #expect(pending.map(\.key) == ["0", "1", "2", "8", "9"])
    }

    @Test func cursorAndCountsMoveTogether() async throws {
        let ledger = try Ledger.inMemory()
        for batch in 1...3 {
            try await ledger.write {
                try $0.setJournalPosition(source: "system", cursor: "s=\(batch)", counted: 10, at: .sample)
                try $0.addCounts([
                    JournalCount(unit: "a.service", priority: 3, entries: 4),
                    JournalCount(unit: "a.service", priority: 6, entries: 6),
                ])
            }
        }
        try await ledger.read { reader throws in
            #expect(
                try reader.journalPosition(source: "system")
                    == JournalPositionRow(source: "system", cursor: "s=3", counted: 30, at: .sample))
            #expect(try reader.counts().map(\.entries) == [12, 18])
            #expect(try reader.journalPosition(source: "user") == nil)
        }
    }

    @Test func countsOfEndlessUnitNamesAreBounded() async throws {
        let ledger = try Ledger.inMemory()
        try await ledger.write {
            for number in 0..<5000 {
                try $0.addCounts([JournalCount(unit: "run-\(number).service", priority: 6, entries: 1)])
            }
        }
        let counts = try await ledger.read { try $0.counts() }
        #expect(counts.count == 4097)
        #expect(counts.first { $0.unit == "(other)" }?.entries == 904)
    }

    @Test func limitsApprovalsAndHaltsAreReadBack() async throws {
        let ledger = try Ledger.inMemory()
        try await ledger.write {
            try $0.fillEverything()
            try $0.reserve(scope: "host", run: "run1", stamp: .sample(9))
            try $0.insert(run: .sample("run2", at: 5))
            try $0.reserve(scope: "host", run: "run2", stamp: .sample(5))
        }
        try await ledger.read { reader throws in
            #expect(
                try reader.reservations(scope: "host", since: .sample) == [
                    Reservation(scope: "host", run: "run1", stamp: .sample()),
                    Reservation(scope: "host", run: "run2", stamp: .sample(5)),
                ])
            #expect(try reader.reservations(scope: "host", since: .sample + .seconds(1)).map(\.run) == ["run2"])
            #expect(
                try reader.runs(runbook: "restart-crashed-unit", target: "nginx.service", since: .sample).map(\.id)
                    == ["run1", "run2"])
            #expect(try reader.runs(ofIncident: "4f2a000000000000").map(\.id) == ["run1", "run2"])
            #expect(try reader.run("run1") == .sample("run1"))
            #expect(try reader.definition(digest: "d1")?.name == "restart-crashed-unit")
            #expect(try reader.approvals(of: "run1").map(\.decision) == [.approved])
            #expect(try reader.halt()?.halted == true)
            #expect(try reader.gaps().map(\.reason) == ["vacuumed"])
        }
        try await ledger.write {
            try $0.append(halt: HaltRow(halted: false, person: "ada", why: "over", stamp: .sample(1)))
        }
        #expect(try await ledger.read { try $0.halt()?.halted } == false)
    }
}
