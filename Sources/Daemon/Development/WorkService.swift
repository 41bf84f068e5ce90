import Agents
import Console
import Delivery
import FoundationEssentials
import Ledger
import Logging
import Model
import Runbooks
import Text

/// Answers the agents' process: hands out tasks, looks things up for its tools, and stores every exchange before it goes on.
struct WorkService: Sendable {
    let desk: WorkDesk
    let tools: WorkTools
    let ledger: Ledger
    /// Nil where git is not installed.
    let git: Git?
    let budget: Agents.Budget
    let clock: HostClock
    let finish: @Sendable (EffectKey, Outcome) async -> Void

    /// Bytes in, bytes out: the JSON of `WorkRequest` and `WorkAnswer`.
    func answer(_ bytes: [UInt8]) async throws -> [UInt8] {
        let request: WorkRequest
        do {
            request = try JSONDecoder().decode(WorkRequest.self, from: Data(bytes))
        } catch {
            throw Fault("control.body", "The message is not one that this version knows")
        }
        return Array(try JSONEncoder().encode(try await answer(request)))
    }

    private func answer(_ request: WorkRequest) async throws -> WorkAnswer {
        switch request {
        case .poll(let running):
            for key in await desk.takeLost(running: running) {
                await finish(key, .cancelled("the process that worked on it has ended"))
            }
            return try await desk.poll(running: running)
        case .tool(let key, let name, let arguments):
            let (text, isError) = await tools.answer(name, arguments, for: try await task(key))
            return .tool(text: text, isError: isError)
        case .exchanges(let key):
            return .exchanges(
                try await ledger.read { try $0.exchanges(run: key.run, path: key.transcript) }.map(\.body))
        case .seen(let key): return .exchanges(try await ledger.read { try $0.exchanges(run: key.run) }.map(\.body))
        case .hold(let key, let hold): return try await book(hold, for: key)
        case .exchange(let key, let number, let body, let spent, let request):
            try await store(body, number: number, of: key, spent: spent, request: request)
            return .done
        case .lost(let key, let request, let spent):
            try await settle(request, of: key, spent: spent)
            return .done
        case .review(let review):
            try await begin(review)
            return .done
        case .offer(let key, let offer):
            try await task(key).takeIn(offer, git: git)
            return .done
        case .finished(let key, let outcome):
            if await desk.remove(key) { await finish(key, outcome) }
            return .done
        }
    }

    func task(_ key: EffectKey) async throws(Fault) -> WorkTask {
        guard let task = await desk.task(key) else {
            throw Fault("work.unknown", "\(key) is not wanted any more")
        }
        return task
    }

    /// What a step's spending counts towards; nil for a review by itself, which is about no incident.
    func incident(of key: EffectKey) async throws(Fault) -> String? {
        if WorkReview.isID(key.run), try await ledger.read({ try $0.end(of: key.run) }) != nil {
            guard key == WorkReview.key(key.run) else {
                throw Fault("work.unknown", "\(key) is no step of a review, which has one")
            }
            return nil
        }
        return try await task(key).incident.id
    }

    /// Nothing of the engine's: header and end of it are written at once, its exchanges follow under its name.
    private func begin(_ review: WorkReview) async throws(Fault) {
        guard WorkReview.isID(review.id) else { throw Fault("control.body", "\(review.id) names no review") }
        let words = [review.project, review.range, review.by]
        guard review.role.utf8.count <= WorkRules.reviewRoleMax,
            words.allSatisfy({ $0.utf8.count <= WorkRules.reviewWordMax })
        else { throw Fault("control.body", "A review is told in fewer words") }
        let stamp = clock.now()
        let header = RunHeader(
            id: review.id, incident: nil, runbook: Development.review, digest: Digest.sha256(review.role.utf8),
            occurrence: 1, target: review.project, mode: Mode.observe.rawValue,
            trigger: try text(["by": review.by]), parameters: try text(["range": review.range]),
            stamp: stamp)
        let end = RunEnd(.observed, "a review of \(review.range), begun by \(review.by)")
        let body = try text(end)
        try await ledger.write { transaction in
            let today = try transaction.read.runs(since: stamp.wall.dayBegin).count { WorkReview.isID($0.id) }
            guard today < WorkRules.reviewsMax else {
                throw Fault("work.reviews", "There were \(today) reviews today, and no more are kept of one day")
            }
            try transaction.insertDefinition(
                digest: header.digest, name: header.runbook, text: review.role, at: stamp.wall)
            try transaction.insert(run: header)
            try transaction.append(
                event: body, kind: HistoryEntry.endedKind, run: header.id, number: 1, stamp: stamp)
        }
    }

    private func text(_ value: some Encodable) throws(Fault) -> String {
        do {
            return try json(value)
        } catch {
            throw Fault("control.body", "A review's name cannot be written as JSON")
        }
    }
}

extension EffectKey {
    /// Names the transcript of one attempt at a step.
    var transcript: String { attempt == 1 ? path : "\(path)#\(attempt)" }
}
