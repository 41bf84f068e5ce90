import Escalation
import Incidents
import Ledger
import Logging
import Model
import Runbooks
import Text

// Which runbook answers an incident, and the creation of its run.
extension Driver: IncidentListener {
    /// The incident is stored and wants something done; told again, or open again, it may have a run already.
    func incidentOpened(_ incident: Incident) async { await respond(to: incident) }

    func incidentUnstored(_ incident: Incident, _ why: Fault) async { unstorable(incident, why) }

    /// An alert that joined an incident may bring a runbook of its own: it gets its turn once no other is at work.
    func incidentJoined(_ incident: Incident) async {
        if let id = openRun(of: incident) {
            if open[id]?.joining.contains(where: { $0.labels == incident.labels }) == false {
                open[id]?.joining.append(incident)
            }
            return
        }
        do {
            let (state, tried) = try await parts.ledger.read { reader in
                (try reader.incident(incident.id)?.state, try reader.runs(ofIncident: incident.id).map(\.runbook))
            }
            guard let state, !state.isEnded else { return }
            if let runbook = candidates(for: incident).first(where: { !tried.contains($0.name) }) {
                await begin(runbook, for: incident)
            }
        } catch {
            parts.logger.error("the runbook of an alert that joined incident \(incident.id) cannot be chosen: \(error)")
        }
    }

    func signalEnded(_ incident: String) async {
        // What was begun by its name goes on: the defect is there, whether it shows or not.
        for (id, run) in open where run.incidents[incident] != nil && !run.state.definition.isBegunByName {
            await feedLoosely(.signal(incident: incident, stands: false), to: id)
        }
    }
}

extension Driver {
    /// Begins a run for an incident that is stored, or tells people where no runbook covers it.
    func respond(to incident: Incident) async {
        if let id = openRun(of: incident) {
            await feedLoosely(.signal(incident: incident.id, stands: true), to: id)
        } else if let first = candidates(for: incident).first {
            await begin(first, for: incident)
        } else {
            await escalateUncovered(incident)
        }
    }

    /// The repair that is at work on it; a fix, which may take days, keeps no repair from being tried again.
    private func openRun(of incident: Incident) -> String? {
        open.first { $1.incidents[incident.id] != nil && !$1.state.definition.isBegunByName }?.key
    }

    /// The incidents for which another runbook gets its turn: only where this one was refused before it acted.
    func followed(_ end: RunEnd, _ run: OpenRun) -> Set<String> {
        guard end.kind == .refused else { return [] }
        return Set(run.incidents.values.filter { next(for: $0, after: run.header.runbook) != nil }.map(\.id))
    }

    func tryNext(_ incident: String, after runbook: String) async {
        do {
            guard let record = try await parts.ledger.read({ try $0.incident(incident) }), record.state == .open,
                let next = next(for: record.incident, after: runbook)
            else { return }
            await begin(next, for: record.incident)
        } catch {
            parts.logger.error("the next runbook for incident \(incident) cannot be chosen: \(error)")
        }
    }

    /// Those that match, lowest risk first, then by name.
    private func candidates(for incident: Incident) -> [Runbook] {
        RunbookSet(parts.runbooks()).matching(incident.labels)
    }

    private func next(for incident: Incident, after runbook: String) -> Runbook? {
        let all = candidates(for: incident)
        guard let index = all.firstIndex(where: { $0.name == runbook }) else { return nil }
        return all.dropFirst(index + 1).first
    }

