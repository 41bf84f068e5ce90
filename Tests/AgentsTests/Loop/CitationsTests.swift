import Model
import Testing

@testable import Agents

@Suite struct CitationsTests {
    static let shown: Citations = {
        var citations = Citations()
        citations.add([
            ToolAnswer(citation: "T1", from: "lookup", text: "one\n   two\tthree four"),
            ToolAnswer(citation: nil, from: "shout", text: "this is an error", isError: true),
            ToolAnswer(citation: "T2", from: "lookup", text: "five"),
        ])
        return citations
    }()

    @Test(
        arguments: [
            ("T1", "one two three", nil), ("T1", " two\n three ", nil),
            ("T1", "one", "the quote \"one\" is too short to prove anything; copy at least 8 characters"),
            ("T1", "        one", "the quote \"one\" is too short to prove anything; copy at least 8 characters"),
            ("T1", "One two three", "T1 does not contain \"One two three\""),
            ("T1", "one … three four", "T1 does not contain \"one … three four\""),
            ("T2", "one two three", "T2 does not contain \"one two three\""),
            ("T3", "one two three", "there is no \"T3\" to cite"), ("", "one two three", "there is no \"\" to cite"),
            ("T1", "", "the quote \"\" is too short to prove anything; copy at least 8 characters"),
        ] as [(String, String, String?)])
    func checks(id: String, quote: String, problem: String?) {
        #expect(Self.shown.check([Citation(id: id, quote: quote)]) == problem)
    }

    @Test func everyOneMustHold() {
        let good = Citation(id: "T1", quote: "two three")
        #expect(Self.shown.check([]) == nil)
        #expect(Self.shown.check([good, good]) == nil)
        #expect(Self.shown.check([good, Citation(id: "T9", quote: "two three")]) == "there is no \"T9\" to cite")
    }

    @Test func areFoundInAnyResult() {
        let result: JSONValue = [
            "facts": [["quote": "a", "citation": "T1"], ["quote": "no id"], ["citation": "T2"]],
            "hypotheses": [["citations": [["id": "T3", "quote": "b"]], "id": "H"]],
        ]
        #expect(Citation.all(in: result) == [Citation(id: "T1", quote: "a"), Citation(id: "T3", quote: "b")])
    }

    @Test func idsGoOnOverTheRunsSteps() async throws {
        let first = MemoryTranscript()
        _ = try await Stage().run([AgentLoopTests.look, .finish(Stage.good)], first)
        var later = Stage()
        later.task.earlier = Citations(transcripts: [first.all])
        let second = MemoryTranscript()
        let both: JSONValue = [
            "answer": "a",
            "citations": [["id": "T1", "quote": "disk was full"], ["id": "T2", "quote": "lamp was full"]],
        ]
        let end = try await later.run([.call("lookup", ["of": "lamp"]), .finish(both)], second)
        #expect(end.reason == nil)
        #expect(second.all[0].answers.map(\.answer.citation) == ["T2"])
        // Without the earlier step, its words prove nothing.
        #expect(try await Stage().run([.finish(both), .finish(both)]).reason == "citation")
    }

    @Test func anIDIsNeverGivenTwice() {
        var citations = Citations()
        #expect(citations.nextID == "T1")
        citations.add([ToolAnswer(citation: "T7", from: "lookup", text: "")])
        #expect(citations.nextID == "T8")
    }

    @Test func anErrorProvesNothing() async throws {
        let claim: JSONValue = ["answer": "a", "citations": [["id": "T1", "quote": "no voice"]]]
        let end = try await Stage().run([.call("shout", [:]), .finish(claim), .finish(claim)])
        #expect(end.line == "citation: there is no \"T1\" to cite")
    }
}
