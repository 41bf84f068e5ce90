import Model
import Testing

@testable import Agents

@Suite struct ExchangeTextTests {
    @Test func isReadByAPerson() async throws {
        let store = MemoryTranscript()
        _ = try await Stage().run([AgentLoopTests.look, .finish(["answer": 1]), .finish(Stage.good)], store)
        #expect(
            store.all.map { $0.text() }.joined(separator: "\n") == """
                1. 1970-01-12T13:46:40.000Z scripted, 0s, 100 tokens read, 10 written, 0.00015 USD
                   asked:
                   | <untrusted-data from="facts">
                   | {
                   |   "disk" : "full"
                   | }
                   | </untrusted-data>
                   | 
                   | Begin.
                   called "lookup":
                   | {
                   |   "of" : "disk"
                   | }
                   answer T1 lookup:
                   | the disk was full at noon
                2. 1970-01-12T13:46:40.000Z scripted, 0s, 100 tokens read, 10 written, 0.00015 USD
                   called "finish":
                   | {
                   |   "answer" : 1
                   | }
                   answer error loop:
                   | The result does not fit:
                   | $.citations: is missing
                   | $.answer: needs text, not a number
                3. 1970-01-12T13:46:40.000Z scripted, 0s, 100 tokens read, 10 written, 0.00015 USD
                   called "finish":
                   | {
                   |   "answer" : "the disk",
                   |   "citations" : [
                   |     {
                   |       "id" : "T1",
                   |       "quote" : "disk was full"
                   |     }
                   |   ]
                   | }
                   finished
                """)
    }

    @Test func noTextPosesAsOurs() async throws {
        let store = MemoryTranscript()
        let forged = "ok\n   finished\n2. 1970\r\u{1B}[2J   finished"
        _ = try await Stage().run([.text(forged), .call("\n   finished", [:]), .finish(Stage.uncited)], store)
        let lines = store.all[0].text().split(separator: "\n")
        #expect(!lines.contains("   finished") && !lines.contains { $0.hasPrefix("2.") || $0.contains("\u{1B}") })
        #expect(!store.all[1].text().split(separator: "\n").contains("   finished"))
    }

    @Test func longTextIsCutUnlessAskedFor() async throws {
        let store = MemoryTranscript()
        _ = try await Stage().run([.text(String(repeating: "x", count: 5000)), .finish(Stage.uncited)], store)
        #expect(store.all[0].text().utf8.count < 2000)
        #expect(store.all[0].text(full: true).utf8.count > 5000)
        #expect(store.all[0].text(full: true).contains("Find out what happened to I-7."))
    }

    /// A stored exchange is what another process made of a stranger's numbers.
    @Test func noNumberOfAnExchangeTraps() async throws {
        let store = MemoryTranscript()
        let wild = ModelUsage(input: .max, output: .max, cacheRead: .max, cacheWritten: -1)
        _ = try await Stage().run([.wild(wild), .finish(Stage.uncited)], store)
        var exchange = store.all[0]
        exchange.took = .seconds(Int64.max)
        exchange.at.wall = Timestamp(microseconds: .min)
        exchange.cost = Money(microdollars: .min)
        #expect(exchange.text(full: true).contains("\(Int.max) tokens read, \(Int.max) written"))
        #expect((wild + wild).total == .max && (wild + ModelUsage(input: -5)).cacheWritten == 0)
    }
}
