import Ledger
import Model
import Testing

extension PullRequestRow {
    static func sample(_ id: String = "pr1", run: String) -> PullRequestRow {
        PullRequestRow(
            id: id, run: run, incident: "4f2a000000000000", project: "payments", branch: "nightshift/4f2a-1",
            base: String(repeating: "a", count: 40), head: String(repeating: "b", count: 40), title: "Lock the account",
            body: "It raced.", lines: 7, isLowRisk: false, at: .sample)
    }
}

/// Transcripts, what they cost, and pull requests.
@Suite struct DevelopmentTests {
    private func ledger() async throws -> Ledger {
        let ledger = try Ledger.inMemory()
        try await ledger.write { transaction in
            try transaction.insert(incident: .sample())
            try transaction.insertDefinition(digest: "d1", name: "restart-crashed-unit", text: "name: …", at: .sample)
            try transaction.insert(run: .sample("run1"))
        }
        return ledger
    }

    private func exchange(_ number: Int, path: String = "diagnose", after: Duration = .zero) -> ExchangeRow {
        ExchangeRow(run: "run1", path: path, number: number, body: "{\"n\":\(number)}", at: .sample + after)
    }

    private func spending(_ cost: Int) -> SpendingRow {
        SpendingRow(incident: "4f2a000000000000", model: "m", tokens: 10, cost: cost)
    }

    @Test func aTranscriptIsReadBackInOrderAndAnExchangeIsKeptOnce() async throws {
        let ledger = try await ledger()
        try await ledger.write { transaction in
            for number in [1, 2] { try transaction.append(exchange: exchange(number), spending: spending(100)) }
            try transaction.append(exchange: exchange(1, path: "code", after: .seconds(9)), spending: spending(7))
            var again = exchange(1)
            again.body = "another"
            try transaction.append(exchange: again, spending: spending(100))
        }
        let (one, all, spent) = try await ledger.read { reader in
            (
                try reader.exchanges(run: "run1", path: "diagnose"), try reader.exchanges(run: "run1"),
                try reader.spent(since: Timestamp(microseconds: 0))
            )
        }
        #expect(one.map(\.body) == ["{\"n\":1}", "{\"n\":2}"])
        #expect(all.map(\.path) == ["diagnose", "diagnose", "code"])
        #expect(spent.tokens == 30 && spent.cost == 207, "what is stored twice is spent once")
    }

    @Test func aPullRequestIsOpenedOnceAndEndsOnce() async throws {
        let ledger = try await ledger()
        try await ledger.write { transaction in
            try transaction.insert(pullRequest: .sample(run: "run1"))
            var other = PullRequestRow.sample(run: "run1")
            other.title = "Another"
            try transaction.insert(pullRequest: other)
            for kind in [PullWordRow.Kind.check, .review, .approved, .merged, .rejected, .merged] {
                try transaction.append(word: PullWordRow(kind: kind, person: "ada", text: "", at: .sample), to: "pr1")
            }
        }
        try await ledger.read { reader throws in
            #expect(try reader.pullRequests() == [.sample(run: "run1")])
            #expect(try reader.pullRequests(ofRun: "run1").count == 1)
            #expect(try reader.pullRequest("pr2") == nil)
            #expect(try reader.words(on: "pr1").map(\.kind) == [.check, .review, .approved, .merged])
        }
    }

    @Test func transcriptsOfEndedRunsGoWithAgeAndWhatTheyCostStays() async throws {
        let ledger = try await ledger()
        try await ledger.write { try $0.append(exchange: exchange(1), spending: spending(100)) }
        let retention = Retention(transcripts: .seconds(3600))
        try await ledger.prune(retention, now: .sample + .seconds(7200))
        #expect(try await ledger.read { try $0.exchanges(run: "run1") }.count == 1, "its run is open")
        try await ledger.write {
            try $0.append(event: "{}", kind: "ended", run: "run1", number: 1, stamp: .sample())
        }
        try await ledger.prune(retention, now: .sample + .seconds(3000))
        #expect(try await ledger.read { try $0.exchanges(run: "run1") }.count == 1)
        try await ledger.prune(retention, now: .sample + .seconds(7200))
        try await ledger.read { reader throws in
            #expect(try reader.exchanges(run: "run1").isEmpty)
            #expect(try reader.spent(since: .sample).cost == 100)
        }
    }
}
