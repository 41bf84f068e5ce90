import Model
import Synchronization
import Testing

@testable import Agents

/// Tokens, money, time and the caller's gate stop a request before it is sent.
@Suite struct LoopBudgetTests {
    /// The reasons that only these tests reach.
    static let reasons: Set<String> = ["budget"]

    private static func stage(_ budget: String) -> Stage {
        var stage = Stage()
        stage.roleText = Stage.roleText.replacing("{turns: 8, tokens: 100000, cost: 1 USD, wall: 10m}", with: budget)
        return stage
    }

    static let looks: [Move] = (1...8).map { .call("lookup", ["of": .string("disk\($0)")]) }

    @Test func tokensAreCountedAtWorst() async throws {
        let client = ScriptedClient(Self.looks)
        let end = try await Self.stage("{turns: 8, tokens: 2000, cost: 1 USD, wall: 10m}").run(client)
        #expect(end.line.hasPrefix("budget: "))
        #expect(end.line.hasSuffix("of 2000 tokens are used; the next request of detective could go past them"))
        #expect(client.requests.count < 8)
        for (index, request) in client.requests.enumerated() {
            #expect(110 * index + request.inputTokensMost + request.outputMax <= 2000)
        }
    }

    @Test func aBudgetForNoRequestSendsNone() async throws {
        let client = ScriptedClient(Self.looks)
        let end = try await Self.stage("{turns: 8, tokens: 100, cost: 1 USD, wall: 10m}").run(client)
        #expect(end.line == "budget: 0 of 100 tokens are used; the next request of detective could go past them")
        #expect(client.requests.isEmpty)
    }

    @Test func moneyIsCountedAtWorst() async throws {
        let client = ScriptedClient(Self.looks)
        // An answer of 8192 tokens may cost 0.04 USD by itself, so shorter ones are asked for; one of 256, the least that
        // is worth a request, 0.0013 USD.
        let end = try await Self.stage("{turns: 8, tokens: 100000, cost: 0.0038 USD, wall: 10m}").run(client)
        #expect(end.line.hasPrefix("budget: "))
        #expect(end.line.hasSuffix("of 0.0038 USD are spent; the next request of detective could go past that"))
        #expect((1...7).contains(client.requests.count))
        #expect(client.requests.allSatisfy { (256..<8192).contains($0.outputMax) })
    }

    @Test func zeroMoneyBuysNothingThatCosts() async throws {
        let stage = Self.stage("{turns: 8, tokens: 100000, cost: 0 USD, wall: 10m}")
        #expect(try await stage.run([.finish(Stage.uncited)]).reason == "budget")
        var free = stage
        free.prices = .free
        #expect(try await free.run([.finish(Stage.uncited)]).reason == nil)
    }

    @Test func timeEnds() async throws {
        var stage = Self.stage("{turns: 8, tokens: 100000, cost: 1 USD, wall: 10s}")
        stage.clock = testClock(step: .seconds(1))
        let client = ScriptedClient(Self.looks)
        #expect(try await stage.run(client).line == "budget: detective did not finish within 10s")
        let timeouts = client.requests.map(\.timeout)
        #expect(timeouts.count > 1 && timeouts.allSatisfy { $0 > .zero && $0 < .seconds(10) })
        #expect(timeouts == timeouts.sorted(by: >))
    }

    @Test func theGateIsAskedBeforeEachRequest() async throws {
        let asked = Mutex<[Int]>([])
        var stage = Stage()
        stage.gate = { ask in
            asked.withLock { asked in
                asked.append(ask.request.messages.count)
                #expect(ask.number == asked.count && ask.left.turns == 9 - asked.count)
                #expect(ask.left.tokens == 100_000 - 110 * (asked.count - 1))
                return asked.count == 3 ? "the day's 10 USD are spent" : nil
            }
        }
        let client = ScriptedClient(Self.looks)
        #expect(try await stage.run(client).line == "budget: the day's 10 USD are spent")
        #expect(asked.withLock { $0 } == [1, 3, 5])
        #expect(client.requests.map(\.messages.count) == [1, 3])
    }

