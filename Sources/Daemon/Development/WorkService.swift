import Console
import Delivery
import FoundationEssentials
import Glibc
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
        case .exchange(let key, let number, let body, let spent):
            let incident = try await incident(of: key)
            let now = clock.now().wall
            let row = ExchangeRow(run: key.run, path: key.transcript, number: number, body: body, at: now)
            let spending = SpendingRow(
                incident: incident, model: spent.model, tokens: spent.tokens, cost: spent.cost)
            try await ledger.write { try $0.append(exchange: row, spending: spending) }
            return .done
        case .lost(let key, let spent):
            let incident = try await incident(of: key)
            let now = clock.now().wall
            let spending = SpendingRow(incident: incident, model: spent.model, tokens: spent.tokens, cost: spent.cost)
            try await ledger.write { try $0.append(lost: spending, run: key.run, path: key.transcript, at: now) }
            return .done
        case .spent(let key): return .spent(try await spent(by: key))
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

    private func task(_ key: EffectKey) async throws(Fault) -> WorkTask {
        guard let task = await desk.task(key) else {
            throw Fault("work.unknown", "\(key) is not wanted any more")
        }
        return task
    }

    /// What a step's spending counts towards; nil for a review by itself, which is about no incident.
    private func incident(of key: EffectKey) async throws(Fault) -> String? {
        if WorkReview.isID(key.run), try await ledger.read({ try $0.end(of: key.run) }) != nil { return nil }
        return try await task(key).incident.id
    }

    /// Nothing of the engine's: header and end of it are written at once, its exchanges follow under its name.
    private func begin(_ review: WorkReview) async throws(Fault) {
        guard WorkReview.isID(review.id) else { throw Fault("control.body", "\(review.id) names no review") }
        let stamp = clock.now()
        let header = RunHeader(
            id: review.id, incident: nil, runbook: Development.review, digest: Digest.sha256(review.role.utf8),
            occurrence: 1, target: review.project, mode: Mode.observe.rawValue,
            trigger: try text(["by": review.by]), parameters: try text(["range": review.range]),
            stamp: stamp)
        let end = RunEnd(.observed, "a review of \(review.range), begun by \(review.by)")
        let body = try text(end)
        try await ledger.write { transaction in
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

    private func spent(by key: EffectKey) async throws(Fault) -> WorkSpent {
        let (now, incident) = (clock.now().wall, try await incident(of: key))
        return try await ledger.read { reader in
            let whole =
                if let incident {
                    try reader.spent(since: Timestamp(microseconds: 0), incident: incident)
                } else {
                    try reader.spent(run: key.run)
                }
            return WorkSpent(
                incidentTokens: whole.tokens, incidentCost: whole.cost,
                dayCost: try reader.spent(since: now.dayBegin).cost,
                monthCost: try reader.spent(since: now.monthBegin).cost)
        }
    }
}

extension EffectKey {
    /// Names the transcript of one attempt at a step.
    var transcript: String { attempt == 1 ? path : "\(path)#\(attempt)" }
}

extension Timestamp {
    /// 00:00 UTC of its day.
    var dayBegin: Timestamp { Timestamp(seconds: Double(Int(seconds) / 86_400 * 86_400)) }

    /// 00:00 UTC of the first of its month.
    var monthBegin: Timestamp {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        return Timestamp(seconds: dayBegin.seconds - Double((parts.tm_mday - 1) * 86_400))
    }
}
