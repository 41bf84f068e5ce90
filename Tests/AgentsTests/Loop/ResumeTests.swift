import Model
import Testing

@testable import Agents

/// An agent killed after any stored exchange ends as if nothing had happened, and sends nothing again.
@Suite struct ResumeTests {
    /// Every kind of exchange that a transcript can hold.
    static let moves: [Move] = [
        .text("let me see"), .call("lockup", [:]), .call("lookup", ["of": "disk"]), .call("shout", [:]),
        .finish(["answer": 1]), .finish(AgentLoopTests.invented), .finish(Stage.good),
    ]

    private static func stage(tools: Bool) -> Stage {
        var stage = Stage()
        stage.hasTools = tools
        stage.limits.invalid = 5
        return stage
    }

    @Test(arguments: 1...7, [true, false]) func killedAfter(exchange: Int, tools: Bool) async throws {
        let stage = Self.stage(tools: tools)
        let untouched = MemoryTranscript()
        let whole = ScriptedClient(Self.moves, hasTools: tools)
        let end = try await stage.run(whole, untouched)
        #expect(end.line == AgentLoopTests.found)
        #expect(untouched.all.count == Self.moves.count)

        let before = ScriptedClient(Self.moves, hasTools: tools)
        let dying = MemoryTranscript(dieAfter: exchange)
        await #expect(throws: MemoryTranscript.Died.self) { try await stage.run(before, dying) }
        let after = ScriptedClient(Self.moves, hasTools: tools)
        let reborn = MemoryTranscript(dying.all)
        #expect(try await stage.run(after, reborn) == end)
        // Together they sent what one sent, each once.
        #expect((before.requests + after.requests) == whole.requests)
        #expect(before.requests.count == exchange)
        #expect(reborn.all.map(\.request) == untouched.all.map(\.request))
        #expect(reborn.all.map(\.answers) == untouched.all.map(\.answers))
    }

    @Test(
        arguments: [
            ([.finish(["answer": 1])], "schema"), ([.text("hm")], "schema"), ([.call("x", [:])], "loop"),
            ([.call("lookup", ["of": "a"])], "loop"), ([.finish(AgentLoopTests.invented)], "citation"),
        ] as [([Move], String)])
    func countsGoOnAfterAStart(repeated: [Move], reason: String) async throws {
        let moves = [Move](repeating: repeated[0], count: 8)
        let untouched = MemoryTranscript()
        #expect(try await Stage().run(moves, untouched).reason == reason)
        // Die after each exchange and start anew, until it ends.
        var exchanges: [Exchange] = []
        while true {
            let store = MemoryTranscript(exchanges, dieAfter: exchanges.count + 1)
            do {
                #expect(try await Stage().run(moves, store).reason == reason)
                break
            } catch is MemoryTranscript.Died {
                exchanges = store.all
            }
            try #require(exchanges.count <= 8)
        }
        #expect(exchanges.count == untouched.all.count)
    }

    @Test func anEndedTranscriptOnlyTellsItsEnd() async throws {
        let store = MemoryTranscript()
        _ = try await Stage().run([.finish(Stage.uncited)], store)
        let silent = ScriptedClient([])
        #expect(try await Stage().run(silent, store).line == #"{"answer":"the disk","citations":[]}"#)
        #expect(silent.requests.isEmpty)
    }

    @Test func theConversationGoesOnAsItBegan() async throws {
        let dying = MemoryTranscript(dieAfter: 1)
        let first = ScriptedClient(Self.moves)
        await #expect(throws: MemoryTranscript.Died.self) { try await Stage().run(first, dying) }
        // Meanwhile somebody has changed the role's prompt, and the task reads otherwise.
        var stage = Stage()
        stage.roleText = Stage.roleText.replacing("Find out", with: "Forget")
        stage.task.inputs = ["facts": "others"]
        let second = ScriptedClient(Self.moves)
        _ = try await stage.run(second, MemoryTranscript(dying.all))
        let (one, other) = (try #require(first.requests.first), try #require(second.requests.first))
        #expect(one.system == other.system)
        #expect(one.messages[0] == other.messages[0])
    }

    @Test func timeBetweenAStopAndAStartDoesNotCount() async throws {
        var stage = Stage()
        stage.roleText = Stage.roleText.replacing("wall: 10m", with: "wall: 30s")
        stage.clock = testClock(step: .seconds(1))
        let dying = MemoryTranscript(dieAfter: 2)
        await #expect(throws: MemoryTranscript.Died.self) { try await stage.run(Self.moves, dying) }
        let worked = dying.all.reduce(Duration.zero) { $0 + $1.took }
        #expect(worked > .zero)
        for _ in 1...3600 { _ = stage.clock.now() }
        let client = ScriptedClient(Self.moves)
        _ = try await stage.run(client, MemoryTranscript(dying.all))
        let timeout = try #require(client.requests.first?.timeout)
        #expect(timeout <= .seconds(30) - worked && timeout > .seconds(10))
    }

    @Test func aStoreThatFailsStopsTheLoop() async throws {
        let client = ScriptedClient(Self.moves)
        await #expect(throws: MemoryTranscript.Died.self) {
            try await Stage().run(client, MemoryTranscript(dieAfter: 1))
        }
        #expect(client.requests.count == 1)
    }

    @Test(arguments: [0, 1]) func aTranscriptWithAGapIsNoneToGoOnFrom(missing: Int) async throws {
        let store = MemoryTranscript()
        _ = try await Stage().run(Self.moves, store)
        var exchanges = Array(store.all.prefix(3))
        exchanges.remove(at: missing)
        let client = ScriptedClient(Self.moves)
        await #expect(throws: Fault.self) { try await Stage().run(client, MemoryTranscript(exchanges)) }
        #expect(client.requests.isEmpty)
    }

    @Test func exchangesSurviveJSON() async throws {
        let store = MemoryTranscript()
        _ = try await Self.stage(tools: true).run(Self.moves, store)
        #expect(try Coding.round(store.all) == store.all)
    }

    @Test(arguments: [true, false]) func aTranscriptReplays(tools: Bool) async throws {
        let stage = Self.stage(tools: tools)
        let recorded = MemoryTranscript()
        let end = try await stage.run(ScriptedClient(Self.moves, hasTools: tools), recorded)
        let again = MemoryTranscript()
        #expect(try await stage.run(ReplayClient(try Coding.round(recorded.all)), again) == end)
        #expect(again.all.map(\.request) == recorded.all.map(\.request))
    }

    @Test func aReplayTakesNoOtherRequest() async throws {
        let recorded = MemoryTranscript()
        _ = try await Stage().run([AgentLoopTests.look, .finish(Stage.good)], recorded)
        var other = Stage()
        other.task.inputs = ["facts": "others"]
        #expect(
            try await other.run(ReplayClient(recorded.all)).line
                == "refusal: request 1 is not the one that the transcript holds")
        #expect(
            try await Stage().run(ReplayClient(Array(recorded.all.dropLast()))).line
                == "refusal: the transcript ends after 1 exchanges")
    }
}
