import Foundation
import Ledger
import Model
import Series
import Testing

@testable import Daemon
@testable import Journal
@testable import Scraper

@Suite("The observatory after a restart") struct ObservatoryRestartTests {
    @Test("after a restart an incident of which nothing fires is closed, but not before the journal is read")
    func settles() async throws {
        let ledger = try Ledger.inMemory()
        let first = try await ObservatoryStage(ledger: ledger)
        await first.measure(50)
        await first.evaluate(after: .zero)
        #expect(try await first.incidents().map(\.state) == [.open])
        let others = ObservatoryStage.rules.replacing("TooHot", with: "Unmeasured").replacing("> 40", with: "> 400")
        let second = try await ObservatoryStage(rules: others, ledger: ledger, clock: first.clock)
        await second.take([], cursor: nil, isAtEnd: false)
        await second.evaluate()
        #expect(try await second.incidents().map(\.state) == [.open])
        await second.take([], cursor: nil)
        await second.evaluate()
        let record = try #require(try await second.incidents().first)
        #expect(record.state == .closed)
        let last = try #require(try await second.timeline(record.incident.id).last)
        #expect(last.state == .closed && last.text.contains("after a restart"))
        #expect(second.told.all == ["ended"])
    }

    @Test("what only the rules remember opens nothing after a long time of being down, and fires anew where it stands")
    func remembered() async throws {
        let ledger = try Ledger.inMemory()
        let first = try await ObservatoryStage(ledger: ledger)
        await first.take([], cursor: "c0")
        await first.measure(50)
        await first.evaluate()
        let incident = try #require(try await first.incidents().first?.incident)
        // Proven, and then the power is gone before the rules have seen the end of the alert.
        try await ledger.write {
            let line = TimelineLine(
                at: first.clock.host.now().wall, kind: .note, text: "resolved", evidence: [], state: .resolved)
            try $0.append(line: line, to: incident.id)
        }
        first.clock.pass(.seconds(1320))
        let second = try await ObservatoryStage(ledger: ledger, clock: first.clock)
        await second.take([], cursor: "c1")
        await second.evaluate()
        #expect(try await second.incidents().count == 1)
        await second.measure(50)
        await second.evaluate()
        #expect(try await second.incidents().map(\.state) == [.open, .resolved])
    }
}
