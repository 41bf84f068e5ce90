import Escalation
import FoundationEssentials
import Incidents
import Ledger
import Logging
import Model
import Runbooks

// After a restart.
extension Driver {
    private static let aliveName = "driver.alive"

    /// Folds every open run, tells it that the driver began anew, and answers incidents that nobody has answered yet.
    func recover() async throws(Fault) {
        let now = parts.clock.now()
        let (runs, recent, halt, alive, unanswered) = try await parts.ledger.read { reader in
            (
                try reader.openRuns(), try reader.records(since: now.wall - RunRecord.memory),
                try reader.halt(), try reader.snapshot(name: Self.aliveName),
                try reader.incidents(states: [.open, .acting, .awaitingApproval, .verifying])
            )
        }
        let day = Duration.seconds(86_400)
        let escalated = try await parts.ledger.read { try $0.incidents(states: [.escalated]) }
            .filter { now.wall - ($0.escalatedAt ?? $0.incident.openedAt) < day }.map(\.incident)
        records = recent.filter { now.since($0.created) <= RunRecord.memory }
        self.halt = halt.flatMap { $0.halted ? "\($0.person): \($0.why)" : nil }
        // A sign that cannot be read is as none: then the downtime counts from the run's last event.
        let sign = alive.flatMap { try? JSONDecoder().decode(Stamp.self, from: Data($0.utf8)) }
        for header in runs { try await take(up: header) }
        for id in open.keys.sorted() {
            let silence = [open[id]?.lastEvent, sign].compactMap { $0.map { now.since($0) } }.min()
            await feedLoosely(.restarted(downtime: silence ?? .zero), to: id)
        }
        for record in unanswered.reversed() { try await answer(record.incident) }
        for incident in escalated { try await developAnew(incident) }
    }

    /// After a write whose fate nobody knows: what is on disk is the truth, and every run is folded from it again.
    func takeUpAnew() async throws(Fault) {
        open = [:]
        try await recover()
    }

    private func take(up header: RunHeader) async throws(Fault) {
        let (definition, history, first) = try await parts.ledger.read { reader in
            (
                try reader.definition(digest: header.digest), try reader.history(of: header.id),
                try header.incident.flatMap { try reader.incident($0) }
            )
        }
        guard let definition, let first else {
            throw Fault("ledger.incomplete", "The definition or the incident of run \(header.id) is missing")
        }
        do {
            let state = try fold(history, over: Runbook.parse(definition.text, file: "\(definition.name).yaml"))
            var incidents = [first.incident.id: first.incident]
            for id in state.signals.keys where incidents[id] == nil {
                incidents[id] = try await parts.ledger.read { try $0.incident(id)?.incident }
            }
            open[header.id] = OpenRun(
                header: header, incidents: incidents, state: state, number: history.last?.number ?? 0,
                lastEvent: history.last?.stamp ?? header.stamp)
        } catch {
            // A history that this version cannot fold must not stop all others: a person goes on with it.
            parts.logger.critical("run \(header.id) cannot be taken up: \(error)")
            await giveUp(header, first.incident, history.last?.number ?? 0, "\(error)")
        }
    }

    /// The state that a stored history gives; its intents follow from its events, and are not read.
    func fold(_ history: [StoredEvent], over runbook: Runbook) throws -> RunState {
        let events = try history.filter { $0.kind != HistoryEntry.intentKind && $0.kind != HistoryEntry.endedKind }
            .map { stored in
                (event: try JSONDecoder().decode(RunEvent.self, from: Data(stored.body.utf8)), stamp: stored.stamp)
            }
        return RunState.fold(events, over: runbook)
    }

    private func giveUp(_ header: RunHeader, _ incident: Incident, _ number: Int, _ why: String) async {
        let (parts, now) = (parts, parts.clock.now())
        let reason = "Nightshift cannot go on with run \(header.id): \(why)"
        do {
            let end = try json(RunEnd(.escalated, reason))
            try await parts.ledger.write(usingReserve: true) { transaction in
                try transaction.append(
                    event: end, kind: HistoryEntry.endedKind, run: header.id, number: number + 1, stamp: now)
                let line = TimelineLine(
                    at: now.wall, kind: .escalate, text: reason, evidence: [Evidence(.ledger, "run \(header.id)")],
                    state: .escalated, runbook: header.runbook)
                try transaction.append(line: parts.masking.mask(line), to: incident.id)
                try parts.pager.enqueue(
                    Page(incident: incident.id, transition: "escalated/\(header.id)", text: reason), at: now.wall,
                    in: transaction)
            }
            parts.wakeOutbox()
        } catch {
            parts.logger.critical("run \(header.id) cannot be ended: \(error)")
        }
    }

    /// An incident that was stored and then nobody had time to answer, or whose last run was refused.
    private func answer(_ incident: Incident) async throws(Fault) {
        guard !open.values.contains(where: { $0.incidents[incident.id] != nil }) else { return }
        let last = try await parts.ledger.read { reader in
            try reader.runs(ofIncident: incident.id).last.map { ($0, try reader.end(of: $0.id)) }
        }
        if let (run, end) = last, let end,
            // An end that cannot be read is as none: the incident is answered from the start.
            let ended = try? JSONDecoder().decode(RunEnd.self, from: Data(end.body.utf8)),
            ended.kind == .refused
        {
            await tryNext(incident.id, after: run.runbook)
        } else {
            await respond(to: incident)
        }
    }

    /// Remembers that this process is alive, so that the next one knows how long nobody was.
    func markAlive() async {
        let now = parts.clock.now()
        do {
            let text = try json(now)
            try await parts.ledger.write { try $0.saveSnapshot(name: Self.aliveName, json: text, at: now.wall) }
        } catch {
            parts.logger.error("the driver's sign of life cannot be stored: \(error)")
        }
    }
}

extension LedgerReader {
    /// What limits need of the runs created at or after a time, oldest first.
    func records(since: Timestamp) throws -> [RunRecord] {
        let acted = Dictionary(
            try reservations(scope: HistoryEntry.hostScope, since: since).map { ($0.run, $0.stamp) },
            uniquingKeysWith: { first, _ in first })
        return try runs(since: since).map { run in
            RunRecord(
                id: run.id, runbook: run.runbook, target: run.target ?? "", created: run.stamp, acted: acted[run.id],
                ended: try end(of: run.id)?.stamp)
        }
    }
}
