import Actuation
import Delivery
import FoundationEssentials
import Ledger
import Model
import Testing
import Text

@testable import Daemon

/// What the daemon books of what the agents' process and reviewers tell it.
@Suite struct WorkServiceTests {
    let ledger: Ledger
    let desk: WorkDesk
    let service: WorkService
    let client: @Sendable (WorkRequest) async throws -> WorkAnswer

    init() async throws {
        let ledger = try Ledger.inMemory()
        let stage = try await ObservatoryStage(ledger: ledger)
        let desk = WorkDesk(clock: stage.clock.host)
        let tools = WorkTools(
            settings: ObservatoryStage.settings, ledger: ledger, observatory: stage.observatory,
            state: { UnitState(id: $0) }, clock: stage.clock.host, masking: try Masking())
        let service = WorkService(
            desk: desk, tools: tools, ledger: ledger, git: nil, clock: stage.clock.host, finish: { _, _ in })
        client = { request in
            let bytes = try await service.answer(Array(JSONEncoder().encode(request)))
            return try JSONDecoder().decode(WorkAnswer.self, from: Data(bytes))
        }
        (self.ledger, self.desk, self.service) = (ledger, desk, service)
    }

    private func refusal(_ request: WorkRequest) async -> String? {
        do {
            _ = try await client(request)
            return nil
        } catch {
            return (error as? Fault)?.code ?? "\(error)"
        }
    }

    private static func review(_ id: String) -> WorkRequest {
        .review(WorkReview(id: id, project: "payments", range: "a..b", by: "ada", role: "---\nrole: review\n---\n"))
    }

    @Test func aReviewByHandIsKeptWithWhatItCost() async throws {
        let id = WorkReview.newID()
        let key = EffectKey(run: id, path: "review", attempt: 1)
        let spent = WorkSpending(model: "m", tokens: 120, cost: 3_000)
        #expect(await refusal(.exchange(key, number: 1, body: "{}", spent: spent)) == "work.unknown", "before it began")
        _ = try await client(Self.review(id))
        _ = try await client(.exchange(key, number: 1, body: "{}", spent: spent))
        _ = try await client(.lost(key, WorkSpending(model: "m", tokens: 1, cost: 7)))
        guard case .spent(let books) = try await client(.spent(key)) else { throw Fault("test", "another answer") }
        #expect((books.incidentTokens, books.incidentCost) == (121, 3_007))
        #expect(books.dayCost == 3_007 && books.monthCost == 3_007, "it counts towards the day's and month's budget")
        let (exchanges, open, run) = try await ledger.read {
            (try $0.exchanges(run: id).map(\.body), try $0.openRuns(), try $0.runs(since: Timestamp(seconds: 0)).first)
        }
        #expect(exchanges == ["{}"] && open.isEmpty, "a restart has nothing to take up")
        #expect(run?.target == "payments" && run?.incident == nil)
        #expect(await refusal(Self.review(id)) != nil, "a name is taken once")
    }

    @Test(arguments: ["", "review", "review-12", "review-0123456789abcdeg", "4f2a", "review-0123456789abcdef0"])
    func aReviewHasANameOfItsKind(id: String) async throws {
        #expect(await refusal(Self.review(id)) == "control.body")
        #expect(try await ledger.read { try $0.runs(since: Timestamp(seconds: 0)) }.isEmpty)
    }

    @Test func whatNobodyWantsIsNotBooked() async throws {
        let key = EffectKey(run: "r", path: "a", attempt: 1)
        let spent = WorkSpending(model: "m", tokens: 1, cost: 1)
        for request: WorkRequest in [
            .exchange(key, number: 1, body: "{}", spent: spent), .lost(key, spent), .spent(key),
            .tool(key, name: "metrics", arguments: [:]),
            .offer(
                key, BranchOffer(commit: try CommitID(String(repeating: "a", count: 40)), replacing: nil, pack: Data())),
        ] { #expect(await refusal(request) == "work.unknown") }
        #expect(try await ledger.read { try $0.spent(since: Timestamp(seconds: 0)) }.tokens == 0)
        await desk.offer(WorkDeskTests.task("a"))
        #expect(await refusal(.spent(key)) == nil)
    }
}
