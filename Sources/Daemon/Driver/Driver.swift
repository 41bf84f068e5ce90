import Actuation
import FoundationEssentials
import Ledger
import Logging
import Model
import Runbooks
import Text

/// The only caller of `decide` and the only writer of histories: it turns incidents into runs, and runs into effects.
///
/// The commit protocol: an event, the intents that follow from it, its timeline lines, its pages and its reservations
/// are one synced transaction; only then is anything done. A step's START is an event of its own, committed before the
/// step begins, and its RESULT the next. After a crash every open run is folded anew and told `restarted`.
actor Driver {
    /// Something to be done after a commit; it feeds what came of it back as an event.
    typealias Job = @Sendable () async -> Void

    let parts: DriverParts
    var open: [String: OpenRun] = [:]
    var records: [RunRecord] = []
    /// Why nothing may start; nil where nothing is halted here.
    var halt: String?
    /// Incidents whose run could not be created, because the ledger could not be written, and since when.
    var unstarted: [String: (incident: Incident, since: Stamp)] = [:]
    /// Fixes that wait until another one of their project has ended, by incident.
    var waitingFixes: [String: WaitingFix] = [:]
    /// Guards and the locks and budgets that they give out: one run at a time.
    let admission = Turnstile()
    /// Creation of runs: one at a time, so that two incidents never start two runs on one target.
    let creation = Turnstile()
    /// Requests that this process is sending.
    var requests: Set<EffectKey> = []
    var lastSign: Stamp?
    var lastAsk: Stamp?
    /// Whether the log says that the agents' process is not heard.
    var isSilenceLogged = false
    private var jobs: [Job] = []
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(_ parts: DriverParts) {
        self.parts = parts
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes up what the last process left, then drives every run until the task is cancelled.
    func run() async throws {
        try await recover()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTime() }
            group.addTask { await self.listen() }
            for await _ in wakes {
                for job in takeJobs() { group.addTask { await job() } }
            }
            group.cancelAll()
        }
    }

    /// Runs that have not ended.
    var openCount: Int { open.count }
    /// Nothing is under way, and nothing waits for the ledger.
    var isIdle: Bool { open.isEmpty && unstarted.isEmpty && waitingFixes.isEmpty }

    func later(_ job: @escaping Job) {
        jobs.append(job)
        wake.yield()
    }

    /// What is to be done next; whoever takes it does it.
    func takeJobs() -> [Job] {
        defer { jobs = [] }
        return jobs
    }

    /// Gives a run an event: decides, stores, and has the effects performed. A run that has ended takes no more events.
    ///
    /// Throws where the event could not be stored; then it did not happen, and the run stands where it stood.
    ///
    /// `beginning` is a sub-run that the event begins: it is created in the same transaction, or not at all. `joining` is
    /// an incident that the run answers from this event on. The answer is false where the run has ended.
    @discardableResult
    func feed(
        _ event: RunEvent, to id: String, beginning child: NewSubrun? = nil, joining incident: Incident? = nil
    ) async throws(Fault) -> Bool {
        guard let turnstile = open[id]?.turnstile else { return false }
        await turnstile.enter()
        defer { turnstile.leave() }
        guard open[id] != nil else { return false }
        if let incident { open[id]?.incidents[incident.id] = incident }
        guard let run = open[id] else { return false }
        let now = parts.clock.now()
        let (state, effects) = decide(run.state, event, now: now)
        guard !effects.isEmpty || !state.isSame(as: run.state) else { return true }
        let entry = HistoryEntry(
            event: event, before: run.state, after: state, effects: effects, stamp: now, run: run,
            followed: state.end.map { followed($0, run) } ?? [], evidence: await evidence(effects, run))
        let parts = parts
        let created: HistoryEntry? = if let child { try self.created(child, at: now) } else { nil }
        do {
            try await parts.ledger.write(usingReserve: entry.mayUseReserve) { transaction in
                try entry.store(transaction, parts)
                try created?.store(transaction, parts)
            }
        } catch {
            open[id]?.stalledSince = now
            throw error
        }
        open[id]?.state = state
        open[id]?.number = entry.lastNumber
        open[id]?.lastEvent = now
        note(entry)
        if !entry.pages.isEmpty { parts.wakeOutbox() }
        for (incident, state) in entry.incidentStates { await parts.observations.set(state, of: incident) }
        if let created { takeUp(created, now) }
        for effect in effects { dispatch(effect, of: id) }
        if let end = state.end { ended(id, end, followed: entry.followed) }
        return true
    }

    /// Gives a run an event that must not be lost: tries until it is stored or the task is cancelled.
    func feedSurely(_ event: RunEvent, to id: String) async {
        while !Task.isCancelled {
            do {
                try await feed(event, to: id)
                return
            } catch {
                parts.logger.error("an event of run \(id) cannot be stored, trying again: \(error)")
                do { try await parts.clock.sleep(.seconds(1)) } catch { return }  // cancelled: a restart finds it out
            }
        }
    }

    /// Gives a run an event that can be found out again; where it cannot be stored, the run is taken up again later.
    /// The answer is false where the run has ended.
    @discardableResult
    func feedLoosely(_ event: RunEvent, to id: String, joining incident: Incident? = nil) async -> Bool {
        guard !Task.isCancelled else { return true }
        do {
            return try await feed(event, to: id, joining: incident)
        } catch {
            parts.logger.error("run \(id) waits for the ledger: \(error)")
            return true
        }
    }

    func dispatch(_ effect: RunEffect, of id: String) {
        switch effect {
        case .guards: later { await self.admit(id) }
        case .perform(let key, let step): later { await self.perform(key, step) }
        case .probe(let key): later { await self.probe(key) }
        case .await(let key): later { await self.awaitResult(of: key) }
        case .cancel(let key): later { await self.cancel(key) }
        case .collect(let key): later { await self.collect(key) }
        case .ask(let request): if request.path == Self.runPath { later { await self.askAgain(id) } }
        case .escalate, .end: break  // all in the transaction: a line, a page, the end
        }
    }

    private func evidence(_ effects: [RunEffect], _ run: OpenRun) async -> [String: [TimelineLine]] {
        guard
            case .escalate(let escalation)? = effects.first(where: { if case .escalate = $0 { true } else { false } }),
            escalation.clause.logs != nil || escalation.clause.metrics != nil
        else { return [:] }
        var lines: [String: [TimelineLine]] = [:]
        for (id, incident) in run.incidents { lines[id] = await parts.evidence(incident, escalation.clause) }
        return lines
    }

    /// Keeps the limits' records in step with what was stored.
    private func note(_ entry: HistoryEntry) {
        if let index = records.lastIndex(where: { $0.id == entry.header.id }) {
            if entry.isAdmission { records[index].acted = entry.stamp }
            if entry.after.end != nil { records[index].ended = entry.stamp }
        }
        records.removeAll { entry.stamp.since($0.created) > RunRecord.memory }
    }

    /// After a run's end: the next runbook where this one refused, and whoever waited for its locks.
    private func ended(_ id: String, _ end: RunEnd, followed: Set<String>) {
        guard let run = open.removeValue(forKey: id) else { return }
        if let parent = run.parent {
            later { await self.feedSurely(.result(key: parent, outcome: end.outcome(ofSubrun: id)), to: parent.run) }
        } else {
            let definition = run.state.definition
            for incident in run.incidents.values.sorted(by: { $0.id < $1.id }) where !followed.contains(incident.id) {
                later { await self.develop(incident, after: definition, end) }
            }
        }
        for (other, waiting) in open.sorted(by: { $0.key < $1.key }) {
            if case .waiting = waiting.state.phase { later { await self.feedLoosely(.unblocked, to: other) } }
        }
        for incident in run.joining.prefix(8) { later { await self.incidentJoined(incident) } }
        let runbook = run.header.runbook
        for incident in followed.sorted() {
            later { await self.tryNext(incident, after: runbook) }
        }
    }
}
