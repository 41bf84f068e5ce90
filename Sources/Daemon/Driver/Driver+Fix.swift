import Delivery
import Ledger
import Logging
import Model
import Runbooks

/// A fix that waits until another one of its project has ended; in memory, since a restart finds it out again.
struct WaitingFix: Sendable {
    let incident: Incident
    let runbook: String
    let target: String
}

// What no runbook covers, or none has repaired: a project's fix.
extension Driver {
    /// Begins the fix of an incident that is escalated, where it is about a project's unit and its runbook does not forbid it.
    func develop(_ incident: Incident, after definition: Runbook?, _ end: RunEnd?) async {
        guard let development = parts.development, let project = development.project(of: incident) else { return }
        switch end?.kind {
        case .escalated?, .refused?, nil: break
        case .resolved?, .observed?, .cancelled?: return
        }
        guard definition?.isBegunByName != true, definition?.escalate.agents != .nothing else { return }
        let name = definition?.escalate.agents == .rootCause ? Development.diagnosis : Development.pipeline
        await begin(fix: name, of: incident, project)
    }

    private func begin(fix name: String, of incident: Incident, _ project: Project) async {
        guard let pipeline = runbook(named: name) else { return }
        do {
            guard try await parts.ledger.read({ try $0.incident(incident.id)?.state }) == .escalated else { return }
            await begin(pipeline, for: incident, project: project.snapshot)
        } catch {
            parts.logger.error("the fix of incident \(incident.id) cannot be begun: \(error)")
        }
    }

    /// One fix of a project at a time, and each of its own defect: the next incident's waits.
    func wait(_ fix: WaitingFix, for run: String) async {
        guard waitingFixes.updateValue(fix, forKey: fix.incident.id) == nil else { return }
        let line = TimelineLine(
            at: parts.clock.now().wall, kind: .note,
            text: "a fix of \(fix.target) is at work already; this incident's waits until it has ended",
            evidence: [Evidence(.ledger, "run \(run)")])
        do {
            try await parts.ledger.write { transaction in
                let told = try transaction.read.timeline(of: fix.incident.id).contains { $0.text == line.text }
                if !told { try transaction.append(line: line, to: fix.incident.id) }
            }
        } catch {
            parts.logger.error("the timeline cannot say that a fix waits: \(error)")
        }
    }

    /// Begins the fixes whose project is free again, once the definition's cooldown is over.
    func beginWaitingFixes(_ now: Stamp) async {
        for (id, fix) in waitingFixes.sorted(by: { $0.key < $1.key }) {
            let isBusy = open.values.contains { $0.header.runbook == fix.runbook && $0.header.target == fix.target }
            let cooldown = runbook(named: fix.runbook)?.limits.cooldown ?? .zero
            let isFresh = records.contains { record in
                record.runbook == fix.runbook && record.target == fix.target
                    && record.ended.map { now.since($0) < cooldown } ?? false
            }
            guard !isBusy, !isFresh else { continue }
            waitingFixes[id] = nil
            guard let project = parts.development?.project(of: fix.incident) else { continue }
            await begin(fix: fix.runbook, of: fix.incident, project)
        }
    }

    /// Begins what the last process had no time to begin.
    func developAnew(_ incident: Incident) async throws(Fault) {
        guard parts.development != nil else { return }
        let (runs, last, text) = try await parts.ledger.read { reader in
            let runs = try reader.runs(ofIncident: incident.id)
            return (
                runs, try runs.last.flatMap { try reader.end(of: $0.id) },
                try runs.last.flatMap { try reader.definition(digest: $0.digest)?.text }
            )
        }
        guard !runs.contains(where: { $0.runbook == Development.pipeline || $0.runbook == Development.diagnosis })
        else {
            return
        }
        guard let last, let text else { return await develop(incident, after: nil, nil) }
        // A definition that this version cannot read forbids nothing.
        let definition = try? Runbook.parse(text, file: "stored.yaml")
        await develop(incident, after: definition, try RunEnd(stored: last))
    }

    /// A person asks for the fix of an incident, whatever its runbook says.
    func fix(_ prefix: String, by person: String) async throws(Fault) -> String {
        guard let development = parts.development else {
            throw Fault(
                "agents.none", "No agent works here: agents.provider is none",
                hint: "Set a provider and projects in the settings.")
        }
        let record = try await one(prefix)
        guard let project = development.project(of: record.incident) else {
            throw Fault(
                "agents.project", "No project of the settings has the unit of this incident",
                hint: "projects.NAME.units says which units belong to one.")
        }
        guard let pipeline = runbook(named: Development.pipeline) else {
            throw Fault("agents.pipeline", "There is no definition \(Development.pipeline) among the runbooks")
        }
        guard !record.state.isEnded else { throw Fault("incident.ended", "The incident has ended") }
        if open.values.contains(where: { $0.incidents[record.incident.id] != nil }) {
            throw Fault("incident.busy", "A run is at work on it", hint: "nightshift work list shows it.")
        }
        if let other = open.values.first(where: {
            $0.header.runbook == pipeline.name && $0.header.target == project.name
        }) {
            throw Fault(
                "fix.busy", "A fix of \(project.name) is at work, for incident \(other.header.incident ?? "")",
                hint: "nightshift work list shows it; ask again when it has ended.")
        }
        let line = TimelineLine(
            at: parts.clock.now().wall, kind: .note, text: "\(person) asks for a fix",
            evidence: [Evidence(.person, person)])
        try await parts.ledger.write { try $0.append(line: line, to: record.incident.id) }
        await begin(pipeline, for: record.incident, project: project.snapshot)
        return "a fix is begun; nightshift work list shows it"
    }

    private func one(_ prefix: String) async throws(Fault) -> IncidentRecord {
        let found = try await parts.ledger.read { try $0.incidents(prefix: prefix) }
        guard found.count == 1, let record = found.first, !prefix.isEmpty else {
            throw Fault("incident.unknown", "\(prefix) is no incident, or several")
        }
        return record
    }
}
