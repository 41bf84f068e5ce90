import Incidents
import Model
import Testing
import Text

@Suite struct FloodTests {
    private func alert(_ number: Int) -> Alert { .firing("Rule\(number)", unit: "unit\(number).service") }

    @Test func pastTheLimitAlertsAreCountedByOneIncident() throws {
        var book = try IncidentBook.empty(.init(openMax: 100))
        for number in 0..<100 { #expect(book.word(alert(number), at: 0) == ["opened"]) }
        let first = try #require(book.take(alert(100), at: .at(1)).first)
        guard case .opened(let flood, let lines, _) = first else {
            Issue.record("\(first)")
            return
        }
        #expect(flood.name == "IncidentFlood")
        #expect(flood.severity == "critical")
        #expect(lines.map(\.text).joined().hasPrefix("100 incidents are open"))
        var told = 0
        for number in 101..<1100 {
            let changes = book.take(alert(number), at: .at(2))
            #expect(changes.map(\.incident) == [flood.id])
            told += changes.flatMap(\.lines).count
        }
        #expect((10...20).contains(told))
        #expect(book.openCount == 101)
        #expect(book.signalStands(flood.id))

        for number in 0..<10 { _ = book.take(alert(number).resolved, at: .at(3)) }
        let ebb = book.review(at: .at(700))
        #expect(ebb.map(\.word) == ["quiet closed"])
        #expect(ebb.first?.lines.first?.text.contains("1000 alerts were only counted") == true)
        #expect(book.word(alert(2000), at: 701) == ["opened"])
    }

    @Test func incidentsThatOpenAndCloseAtOnceAreAFloodToo() throws {
        var book = try IncidentBook.empty(.init(openMax: 100))
        var opened = 0
        for number in 0..<10_000 {
            opened += book.word(alert(number), at: 0).count { $0 == "opened" }
            _ = book.take(alert(number).resolved, at: .at(0))
        }
        #expect(opened == 101)
    }

    @Test func signalsOfOneIncidentAreBounded() throws {
        var book = try IncidentBook.empty(.init(signalsMax: 10))
        let id = try #require(book.take(.firing(labels: ["pid": "0"]), at: .at(0)).first).incident
        for number in 1..<1000 {
            #expect(book.take(.firing(labels: ["pid": "\(number)"]), at: .at(1)).map(\.incident) == [id])
        }
        for number in 0..<10 {
            let words = book.word(.firing(labels: ["pid": "\(number)"]).resolved, at: 2)
            #expect(words == [number == 9 ? "quiet closed" : "ended"])
        }
    }
}
