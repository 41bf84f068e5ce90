import Detection
import FoundationEssentials
import Incidents
import Ledger
import Logging
import Model

// What goes into the ledger, and whom it is told to then.
extension Observatory {
    func commit(_ changes: [IncidentChange]) async {
        await committing.enter()
        defer { committing.leave() }
        metrics.incidentSignals += changes.count { !$0.lines.isEmpty }
        unsaved.changes += changes
        unsaved.bound()
        let saving = unsaved
        unsaved = Unsaved()
        let state = isRuleStateDirty ? ruleState() : nil
        isRuleStateDirty = false
        let (source, now) = (journalSource, clock.now().wall)
        do {
            try await ledger.write { transaction in
                if let cursor = saving.cursor {
                    try transaction.setJournalPosition(
                        source: source, cursor: cursor, counted: saving.entries, at: now)
                }
                try transaction.addCounts(
                    saving.counts.map { JournalCount(unit: $0.key.unit, priority: $0.key.priority, entries: $0.value) })
                for gap in saving.gaps { try transaction.append(gap: gap) }
                for change in saving.changes { try transaction.store(change) }
                if let state { try transaction.saveSnapshot(name: Self.ruleStateName, json: state, at: now) }
            }
            if refusedSince != nil { logger.notice("what was kept in memory is in the ledger now") }
            refusedSince = nil
        } catch {
            metrics.ledgerFailures += 1
            complain(error)
            keep(saving, changes: error.code != "ledger.refused")
            for case .opened(let incident, _, _) in changes { await listener?.incidentUnstored(incident, error) }
            await tell(changes.filter { if case .opened = $0 { false } else { true } })
            return
        }
        await tell(changes)
    }

    /// Once a minute at most: each line of ours is an entry in the next batch, which would be refused, and so on.
    private func complain(_ error: Fault) {
        let now = clock.now()
        if let since = refusedSince, now.since(since) < .seconds(60) { return }
        refusedSince = now
        logger.error("what was noticed is kept in memory only: \(error)")
    }

    private func tell(_ changes: [IncidentChange]) async {
        for change in changes {
            switch change {
            case .opened(let incident, _, _): await listener?.incidentOpened(incident)
            case .reopened(let id, _, _):
                if let incident = book.incident(id) { await listener?.incidentOpened(incident) }
            case .signalEnded(let id, _, let last): if last { await listener?.signalEnded(id) }
            case .joined(let id, let lines, let alert):
                if !lines.isEmpty, let incident = book.incident(id, as: alert) {
                    await listener?.incidentJoined(incident)
                }
            }
        }
    }

    /// Puts back what could not be stored, before anything that has come since.
    ///
    /// Changes that the ledger refuses for what they are (`changes` false) would be refused for ever: they go.
    private func keep(_ saving: Unsaved, changes: Bool) {
        var merged = saving
        if !changes { merged.changes = [] }
        merged.cursor = unsaved.cursor ?? saving.cursor
        merged.entries += unsaved.entries
        merged.counts.merge(unsaved.counts, uniquingKeysWith: +)
        merged.gaps += unsaved.gaps
        merged.changes += unsaved.changes
        unsaved = merged
        isRuleStateDirty = true
    }

    private func ruleState() -> String? {
        do {
            return String(decoding: try JSONEncoder().encode(engine.snapshot()), as: UTF8.self)
        } catch {
            logger.error("the state of the rules cannot be stored: \(error)")
            return nil
        }
    }
}
