import Delivery
import FoundationEssentials
import Ledger
import Model
import Testing

@testable import Daemon

/// What the daemon keeps of what the agents' process and reviewers tell it.
@Suite struct WorkServiceTests {
    let stage: WorkStage

    init() async throws { stage = try await WorkStage() }

    @Test func aReviewByHandIsKeptWithWhatItCost() async throws {
        let id = WorkReview.newID()
        let key = EffectKey(run: id, path: "review", attempt: 1)
        let (one, two) = (WorkStage.name(1), WorkStage.name(2))
        #expect(await stage.fault(WorkStage.hold(key, one)) == "work.unknown", "before it began")
        #expect(await stage.fault(WorkStage.exchange(key, one)) == "work.unknown")
        try await stage.ask(WorkStage.review(id))
        for (path, attempt) in [("other", 1), ("review", 2)] {
            let stranger = EffectKey(run: id, path: path, attempt: attempt)
            #expect(await stage.fault(WorkStage.hold(stranger, one)) == "work.unknown", "a review has one step")
        }
        try await stage.ask(WorkStage.hold(key, one, cost: 5_000))
        try await stage.ask(WorkStage.exchange(key, one, tokens: 120, cost: 3_000))
        try await stage.ask(WorkStage.hold(key, two, number: 2, cost: 5_000))
        try await stage.ask(.lost(key, request: two, spent: WorkSpending(model: "m", tokens: 1, cost: 7)))
        let (books, month) = try await stage.ledger.read {
            (try $0.spent(run: id), try $0.spent(since: ObservatoryStage.begin.monthBegin))
        }
        #expect(books == (121, 3_007) && month == books, "it counts towards the day's and month's budget")
        let (exchanges, open, run) = try await stage.ledger.read {
            (try $0.exchanges(run: id).map(\.body), try $0.openRuns(), try $0.runs(since: Timestamp(seconds: 0)).first)
        }
        #expect(exchanges == ["{}"] && open.isEmpty, "a restart has nothing to take up")
        #expect(run?.target == "payments" && run?.incident == nil)
        #expect(await stage.fault(WorkStage.review(id)) != nil, "a name is taken once")
    }

    @Test(arguments: ["", "review", "review-12", "review-0123456789abcdeg", "4f2a", "review-0123456789abcdef0"])
    func aReviewHasANameOfItsKind(id: String) async throws {
        #expect(await stage.fault(WorkStage.review(id)) == "control.body")
        #expect(try await stage.ledger.read { try $0.runs(since: Timestamp(seconds: 0)) }.isEmpty)
    }

    @Test func reviewsAreBoundedInNumberAndLength() async throws {
        let long = String(repeating: "x", count: WorkRules.reviewRoleMax + 1)
        #expect(await stage.fault(WorkStage.review(WorkReview.newID(), role: long)) == "control.body")
        #expect(await stage.fault(WorkStage.review(WorkReview.newID(), range: long)) == "control.body")
        for _ in 0..<WorkRules.reviewsMax { try await stage.ask(WorkStage.review(WorkReview.newID())) }
        #expect(await stage.fault(WorkStage.review(WorkReview.newID())) == "work.reviews")
        stage.clock.pass(.seconds(86_400))
        #expect(await stage.fault(WorkStage.review(WorkReview.newID())) == nil, "another day")
    }

    @Test func whatNobodyWantsIsNotBooked() async throws {
        try await stage.begin()
        let (key, name) = (WorkStage.key("a"), WorkStage.name(1))
        let spent = WorkSpending(model: "m", tokens: 1, cost: 1)
        for request: WorkRequest in [
            WorkStage.exchange(key, name), .lost(key, request: name, spent: spent), WorkStage.hold(key, name),
            .tool(key, name: "metrics", arguments: [:]),
            .offer(
                key, BranchOffer(commit: try CommitID(String(repeating: "a", count: 40)), replacing: nil, pack: Data())),
        ] { #expect(await stage.fault(request) == "work.unknown") }
        #expect(try await stage.cost() == 0)
        await stage.desk.offer(WorkDeskTests.task("a"))
        #expect(await stage.fault(WorkStage.hold(key, name)) == nil)
    }
}
