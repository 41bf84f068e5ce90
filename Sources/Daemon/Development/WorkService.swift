import Console
import Delivery
import FoundationEssentials
import Glibc
import Ledger
import Logging
import Model

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
        case .poll(let running): return try await desk.poll(running: running)
        case .tool(let key, let name, let arguments):
            let (text, isError) = await tools.answer(name, arguments, for: try await task(key))
            return .tool(text: text, isError: isError)
        case .exchanges(let key):
            return .exchanges(
                try await ledger.read { try $0.exchanges(run: key.run, path: key.transcript) }.map(\.body))
        case .seen(let key): return .exchanges(try await ledger.read { try $0.exchanges(run: key.run) }.map(\.body))
        case .exchange(let key, let number, let body, let spent):
            let incident = try await task(key).incident.id
            let now = clock.now().wall
            let row = ExchangeRow(run: key.run, path: key.transcript, number: number, body: body, at: now)
            let spending = SpendingRow(
                incident: incident, model: spent.model, tokens: spent.tokens, cost: spent.cost)
            try await ledger.write { try $0.append(exchange: row, spending: spending) }
            return .done
        case .lost(let key, let spent):
            let incident = try await task(key).incident.id
            let now = clock.now().wall
            let spending = SpendingRow(incident: incident, model: spent.model, tokens: spent.tokens, cost: spent.cost)
            try await ledger.write { try $0.append(lost: spending, run: key.run, path: key.transcript, at: now) }
            return .done
        case .spent(let key): return .spent(try await spent(try await task(key).incident.id))
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

    private func spent(_ incident: String) async throws(Fault) -> WorkSpent {
        let now = clock.now().wall
        return try await ledger.read { reader in
            let whole = try reader.spent(since: Timestamp(microseconds: 0), incident: incident)
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
