import Model
import Testing

@testable import Agents

/// Every way in which an agent ends, with a model that has tools and with one that is asked for JSON.
@Suite struct AgentLoopTests {
    enum Mode: CaseIterable { case tools, json }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let moves: [Move]
        let ends: String
        let modes: [Mode]

        init(_ name: String, _ moves: [Move], ends: String, in modes: [Mode] = Mode.allCases) {
            testDescription = name
            self.moves = moves
            self.ends = ends
            self.modes = modes
        }
    }

    static let look = Move.call("lookup", ["of": "disk"])
    static let found = #"{"answer":"the disk","citations":[{"id":"T1","quote":"disk was full"}]}"#

    static let cases: [Case] = [
        Case("finishes at once", [.finish(Stage.uncited)], ends: #"{"answer":"the disk","citations":[]}"#),
        Case("looks up, then finishes", [look, .finish(Stage.good)], ends: found),
        Case("mends a result", [look, .finish(["answer": 1]), .finish(Stage.good)], ends: found),
        Case("mends a call", [.call("lookup", [:]), look, .finish(Stage.good)], ends: found),
        Case("finds the right tool", [.call("lockup", [:]), look, .finish(Stage.good)], ends: found),
        Case("goes on after prose", [.text("I think"), look, .finish(Stage.good)], ends: found),
        Case("goes on after a tool failed", [.call("shout", [:]), look, .finish(Stage.good)], ends: found),
        Case("mends a citation", [look, .finish(invented), .finish(Stage.good)], ends: found),
        Case(
            "never finishes", (1...9).map { .call("lookup", ["of": .string("disk\($0)")]) },
            ends: "turns: detective did not finish within 8 requests"),
        Case(
            "finishes wrongly for ever", (1...8).map { _ in .finish(["answer": 1]) },
            ends: "schema: the model does not keep to the form; at last: $.citations: is missing\n"
                + "$.answer: needs text, not a number"),
        Case(
            "talks for ever", (1...8).map { _ in .text("hm") },
            ends: "schema: the model does not keep to the form; at last: That called no tool. Call one, or end by "
                + "calling finish with the result.", in: [.tools]),
        Case(
            "answers no JSON for ever", (1...8).map { _ in .text("{\"tool\": ") },
            ends: "schema: the model does not keep to the form; at last: That was not JSON. Answer with one JSON "
                + "object and nothing else: {\"tool\": NAME, \"arguments\": {…}}.", in: [.json]),
        Case(
            "calls wrongly for ever", (1...8).map { .call("lookup", ["of": .number(Double($0))]) },
            ends: "schema: the model does not keep to the form; at last: The arguments do not fit lookup:\n"
                + "$.of: needs text, not a number"),
        Case(
            "invents tools for ever", (1...8).map { .call("tool\($0)", [:]) },
            ends:
                "schema: the model does not keep to the form; at last: There is no tool \"tool6\". The tools: lookup, "
                + "shout, finish."),
        Case(
            "turns in a circle", [look, look, look, look],
            ends: "loop: \"lookup\" was called 3 times with the same arguments"),
        Case(
            "invents a citation twice", [look, .finish(invented), .finish(invented)],
            ends: "citation: T1 does not contain \"the moon was full\""),
        Case(
            "cites what does not exist", [.finish(Stage.good), .finish(Stage.good)],
            ends: "citation: there is no \"T1\" to cite"),
        Case("refuses", [.stop(.refusal, "I will not")], ends: "refusal: the model declined: \"I will not\""),
        Case("is cut off", [look, .stop(.length, "{")], ends: "length: the answer was cut off after 10 tokens"),
        Case(
            "stops for something new", [.stop(.other("nap"), "")],
            ends: "malformed: the model stopped for \"nap\", without a call"),
        Case("is gone", [look, .fails(ModelError(.unreachable, "no route"))], ends: "unreachable: no route"),
        Case("is busy", [.fails(ModelError(.busy, "too many"))], ends: "unreachable: too many"),
        Case("hangs", [.fails(ModelError(.timeout, "120s"))], ends: "timeout: 120s"),
        Case("answers garbage", [.fails(ModelError(.malformed, "no JSON"))], ends: "malformed: no JSON"),
        Case("knows no such key", [.fails(ModelError(.refused, "bad key"))], ends: "refusal: bad key"),
        Case("is cancelled", [.fails(ModelError(.cancelled, "stopped"))], ends: "cancelled: stopped"),
    ]

    static let invented: JSONValue = [
        "answer": "the moon", "citations": [["id": "T1", "quote": "the moon was full"]],
    ]

    @Test(arguments: cases, Mode.allCases) func ends(example: Case, mode: Mode) async throws {
        guard example.modes.contains(mode) else { return }
        var stage = Stage()
        stage.hasTools = mode == .tools
        #expect(try await stage.run(example.moves).line == example.ends)
    }

    @Test func everyReasonIsDriven() {
        let reached = Set(Self.cases.map { String($0.ends.prefix { $0 != ":" }) }).union(LoopBudgetTests.reasons)
        let missed = AgentFailure.Reason.allCases.filter { !reached.contains($0.rawValue) }
        #expect(missed == [])
    }

    @Test func theModelIsToldWhatWasWrong() async throws {
        let client = ScriptedClient([
            .call("lockup", [:]), .call("lookup", ["of": 1]), Self.look, .finish(["answer": 1]),
            .finish(Self.invented), .finish(Stage.good),
        ])
        #expect(try await Stage().run(client).line == Self.found)
        let told = client.requests.dropFirst().map { request -> String in
            guard case .result(_, let text, let isError) = request.messages.last?.parts.first else { return "nothing" }
            return "\(isError ? "!" : "") \(text)"
        }
        #expect(
            told == [
                "! There is no tool \"lockup\". Did you mean lookup? The tools: lookup, shout, finish.",
                "! The arguments do not fit lookup:\n$.of: needs text, not a number",
                " <untrusted-data id=\"T1\" from=\"lookup\">\nthe disk was full at noon\n</untrusted-data>",
                "! The result does not fit:\n$.citations: is missing\n$.answer: needs text, not a number",
                "! The result is refused (citation): T1 does not contain \"the moon was full\". Mend it and finish "
                    + "again; there is no third try.",
            ])
    }

    @Test func finishingMustBeDoneAlone() async throws {
        let store = MemoryTranscript()
        let end = try await Stage().run(
            [.calls([("lookup", ["of": "disk"]), ("finish", Stage.good)]), .finish(Stage.good)], store)
        #expect(end.line == Self.found)
        #expect(store.all[0].answers.map(\.answer.isError) == [false, true])
    }

    @Test func callsAtOnceAreBounded() async throws {
        let store = MemoryTranscript()
        let many = (1...10).map { ("lookup", ["of": .string("disk\($0)")] as JSONValue) }
        _ = try await Stage().run([.calls(many), .finish(Stage.uncited)], store)
        #expect(store.all[0].answers.map(\.answer.citation) == (1...8).map { "T\($0)" } + [nil, nil])
    }

    @Test func theLastTurnIsAnnounced() async throws {
        let client = ScriptedClient((1...8).map { .call("lookup", ["of": .string("\($0)")]) })
        _ = try await Stage().run(client)
        let notes = client.requests.map {
            $0.messages.last?.parts.last == .text("This is your last turn: call finish now.")
        }
        #expect(notes == [Bool](repeating: false, count: 7) + [true])
    }

    @Test func aRoleNeedsItsTools() {
        var stage = Stage()
        stage.tools = [Stage.lookup]
        #expect(throws: Fault.self) {
            _ = try AgentLoop(
                role: try Role.parse(stage.roleText, file: "r"), client: ScriptedClient([]), tools: stage.tools,
                store: MemoryTranscript(), clock: stage.clock, mask: { $0 }, prices: .free, gate: { _ in nil })
        }
    }

    @Test func aCheckOfTheCallerIsAGate() async throws {
        var stage = Stage()
        stage.checks = [ResultCheck(gate: "apply") { $0["answer"] == "the disk" ? nil : "it does not apply" }]
        let bad: JSONValue = ["answer": "a disk", "citations": []]
        #expect(try await stage.run([.finish(bad), .finish(Stage.uncited)]).reason == nil)
        #expect(try await stage.run([.finish(bad), .finish(bad)]).line == "apply: it does not apply")
    }

    @Test func jsonIsAskedForUnderASchema() async throws {
        var stage = Stage()
        stage.hasTools = false
        let client = ScriptedClient(
            [Self.look, .text("```json\n{\"tool\": \"finish\", \"arguments\": {}}\n```")], hasTools: false)
        _ = try await stage.run(client)
        let request = try #require(client.requests.first)
        #expect(request.tools == [])
        let calls = try #require(request.schema?["anyOf"]?.array)
        #expect(calls.map { $0["properties"]?["tool"]?["enum"] } == [["lookup"], ["shout"], ["finish"]])
        // The shape of the result, without the lengths that some servers cannot take.
        let answer = calls.last?["properties"]?["arguments"]?["properties"]?["answer"]
        #expect(answer == ["type": "string"])
        #expect(request.system.contains("- lookup: Looks a thing up.\n  Arguments: {\"properties\""))
        // The third request follows the fenced JSON: it was read as a call, and its arguments were refused.
        #expect(client.requests.count == 3)
        #expect(
            client.requests.last?.messages.last?.parts == [
                .text("Error of finish:\nThe result does not fit:\n$.answer: is missing\n$.citations: is missing")
            ])
    }
}
