import Foundation
import Ledger
import Model
import Series
import Testing

@testable import Daemon
@testable import Journal
@testable import Scraper

@Suite("The observatory")
struct ObservatoryTests {
    // MARK: - Entries

    @Test("a batch's cursor, counts and incidents are one transaction, and the listener hears of it after that")
    func oneTransaction() async throws {
        let commits = Commits()
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory(onCommit: commits.count))
        await stage.take(
            [
                ObservatoryStage.chatter("web.service"), ObservatoryStage.failure(of: "web.service"),
                ObservatoryStage.failure(of: "db.service"),
            ], cursor: "c3")
        #expect(commits.number == 1)
        let position = try #require(try await stage.position())
        #expect(position.cursor == "c3" && position.counted == 3)
        let counts = try await stage.ledger.read { try $0.counts() }
        #expect(counts.map(\.entries).reduce(0, +) == 3)
        #expect(counts.contains { $0.unit == "web.service" && $0.priority == 6 && $0.entries == 1 })
        let incidents = try await stage.incidents()
        #expect(Set(incidents.compactMap { $0.incident.labels["unit"] }) == ["web.service", "db.service"])
        for record in incidents {
            let lines = try await stage.timeline(record.incident.id)
            #expect(!lines.isEmpty && lines.allSatisfy { !$0.evidence.isEmpty })
        }
        #expect(stage.told.all == ["opened UnitFailed", "opened UnitFailed"])
    }

    @Test("a batch without entries writes nothing, unless it says where following began")
    func emptyBatches() async throws {
        let commits = Commits()
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory(onCommit: commits.count))
        await stage.take([], cursor: "c1")
        #expect(commits.number == 0)
        let start = JournalStart(
            asked: .tail, after: JournalPlace(cursor: "c0"), first: JournalPlace(), found: true, text: "from now on")
        await stage.observatory.take(JournalBatch(start: start))
        #expect(try await stage.position()?.cursor == "c0", "a restart before the first entry begins there, too")
    }

    @Test("gaps are kept with what they are")
    func gaps() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let gap = JournalGap(
            from: JournalPlace(at: ObservatoryStage.begin), to: JournalPlace(at: ObservatoryStage.begin + .seconds(60)),
            reason: .vacuumed, text: "entries were removed")
        await stage.take([], cursor: "c1", gaps: [gap])
        let rows = try await stage.ledger.read { try $0.gaps() }
        #expect(rows.map(\.reason) == ["vacuumed: entries were removed"])
        #expect(rows.first?.from == ObservatoryStage.begin)
        #expect(await stage.observatory.summary.metrics.journalGaps == 1)
    }

    @Test("entries are series, and go on from where they were after a restart")
    func counters() async throws {
        let ledger = try Ledger.inMemory()
        let query = "journal_entries_total{unit=\"web.service\"}"
        func value(_ stage: ObservatoryStage) async throws -> String? {
            await stage.evaluate()
            let answer = try Self.decode(await stage.observatory.query(query, at: nil))
            return answer.data?.result.first?.value.last?.text
        }
        let first = try await ObservatoryStage(ledger: ledger)
        await first.take(Array(repeating: ObservatoryStage.chatter("web.service"), count: 2), cursor: "c2")
        #expect(try await value(first) == "2")
        let second = try await ObservatoryStage(ledger: ledger, clock: first.clock)
        await second.take([ObservatoryStage.chatter("web.service")], cursor: "c3")
        #expect(try await value(second) == "3")
    }

    @Test("names of units are without end, counters are not")
    func countersAreBounded() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let many = (0..<Observatory.countsMax + 50).map { ObservatoryStage.chatter("run-\($0).service") }
        await stage.take(many, cursor: "c")
        await stage.evaluate()
        let answer = try Self.decode(await stage.observatory.query("count(journal_entries_total)", at: nil))
        #expect(answer.data?.result.first?.value.last?.text == "\(Observatory.countsMax + 1)")
        let other = try Self.decode(
            await stage.observatory.query("journal_entries_total{unit=\"(other)\"}", at: nil))
        #expect(other.data?.result.first?.value.last?.text == "50")
    }

    @Test("a journal that says nothing for a minute is trouble")
    func trouble() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        #expect(await !stage.observatory.hasBegun)
        await stage.take([], cursor: nil)
        #expect(await stage.observatory.hasBegun)
        #expect(await stage.observatory.trouble == nil)
        stage.clock.pass(.seconds(61))
        #expect(await stage.observatory.trouble?.contains("journal") == true)
        await stage.take([], cursor: nil)
        #expect(await stage.observatory.trouble == nil)
    }

    // MARK: - Restart and reload

    @Test("after a restart an alert has two minutes in which its series may come back before it ends")
    func grace() async throws {
        let ledger = try Ledger.inMemory()
        let first = try await ObservatoryStage(ledger: ledger)
        await first.measure(50)
        await first.evaluate(after: .zero)
        let second = try await ObservatoryStage(ledger: ledger, clock: first.clock)
        await second.take([], cursor: nil)
        for _ in 1...7 { await second.evaluate() }
        #expect(second.told.all.isEmpty)
        #expect(try await second.incidents().map(\.state) == [.open])
        for _ in 8...9 { await second.evaluate() }
        #expect(second.told.all == ["ended"])
        #expect(try await second.incidents().map(\.state) == [.closed])
    }

    @Test("after a restart what still fires is the same incident, told to nobody again")
    func adopts() async throws {
        let ledger = try Ledger.inMemory()
        let first = try await ObservatoryStage(ledger: ledger)
        await first.measure(50)
        await first.evaluate(after: .zero)
        let second = try await ObservatoryStage(ledger: ledger, clock: first.clock)
        await second.take([], cursor: nil)
        await second.measure(50)
        await second.evaluate()
        #expect(try await second.incidents().map(\.state) == [.open])
        #expect(second.told.all.isEmpty)
        let id = try #require(try await second.incidents().first?.incident.id)
        #expect(await second.observatory.signalStands(id))
        #expect(await second.observatory.unitsInTrouble == ["web.service"])
    }

    @Test("a pending alert waits on across a restart; the time of being down does not count")
    func waitsOn() async throws {
        let ledger = try Ledger.inMemory()
        let first = try await ObservatoryStage(ledger: ledger)
        await first.measure(35)
        await first.evaluate(after: .zero)
        await first.measure(35)
        await first.evaluate(after: .seconds(30))
        await first.observatory.flush()
        first.clock.pass(.seconds(600))
        let second = try await ObservatoryStage(ledger: ledger, clock: first.clock)
        await second.measure(35)
        await second.evaluate(after: .zero)
        await second.evaluate()
        #expect(second.told.all.isEmpty, "it was warm for 45 s, as far as anybody knows")
        await second.evaluate()
        #expect(second.told.all == ["opened WarmForLong"])
    }

    @Test("a reload keeps what alerts were waiting for; alerts whose rules are gone end")
    func reload() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        await stage.take([], cursor: nil)
        await stage.measure(35)
        await stage.measure(50, ["unit": "db.service"])
        await stage.evaluate(after: .zero)
        #expect(stage.told.all == ["opened TooHot"])
        let fewer = ObservatoryStage.rules.replacing("TooHot", with: "Unmeasured").replacing("> 40", with: "> 400")
        await stage.observatory.reload(try ObservatoryStage.content(fewer), settings: ObservatoryStage.settings)
        await stage.evaluate()
        #expect(stage.told.all == ["opened TooHot", "ended"])
        #expect(try await stage.incidents().first?.state == .closed)
        stage.clock.pass(.seconds(30))
        await stage.measure(35)
        await stage.evaluate()
        #expect(stage.told.all.last == "opened WarmForLong", "it began to wait before the reload")
    }

    // MARK: - Series

    @Test("queries answer as Prometheus does, in failure, too")
    func query() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        await stage.measure(35)
        let answer = try Self.decode(await stage.observatory.query("temperature", at: stage.clock.wall))
        #expect(answer.status == "success" && answer.data?.resultType == "vector")
        let one = try #require(answer.data?.result.first)
        #expect(one.metric == ["__name__": "temperature", "unit": "web.service"])
        #expect(one.value.map(\.text) == ["1795489200", "35"])
        let old = try Self.decode(await stage.observatory.query("temperature", at: stage.clock.wall - .seconds(1)))
        #expect(old.data?.result.isEmpty == true)
        let wrong = try Self.decode(await stage.observatory.query("temperature >", at: nil))
        #expect(wrong.status == "error" && wrong.errorType == "bad_data" && wrong.error?.isEmpty == false)
        let failed = try Self.decode(
            await stage.observatory.query("label_replace(temperature, \"a\", \"b\", \"c\", \"(\")", at: nil))
        #expect(failed.status == "error" && failed.error?.isEmpty == false)
    }

    @Test("a condition sees only samples newer than it is told to, and has no value without any")
    func holds() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let old = stage.clock.wall
        await stage.measure(20)
        stage.clock.pass(.seconds(5))
        #expect(try await stage.observatory.holds("temperature < 30", newerThan: nil) == true)
        #expect(try await stage.observatory.holds("temperature < 10", newerThan: nil) == false)
        #expect(try await stage.observatory.holds("temperature < 30", newerThan: old) == nil)
        #expect(try await stage.observatory.holds("humidity < 30", newerThan: nil) == nil)
        await stage.measure(20)
        #expect(try await stage.observatory.holds("temperature < 30", newerThan: old) == true)
        await #expect(throws: Fault.self) { try await stage.observatory.holds("temperature <", newerThan: nil) }
    }

    @Test("a failed scrape is counted, its target is down, and series that vanished are stale at once")
    func scrapes() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let target: Labels = ["job": "node", "instance": "h:1"]
        let load = target.merging(["__name__": "load"])
        func scrape(up: Bool, _ samples: [Double], stale: [Labels] = []) -> Scrape {
            let at = stage.clock.wall.milliseconds
            return Scrape(
                target: target, url: "http://h:1/metrics", began: stage.clock.wall, duration: .milliseconds(5), up: up,
                samples: samples.map { (load, Sample(milliseconds: at, value: $0)) }, stale: stale)
        }
        await stage.observatory.take(scrape(up: true, [1]))
        #expect(try await stage.observatory.holds("load > 0", newerThan: nil) == true)
        stage.clock.pass(.seconds(15))
        await stage.observatory.take(scrape(up: false, [], stale: [load]))
        #expect(try await stage.observatory.holds("load > 0", newerThan: nil) == nil)
        let summary = await stage.observatory.summary
        #expect(summary.targets == 1 && summary.up == 0)
        #expect(summary.metrics.scrapes == 2 && summary.metrics.scrapesFailed == 1)
        await stage.observatory.forgetTargets()
        #expect(await stage.observatory.summary.targets == 0)
    }

    // MARK: - Answers

    struct Answer: Decodable {
        struct Result: Decodable {
            var metric: [String: String]
            var value: [NumberOrText]
        }
        struct Data: Decodable {
            var resultType: String
            var result: [Result]
        }
        var status: String
        var data: Data?
        var errorType: String?
        var error: String?
    }

    /// Prometheus writes times as numbers and values as text.
    struct NumberOrText: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            do {
                text = try container.decode(String.self)
            } catch DecodingError.typeMismatch {
                let number = try container.decode(Double.self)
                text = number == number.rounded() ? String(Int64(number)) : String(number)
            }
        }
    }

    static func decode(_ text: String) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
    }
}