    @Test func whatALostAnswerCostIsToldOn() async throws {
        let error = ModelError(.timeout, "cut", usage: ModelUsage(input: 7, output: 3))
        guard case .failed(let failure) = try await Stage().run([.fails(error)]) else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.lost == ModelUsage(input: 7, output: 3))
    }

    @Test func usageIsAStrangersNumber() async throws {
        let wild = Move.wild(ModelUsage(input: .max, output: .max, cacheRead: -5))
        #expect(try await Stage().run([wild, .finish(Stage.uncited)]).reason == "budget")
    }

    @Test func aToolThatHangsIsLeft() async throws {
        var stage = Stage()
        stage.clock = HostClock(now: testClock().now, sleep: { _ in })
        stage.tools = [
            AgentTool(name: "lookup", description: "Hangs.", schema: Stage.schema(["type": "object"])) { _ in
                do { try await untilCancelled() } catch { return ToolResult("cancelled", isError: true) }
                return ToolResult("never")
            }, Stage.shout,
        ]
        let store = MemoryTranscript()
        #expect(try await stage.run([.call("lookup", [:]), .finish(Stage.uncited)], store).reason == nil)
        #expect(store.all[0].answers.map(\.answer.text) == ["lookup did not answer within 1m"])
    }

    @Test func aCancelledAgentStopsAndKeepsNoHalfExchange() async throws {
        let store = MemoryTranscript()
        let (started, isStarted) = AsyncStream<Void>.makeStream()
        var stage = Stage()
        stage.tools = [
            AgentTool(name: "lookup", description: "Hangs.", schema: Stage.schema(["type": "object"])) { _ in
                isStarted.yield()
                do { try await untilCancelled() } catch { return ToolResult("cancelled", isError: true) }
                return ToolResult("never")
            }, Stage.shout,
        ]
        let set = stage
        let task = Task { try await set.run([.call("shout", [:]), .call("lookup", [:])], store) }
        for await _ in started { break }
        task.cancel()
        #expect(try await task.value.line == "cancelled: the agent was told to stop")
        #expect(store.all.count == 1)
        guard case .failed(let failure) = try await task.value else { return }
        #expect(failure.lost == ModelUsage(input: 100, output: 10), "the vendor sent it whole, and bills it")
    }

    /// Whoever waits for the gate, such as for a daemon that is away, uses up the role's time.
    @Test func timeAtTheGateCounts() async throws {
        let elapsed = AtomicDuration()
        var stage = Self.stage("{turns: 8, tokens: 100000, cost: 1 USD, wall: 10m}")
        stage.clock = HostClock(
            now: { Stamp(wall: Timestamp(seconds: 0), bootID: "b", sinceBoot: elapsed.add(.zero)) },
            sleep: { _ in try await untilCancelled() })
        stage.gate = { _ in
            _ = elapsed.add(.seconds(540))
            return nil
        }
        let client = ScriptedClient(Self.looks)
        guard case .failed(let failure) = try await stage.run(client) else { return }
        #expect(client.requests.map(\.timeout) == [.seconds(60)])
        #expect(
            failure.reason == "budget" && failure.lost == ModelUsage(), "what was held for the second is given back")
    }

    @Test(arguments: [
        (ModelError.Kind.timeout, true), (.cancelled, true), (.malformed, true), (.unreachable, false), (.busy, false),
        (.refused, false),
    ])
    func whatNobodyCountedIsNotKnown(kind: ModelError.Kind, isUnknown: Bool) async throws {
        guard case .failed(let failure) = try await Stage().run([.fails(ModelError(kind, "no"))]) else { return }
        #expect((failure.lost == nil) == isUnknown)
    }
}
