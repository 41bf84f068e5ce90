import Foundation
import HTTPClient
import Model
import Synchronization
import Testing

@testable import Agents

/// The story's root cause, looked for by a model that is far too small to find it: the loop, the shipped role and its
/// evidence are the real ones, and what the model concludes is printed as it is.
extension LocalModelTests {
    /// Ends that a model brings about; all others would be the server's, the wire's or ours.
    private static let ends: Set = ["turns", "budget", "schema", "citation", "loop", "length"]
    private static let small = "{turns: 3, tokens: 60000, cost: 1 USD, wall: 10m}"
    private static let outputMax = 256

    /// Time as it passes; no tool here takes any, so nobody's time runs out.
    private static let clock: HostClock = {
        let began = ContinuousClock.now
        return HostClock(
            now: {
                let wall = Timestamp(seconds: Date().timeIntervalSince1970)
                return Stamp(wall: wall, bootID: "b", sinceBoot: ContinuousClock.now - began)
            }, sleep: { _ in try await untilCancelled() })
    }()

    /// The role as it is shipped, but for what it may spend.
    private static func role(_ budget: String) throws -> Role {
        let text = try ShippedRolesTests.text("root-cause")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("budget: ") ? "budget: \(budget)" : String(line)
        }
        return try Role.parse(lines.joined(separator: "\n"), file: "root-cause.md")
    }

    private static func loop(
        _ role: Role, _ story: StoryEvidence, _ client: any ModelClient, _ store: MemoryTranscript,
        prices: Prices = .free, outputMax: Int = outputMax
    ) throws -> AgentLoop {
        var limits = AgentLimits()
        limits.outputMax = outputMax
        limits.resultBytes = 2 << 10  // the model sees little at once
        limits.requestTimeout = .seconds(240)
        return try AgentLoop(
            role: role, client: client, tools: story.tools, store: store, clock: clock, mask: { $0 }, prices: prices,
            gate: { _ in nil }, checks: [Proposal.check(projects: ["payments"]) { name, _ in "there is no \(name)" }],
            limits: limits)
    }

    /// What the model said and what came of it, as it is; what it was asked is the same each time.
    private static func report(_ title: String, _ end: AgentEnd, _ store: MemoryTranscript) {
        let said = store.all.map { exchange in
            var exchange = exchange
            exchange.opening = nil
            return exchange.text(full: true)
        }
        print((["== the local model, \(title)"] + said + ["== it ended by \(end.line)"]).joined(separator: "\n"))
    }

    /// OpenAI's format holds the model to the schema; llama.cpp's Anthropic format does not know it, so there the loop
    /// alone does. Left to itself so small a model concludes nothing: `concluding` lets it do nothing but finish.
    enum Way: String, CaseIterable, Sendable {
        case openai = "in OpenAI's format"
        case concluding = "in OpenAI's format, held to a conclusion"
        case anthropic = "in Anthropic's format"
    }

    private func client(_ way: Way) -> any ModelClient {
        let openai = OpenAIClient(http: http, url: address + "/v1", model: "m", key: nil, hasTools: false)
        return switch way {
        case .openai: openai
        case .concluding: HeldClient(client: openai, tool: Role.finish)
        case .anthropic: AnthropicClient(http: http, url: address, model: "m", key: nil, hasTools: false)
        }
    }

    @Test(arguments: Way.allCases)
    func theRootCauseEndsByName(way: Way) async throws {
        let (story, store) = (try StoryEvidence(), MemoryTranscript())
        let pieces = Mutex<[String]>([])
        let role = try Self.role(way == .concluding ? "{turns: 2, tokens: 60000, cost: 1 USD, wall: 10m}" : Self.small)
        let outputMax = way == .concluding ? 480 : Self.outputMax
        let end = try await Self.loop(role, story, client(way), store, outputMax: outputMax).run(story.task) { piece in
            pieces.withLock { $0.append(piece) }
        }
        Self.report(way.rawValue, end, store)

        let exchanges = store.all
        #expect((1...role.budget.turns).contains(exchanges.count))
        #expect(exchanges.map(\.reply.usage.total).reduce(0, +) <= role.budget.tokens)
        #expect(exchanges.allSatisfy { (1...outputMax).contains($0.reply.usage.output) })
        #expect(pieces.withLock { $0.joined() } == exchanges.map(\.reply.text).joined())
        #expect(pieces.withLock { $0.count } > exchanges.count, "it streams")
        if way != .anthropic {
            let unread = exchanges.filter { $0.reply.stop != .length && $0.complaints.contains { $0.kind == .answer } }
            #expect(unread.map(\.reply.text) == [], "a schema makes it call")
        }
        for call in story.calls {
            let tool = try #require(story.tools.first { $0.name == call.tool })
            #expect(tool.schema.validate(call.arguments).map(\.description) == [], "\(call.tool) was called")
        }
        expectNamed(end, role, story, exchanges)
    }

    /// A result that does not hold never comes out; no result has a reason.
    private func expectNamed(_ end: AgentEnd, _ role: Role, _ story: StoryEvidence, _ exchanges: [Exchange]) {
        switch end {
        case .finished(let result):
            #expect(role.result.validate(result).map(\.description) == [])
            var shown = story.earlier
            shown.add(exchanges.flatMap(\.shown))
            #expect(!Citation.all(in: result).isEmpty)
            #expect(shown.check(Citation.all(in: result)) == nil)
            #expect(throws: Never.self) { try Proposal(result) }
        case .failed(let failure):
            #expect(Self.ends.contains(failure.reason), "\(failure)")
        }
    }

    /// The budget is for one request at its worst; the model is held to a lookup, so that it is not its own chatter that
    /// ends it.
    @Test(arguments: ["tokens", "money"])
    func theBudgetStopsIt(limit: String) async throws {
        let openai = OpenAIClient(http: http, url: address + "/v1", model: "m", key: nil, hasTools: false)
        let client = HeldClient(client: openai, tool: "history")
        let (story, store) = (try StoryEvidence(), MemoryTranscript())
        let prices = Prices(input: Money(microdollars: 1_000_000), output: Money(microdollars: 5_000_000))
        let opening = try Self.loop(try Self.role(Self.small), story, client, store).opening(story.task)
        var first = Conversation(opening: opening, exchanges: []).request(outputMax: 256, timeout: .seconds(60))
        first.outputMax = 256
        let worst = prices.worstCost(of: first)
        let budget =
            limit == "tokens"
            ? "{turns: 3, tokens: \(first.inputTokensMost + 256), cost: 9 USD, wall: 10m}"
            : "{turns: 3, tokens: 90000, cost: \(worst), wall: 10m}"
        let end = try await Self.loop(try Self.role(budget), story, client, store, prices: prices, outputMax: 256)
            .run(story.task)
        Self.report("with \(limit) for one request", end, store)
        #expect(end.reason == "budget", "\(end.line)")
        #expect(end.line.contains(limit == "tokens" ? "tokens are used" : "are spent"), "\(end.line)")
        #expect(store.all.count == 1 && story.calls.map(\.tool) == ["history"])
        #expect(store.all.allSatisfy { $0.reply.usage.total > 0 && $0.cost > .zero })
    }

    @Test func aStreamIsCancelled() async throws {
        let client = OpenAIClient(http: http, url: address + "/v1", model: "m", key: nil, hasTools: false)
        let (story, store) = (try StoryEvidence(), MemoryTranscript())
        let loop = try Self.loop(try Self.role(Self.small), story, client, store, outputMax: 2000)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let task = Task { try await loop.run(story.task) { _ in begin.yield() } }
        for await _ in begun { break }
        let cancelled = ContinuousClock.now
        task.cancel()
        let end = try await task.value
        #expect(end.reason == "cancelled", "\(end.line)")
        #expect(ContinuousClock.now - cancelled < .seconds(5))
        #expect(store.all.isEmpty, "an answer that was cut off is none")
        // The server is free again: the next request is answered.
        #expect(try await client.send(Self.ask("Say yes.", outputMax: 4)) { _ in }.usage.output > 0)
    }
}

/// The same model, which may call one tool alone: of the loop's schema, the part for that tool.
private struct HeldClient: ModelClient {
    let client: any ModelClient
    let tool: String

    var model: String { client.model }
    var hasTools: Bool { client.hasTools }

    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply {
        var request = request
        request.schema = request.schema?["anyOf"]?.array?.first { call in
            call["properties"]?["tool"]?["enum"] == [.string(tool)]
        }
        return try await client.send(request, onText: onText)
    }
}
