import Dispatch
import Incidents
import Journal
import Ledger
import Model
import Synchronization
import Testing
import Text

@testable import Daemon

/// A ledger that cannot be written stops no detection, and loses nothing that comes before it can be written again.
@Suite("The observatory and a ledger that refuses")
struct ObservatoryRefusalTests {
    static let sizes = LedgerSizes(most: ByteSize(bytes: 1 << 20), reserve: ByteSize(bytes: 64 << 10))

    /// Fills a ledger up to its size.
    static func fill(_ ledger: Ledger) async {
        let chunk = String(repeating: "x", count: 16 << 10)
        var number = 0
        while true {
            number += 1
            let name = "fill \(number)"
            do {
                try await ledger.write { try $0.saveSnapshot(name: name, json: chunk, at: ObservatoryStage.begin) }
            } catch {
                break
            }
        }
        #expect(ledger.state == .full && number > 10)
    }

    /// Makes room again, as an operator who deletes something.
    static func free(_ ledger: Ledger) async throws {
        try await ledger.write(usingReserve: true) { transaction in
            for number in 1...64 {
                try transaction.saveSnapshot(name: "fill \(number)", json: "", at: ObservatoryStage.begin)
            }
        }
    }

    @Test("what was refused goes with the next batch; meanwhile detection goes on and the listener is told")
    func nextBatch() async throws {
        let log = LogLines()
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory(sizes: Self.sizes), log: log)
        await Self.fill(stage.ledger)
        let gap = JournalGap(reason: .suppressed, text: "journald dropped 5")
        await stage.take([ObservatoryStage.failure(of: "web.service")], cursor: "c1", gaps: [gap])
        await stage.take([ObservatoryStage.failure(of: "db.service"), ObservatoryStage.chatter("a")], cursor: "c3")
        let unstored = "unstored UnitFailed: ledger.full"
        #expect(stage.told.all == [unstored, unstored], "at once, without a ledger")
        #expect(try await stage.position() == nil)
        #expect(try await stage.incidents().isEmpty)
        #expect(await stage.observatory.summary.metrics.ledgerFailures == 2)
        // Each line of ours is an entry of the next batch: one that is refused must not make a line each time.
        #expect(log.all.count { $0.hasPrefix("error: what was noticed is kept in memory only") } == 1)
        try await Self.free(stage.ledger)
        await stage.take([ObservatoryStage.chatter("a")], cursor: "c4")
        let position = try #require(try await stage.position())
        #expect(position.cursor == "c4" && position.counted == 4)
        #expect(try await stage.ledger.read { try $0.counts() }.map(\.entries).reduce(0, +) == 4)
        #expect(try await stage.ledger.read { try $0.gapCount() } == 1)
        #expect(try await stage.incidents().count == 2)
        #expect(stage.told.all.count == 2, "nothing is told twice")
        #expect(log.all.last == "notice: what was kept in memory is in the ledger now")
    }

    @Test("where no entry comes any more, the next evaluation stores it")
    func nextEvaluation() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory(sizes: Self.sizes))
        await Self.fill(stage.ledger)
        await stage.take([ObservatoryStage.failure(of: "web.service")], cursor: "c1")
        try await Self.free(stage.ledger)
        await stage.evaluate()
        #expect(try await stage.incidents().count == 1)
        #expect(try await stage.position()?.counted == 1)
        #expect(try await stage.ledger.read { try $0.snapshot(name: Observatory.ruleStateName) } != nil)
    }

    @Test("two refused at the same time keep their order: an incident comes before what joins it")
    func order() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory(sizes: Self.sizes))
        await stage.take([], cursor: nil)
        await Self.fill(stage.ledger)
        // The writer is busy, so that both wait for it.
        let gate = DispatchSemaphore(value: 0)
        let observatory = stage.observatory
        async let busy: Void = stage.ledger.write(usingReserve: true) { _ in gate.wait() }
        await stage.measure(50)
        async let first: Void = stage.take([ObservatoryStage.failure(of: "web.service")], cursor: "c1")
        while await observatory.summary.metrics.journalEntries == 0 { await Task.yield() }
        async let second: Void = stage.evaluate(after: .zero)
        while await observatory.summary.metrics.evaluations == 0 { await Task.yield() }
        gate.signal()
        _ = try await (busy, first, second)
        #expect(stage.told.all == ["unstored UnitFailed: ledger.full", "joined UnitFailed as TooHot"])
        try await Self.free(stage.ledger)
        await stage.evaluate()
        let incident = try #require(try await stage.incidents().first)
        #expect(incident.incident.name == "UnitFailed")
        let lines = try await stage.timeline(incident.incident.id).map(\.text)
        let (opened, joined) = (
            lines.firstIndex { $0.contains("UnitFailed fires") }, lines.firstIndex { $0.contains("TooHot fires") }
        )
        #expect(opened != nil && joined != nil && opened! < joined!, "\(lines)")
    }

    @Test("lines of an incident that the ledger does not have go, and take nothing else with them")
    func unknownIncident() async throws {
        let first = try await ObservatoryStage(ledger: try Ledger.inMemory())
        await first.take([ObservatoryStage.failure(of: "web.service")], cursor: "c1")
        let record = try #require(try await first.incidents().first)
        let ledger = try Ledger.inMemory()
        let book = IncidentBook(
            restoring: [KnownIncident(incident: record.incident, state: record.state)], masking: try Masking())
        let observatory = Observatory(
            settings: ObservatoryStage.settings, content: try ObservatoryStage.content(ObservatoryStage.rules),
            ledger: ledger, clock: first.clock.host, logger: LogLines().logger, book: book, counts: [], ruleState: nil)
        let units = ["web.service", "db.service"]
        let entries = units.map { ObservatoryStage.failure(of: $0, after: .seconds(1)) }
        await observatory.take(JournalBatch(entries: entries, cursor: "c2"))
        #expect(await observatory.summary.metrics.ledgerFailures == 0)
        let incidents = try await ledger.read { try $0.incidents() }
        #expect(incidents.map { $0.incident.labels["unit"] } == ["db.service"])
        let position = try await ledger.read { try $0.journalPosition(source: JournalSource.system.description) }
        #expect(position?.cursor == "c2" && position?.counted == 2)
    }

    @Test("what is kept is bounded, and what opened an incident goes last")
    func bounded() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        await stage.take([ObservatoryStage.failure(of: "web.service")], cursor: "c1")
        let incident = try #require(try await stage.incidents().first?.incident)
        let alert = Alert(
            labels: incident.labels, state: .firing, at: ObservatoryStage.begin, value: 1, rule: incident.rule)
        let most = Observatory.Unsaved.changesMax
        func line(_ number: Int) -> TimelineLine {
            TimelineLine(at: ObservatoryStage.begin, kind: .note, text: "\(number)", evidence: [])
        }
        var unsaved = Observatory.Unsaved()
        unsaved.changes =
            [.opened(incident, [], alert)] + (1...most + 5).map { .joined(incident.id, [line($0)], alert) }
        unsaved.bound()
        #expect(unsaved.changes.count == most)
        #expect(unsaved.changes.first == .opened(incident, [], alert))
        #expect(unsaved.changes[1].lines.first?.text == "7" && unsaved.changes.last?.lines.first?.text == "\(most + 5)")
        unsaved.changes = Array(repeating: .opened(incident, [], alert), count: most + 5)
        unsaved.bound()
        #expect(unsaved.changes.count == most)
    }
}

/// Counts the commits of a ledger.
final class Commits: Sendable {
    private let latest = Mutex(0)

    var number: Int { latest.withLock { $0 } }
    var count: @Sendable (Int) -> Void { { [self] number in latest.withLock { $0 = number } } }
}