    func begin(_ runbook: Runbook, for incident: Incident, project: JSONValue? = nil) async {
        await creation.enter()
        defer { creation.leave() }
        let binding = runbook.bind(labels: incident.labels, claims: incident.claims, project: project)
        var target = incident.fingerprint
        if case .bound(let parameters) = binding, let value = runbook.targetValue(parameters) { target = value }
        if let (id, run) = open.first(where: { $1.header.runbook == runbook.name && $1.header.target == target }) {
            if run.incidents[incident.id] == nil, runbook.isBegunByName {
                return await wait(WaitingFix(incident: incident, runbook: runbook.name, target: target), for: id)
            }
            // One that ends just now takes nobody in.
            if await feedLoosely(.joined(incident: incident.id), to: id, joining: incident) { return }
        }
        do {
            let earlier = try await parts.ledger.read { try $0.runs(ofIncident: incident.id) }
            let occurrence = earlier.count { $0.runbook == runbook.name } + 1
            let id = String(Digest.sha256("\(incident.id) \(runbook.name) \(occurrence)".utf8).prefix(16))
            let facts = RunFacts(
                id: id, runbook: runbook.name, digest: runbook.digest, incident: incident.id,
                fingerprint: incident.fingerprint, labels: incident.labels, binding: binding,
                mode: parts.observesOnly ? .observe : runbook.effectiveMode, target: target, occurrence: occurrence,
                directory: "\(parts.runsDirectory)/\(id)", project: project)
            try await create(facts, runbook, incident)
        } catch {
            unstorable(incident, error)
        }
    }

    private func create(_ facts: RunFacts, _ runbook: Runbook, _ incident: Incident) async throws {
        let stamp = parts.clock.now()
        let header = RunHeader(
            id: facts.id, incident: incident.id, runbook: runbook.name, digest: runbook.digest,
            occurrence: facts.occurrence, target: facts.target, mode: facts.mode.rawValue,
            trigger: try json(["incident": incident.id]), parameters: try json(facts.parameters), stamp: stamp)
        open[facts.id] = OpenRun(
            header: header, incidents: [incident.id: incident], state: RunState(definition: runbook))
        records.append(RunRecord(id: facts.id, runbook: runbook.name, target: facts.target, created: stamp))
        do {
            try await feed(.created(facts), to: facts.id)
        } catch {
            open[facts.id] = nil
            records.removeAll { $0.id == facts.id }
            throw error
        }
    }

    private func escalateUncovered(_ incident: Incident) async {
        let (parts, now) = (parts, parts.clock.now().wall)
        do {
            try await parts.ledger.write(usingReserve: true) { transaction in
                let times = try transaction.read.timeline(of: incident.id).count { $0.state == .escalated } + 1
                let line = TimelineLine(
                    at: now, kind: .escalate, text: "no runbook covers it",
                    evidence: [Evidence(.rule, incident.rule.short)], state: .escalated)
                try transaction.append(line: line, to: incident.id)
                try parts.pager.enqueue(
                    Page(incident: incident.id, transition: "uncovered/\(times)", text: incident.summary), at: now,
                    in: transaction)
            }
            parts.wakeOutbox()
            await parts.observations.set(.escalated, of: incident.id)
            later { await self.develop(incident, after: nil, nil) }
        } catch {
            unstorable(incident, error)
        }
    }

    /// The ledger cannot be written: nothing is done, people are told from memory, and it is tried again.
    private func unstorable(_ incident: Incident, _ error: any Error) {
        let now = parts.clock.now()
        let isNew = unstarted[incident.id] == nil
        guard !isNew || unstarted.count < 1000 else { return }
        unstarted[incident.id] = (incident, now)
        guard isNew else { return }
        parts.logger.error("incident \(incident.id) cannot be acted upon, it is tried again: \(error)")
        let text = "\(incident.summary); the ledger cannot be written, so nothing is done about it: \(error)"
        let view = IncidentView(
            incident, state: .open, actedAt: nil, resolvedAt: nil, escalatedAt: nil, runbook: nil, timeline: [])
        do {
            let rows = try parts.pager.messages(
                Page(incident: incident.id, transition: "unstored", text: text), incident: view, at: now.wall)
            parts.sendFromMemory(rows)
        } catch {
            parts.logger.critical("nobody can be told of incident \(incident.id): \(error)")
        }
    }
}
