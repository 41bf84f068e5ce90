import Ledger
import Model
import Testing

/// What is held for requests, what they took, and that a prune gives none of a month's money back.
@Suite struct SpendingTests {
    private static let incident = "4f2a000000000000"
    /// 2027-01-15T08:00:00Z.
    private static let begin = Timestamp.sample
    private static let day: Int64 = 86_400

    private func ledger(incident: String? = incident, isOver: Bool = false) async throws -> Ledger {
        let ledger = try Ledger.inMemory()
        try await ledger.write { transaction in
            try transaction.insert(incident: .sample(Self.incident))
            if isOver {
                let line = TimelineLine.sample("the end", kind: .note, state: .resolved, after: 10)
                try transaction.append(line: line, to: Self.incident)
            }
            try transaction.insertDefinition(digest: "d1", name: "restart-crashed-unit", text: "name: …", at: .sample)
            try transaction.insert(run: .sample("run1", incident: incident))
            if isOver { try transaction.append(event: "{}", kind: "ended", run: "run1", number: 1, stamp: .sample()) }
        }
        return ledger
    }

    private static func spending(_ cost: Int, _ incident: String? = incident) -> SpendingRow {
        SpendingRow(incident: incident, model: "m", tokens: 10, cost: cost)
    }

    private static func request(_ id: String) -> RequestName { RequestName(run: "run1", path: "diagnose", id: id) }

    private static func exchange(_ number: Int, at: Timestamp = .sample) -> ExchangeRow {
        ExchangeRow(run: "run1", path: "diagnose", number: number, body: "{}", at: at)
    }

    private func cost(_ ledger: Ledger, since: Timestamp = Timestamp(microseconds: 0)) async throws -> Int {
        try await ledger.read { try $0.spent(since: since).cost }
    }

    @Test func spendingIsCountedByTimeAndIncident() async throws {
        let ledger = try await ledger()
        try await ledger.write { transaction in
            try transaction.append(exchange: Self.exchange(1), spending: Self.spending(100), request: "a")
            try transaction.append(
                exchange: Self.exchange(2, at: .sample + .seconds(100)), spending: Self.spending(5, nil), request: "b")
            try transaction.hold(Self.spending(30), for: Self.request("c"), part: 0, at: .sample + .seconds(200))
        }
        try await ledger.read { reader throws in
            #expect(try reader.spent(since: .sample).cost == 135)
            #expect(try reader.spent(since: .sample + .seconds(50)).cost == 35)
            #expect(try reader.spent(since: .sample, incident: Self.incident).cost == 130)
            #expect(try reader.spent(since: .sample, incident: "0000000000000000").cost == 0)
            #expect(try reader.spent(run: "run1").cost == 135 && reader.spent(run: "run2").cost == 0)
        }
    }

    @Test func whatIsHeldIsSpentUntilItIsKnownWhatItTook() async throws {
        let ledger = try await ledger()
        func hold(_ id: String, _ part: Int, _ cost: Int) async throws {
            try await ledger.write {
                try $0.hold(Self.spending(cost), for: Self.request(id), part: part, at: .sample)
            }
        }
        for _ in 0..<2 { try await hold("a", 0, 500) }
        #expect(try await cost(ledger) == 500, "what is told twice is held once")
        try await hold("a", 1, 40)
        #expect(try await cost(ledger) == 540)
        for _ in 0..<2 {
            try await ledger.write {
                try $0.append(exchange: Self.exchange(1), spending: Self.spending(100), request: "a")
            }
        }
        #expect(try await cost(ledger) == 100)
        try await hold("b", 0, 500)
        for _ in 0..<2 {
            try await ledger.write {
                try $0.append(lost: Self.spending(7), request: Self.request("b"), at: .sample)
            }
        }
        #expect(try await cost(ledger) == 107, "what was lost is spent once")
        try await hold("b", 1, 500)
        #expect(try await cost(ledger) == 107, "a late word holds nothing for what is over")
        try await hold("c", 0, 500)
        #expect(try await cost(ledger) == 607, "of this one nobody ever says more")
        let (size, isSettled) = try await ledger.read {
            (try $0.transcriptSize(run: "run1", path: "diagnose"), try $0.isSettled(Self.request("c")))
        }
        #expect((size.last, size.bytes, size.holds) == (1, 2, 5) && !isSettled)
    }

    /// By age, and because the disk is full; with an incident, and without one as a review by hand.
    @Test(arguments: [(incident, false), (incident, true), (nil, false)] as [(String?, Bool)])
    func retentionGivesNothingOfTheMonthBack(incident: String?, isFull: Bool) async throws {
        let ledger = try await ledger(incident: incident, isOver: true)
        let (now, past) = (Self.begin, Self.begin - .seconds(40 * Self.day))
        try await ledger.write { transaction in
            try transaction.append(exchange: Self.exchange(1, at: past), spending: Self.spending(1000, incident))
            try transaction.hold(Self.spending(500, incident), for: Self.request("a"), part: 0, at: now)
            try transaction.append(
                exchange: Self.exchange(2, at: now), spending: Self.spending(100, incident), request: "a")
            try transaction.hold(Self.spending(30, incident), for: Self.request("b"), part: 0, at: now)
        }
        let retention =
            isFull
            ? Retention(disk: ByteSize(bytes: 1000)) : Retention(incidents: .seconds(3600), transcripts: .seconds(60))
        try await ledger.prune(retention, now: now + .seconds(2 * 3600))
        let rows = try await ledger.size().rows
        #expect(rows["run"] == 0 && rows["spending"] == 0 && rows["hold"] == 0 && rows["carried"] == 2)
        #expect(try await cost(ledger, since: now.monthBegin) == 130)
        #expect(try await cost(ledger, since: now.dayBegin) == 130)
        try await ledger.prune(retention, now: now + .seconds(16 * Self.day))
        #expect(try await cost(ledger, since: now.monthBegin) == 130, "the month is not over")
        try await ledger.prune(Retention(incidents: .seconds(3600)), now: now + .seconds(18 * Self.day))
        #expect(try await cost(ledger) == 0)
    }

    /// Transcripts go before incidents do, also those of reviews by hand; a run that is open keeps its own.
    @Test(arguments: [true, false]) func aFullDiskTakesTheOldestTranscripts(isOver: Bool) async throws {
        let ledger = try await ledger(incident: nil, isOver: isOver)
        for number in 1...40 {
            var exchange = Self.exchange(number, at: Self.begin + .seconds(number))
            exchange.body = String(repeating: "x", count: 100_000)
            let row = exchange
            try await ledger.write { try $0.append(exchange: row, spending: Self.spending(1, nil)) }
        }
        try await ledger.prune(Retention(disk: ByteSize(bytes: 3_000_000)), now: Self.begin + .seconds(60))
        let left = try await ledger.read { try $0.exchanges(run: "run1").map(\.number) }
        #expect(left == (isOver ? Array(21...40) : Array(1...40)))
        #expect(try await cost(ledger) == 40)
    }

    @Test func spendingOfTheMonthOutlivesAShortRetention() async throws {
        let ledger = try await ledger()
        try await ledger.write {
            try $0.append(exchange: Self.exchange(1, at: Self.begin), spending: Self.spending(100))
        }
        let retention = Retention(incidents: .seconds(3600))
        try await ledger.prune(retention, now: Self.begin + .seconds(Self.day))
        #expect(try await cost(ledger) == 100)
        try await ledger.prune(retention, now: Self.begin + .seconds(18 * Self.day))
        #expect(try await cost(ledger) == 0)
    }
}
