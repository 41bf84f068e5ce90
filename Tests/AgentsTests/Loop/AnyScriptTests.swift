import Model
import Testing

@testable import Agents

/// Whatever a model says, the agent ends within its bounds; and killed anywhere, it ends the same.
@Suite struct AnyScriptTests {
    /// Linear congruential, so that a seed names a script for ever.
    struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    static let seeds: UInt64 = 12

    static func script(_ seed: UInt64) -> [Move] {
        var numbers = Numbers(state: seed)
        let words: [JSONValue] = [Stage.good, Stage.uncited, AgentLoopTests.invented, ["answer": 1], "text", nil, []]
        let tools = ["lookup", "shout", "finish", "lockup", ""]
        func any(_ numbers: inout Numbers) -> (String, JSONValue) {
            let of: JSONValue = ["of": .string("disk\(Int.random(in: 0...2, using: &numbers))")]
            let tool = tools.randomElement(using: &numbers) ?? ""
            let arguments = tool == "finish" || Bool.random(using: &numbers) ? words.randomElement(using: &numbers) : of
            return (tool, arguments ?? nil)
        }
        return (0..<12).map { _ in
            switch Int.random(in: 0..<12, using: &numbers) {
            case 0: return .text(["", "{}", "I think", "```\n{\"tool\": 1}\n```"].randomElement(using: &numbers) ?? "")
            case 1: return .calls((0..<Int.random(in: 0...10, using: &numbers)).map { _ in any(&numbers) })
            case 2 where Bool.random(using: &numbers): return .stop(.other("x"), "y")
            default:
                let (tool, arguments) = any(&numbers)
                return .call(tool, arguments)
            }
        }
    }

    @Test(arguments: [true, false]) func ends(tools: Bool) async throws {
        var ends: [String: Int] = [:]
        for seed in UInt64(1)...Self.seeds {
            var stage = Stage()
            stage.hasTools = tools
            let moves = Self.script(seed)
            let whole = ScriptedClient(moves, hasTools: tools)
            let untouched = MemoryTranscript()
            let end = try await stage.run(whole, untouched)
            ends[end.reason ?? "finished", default: 0] += 1
            #expect(whole.requests.count <= 8, "seed \(seed)")
            if case .finished(let result) = end {
                #expect(result == Stage.good || result == Stage.uncited, "seed \(seed)")
            }
            for kill in 1...max(1, untouched.all.count) where kill <= untouched.all.count {
                let before = ScriptedClient(moves, hasTools: tools)
                let dying = MemoryTranscript(dieAfter: kill)
                await #expect(throws: MemoryTranscript.Died.self) { try await stage.run(before, dying) }
                let after = ScriptedClient(moves, hasTools: tools)
                #expect(try await stage.run(after, MemoryTranscript(dying.all)) == end, "seed \(seed), \(kill)")
                #expect(before.requests + after.requests == whole.requests, "seed \(seed), \(kill)")
            }
        }
        // The scripts reach what they are for.
        #expect(ends.count >= 4, "\(ends)")
    }

    @Test(arguments: [true, false]) func everyRequestIsOneThatAVendorTakes(tools: Bool) async throws {
        for seed in UInt64(1)...Self.seeds {
            var stage = Stage()
            stage.hasTools = tools
            let client = ScriptedClient(Self.script(seed), hasTools: tools)
            _ = try await stage.run(client)
            for request in client.requests {
                let speakers = request.messages.map(\.speaker)
                #expect(speakers.first == .user && speakers.last == .user, "seed \(seed)")
                #expect(zip(speakers, speakers.dropFirst()).allSatisfy { $0 != $1 }, "seed \(seed)")
                var open: Set<String> = []
                for message in request.messages {
                    #expect(!message.parts.isEmpty, "seed \(seed)")
                    for part in message.parts {
                        switch part {
                        case .text(let text): #expect(!text.isEmpty, "seed \(seed)")
                        case .call(let id, _, _): #expect(open.insert(id).inserted, "seed \(seed)")
                        case .result(let id, _, _): #expect(open.remove(id) != nil, "seed \(seed)")
                        case .vendor: break
                        }
                    }
                    // Each call has its result in the very next message.
                    if message.speaker == .user { #expect(open.isEmpty, "seed \(seed)") }
                }
            }
        }
    }
}
