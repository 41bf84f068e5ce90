import FoundationEssentials
import Ledger
import Logging
import Model
import Runbooks

/// A run that a step of another one begins.
struct NewSubrun: Sendable {
    let facts: RunFacts
    let runbook: Runbook
    let incidents: [String: Incident]
}

// Runs that begin runs: a sub-run is created in the transaction of its parent's START, and reports its end to it.
extension Driver {
    /// The run that this step begins; nil for any other kind of step.
    func newSubrun(_ key: EffectKey, _ step: RenderedStep) throws(Fault) -> NewSubrun? {
        guard case .runbook(let subrun) = step else { return nil }
        guard let run = open[key.run], let runbook = runbook(named: subrun.name),
            let facts = run.state.factsOfSubrun(
                key, subrun, runbook, claims: run.incidents.values.first?.claims ?? [],
                directory: "\(parts.runsDirectory)/\(key.subrunID)")
        else { throw Fault("subrun.unknown", "there is no runbook \"\(subrun.name)\"") }
        return NewSubrun(facts: facts, runbook: runbook, incidents: run.incidents)
    }

    func runbook(named name: String) -> Runbook? { parts.runbooks().first { $0.name == name } }

    /// The first entry of a new run, to be stored with whatever begins it.
    func created(_ new: NewSubrun, at now: Stamp) throws(Fault) -> HistoryEntry {
        let header: RunHeader
        do {
            header = RunHeader(
                id: new.facts.id, incident: new.facts.incident, runbook: new.runbook.name, digest: new.runbook.digest,
                occurrence: new.facts.occurrence, target: new.facts.target, mode: new.facts.mode.rawValue,
                trigger: try json(["run": new.facts.parent?.run ?? ""]), parameters: try json(new.facts.parameters),
                stamp: now)
        } catch {
            throw Fault("subrun.encoding", "the parameters of \(new.runbook.name) cannot be written as JSON")
        }
        let before = RunState(definition: new.runbook)
        let (after, effects) = decide(before, .created(new.facts), now: now)
        let run = OpenRun(header: header, incidents: new.incidents, state: before)
        return HistoryEntry(
            event: .created(new.facts), before: before, after: after, effects: effects, stamp: now, run: run,
            followed: [], evidence: [:])
    }

    /// Takes up a run whose creation is stored.
    func takeUp(_ entry: HistoryEntry, _ now: Stamp) {
        open[entry.header.id] = OpenRun(
            header: entry.header, incidents: entry.incidents, state: entry.after, number: entry.lastNumber,
            lastEvent: now)
        records.append(
            RunRecord(
                id: entry.header.id, runbook: entry.header.runbook, target: entry.header.target ?? "", created: now))
        for effect in entry.effects { dispatch(effect, of: entry.header.id) }
    }

    /// What became of the run that a step began: its own history says.
    func probeSubrun(_ key: EffectKey) async throws(Fault) -> Probed {
        let id = key.subrunID
        if open[id] != nil { return .running }
        let (header, end) = try await parts.ledger.read { (try $0.run(id), try $0.end(of: id)) }
        guard header != nil else { return .void }
        guard let end else { return .running }
        return .result(try RunEnd(stored: end).outcome(ofSubrun: id))
    }

    /// The runs that began it, the nearest first.
    func ancestors(of run: OpenRun) -> Set<String> {
        var found: Set<String> = []
        var next = run.parent?.run
        while let id = next, found.insert(id).inserted { next = open[id]?.parent?.run }
        return found
    }
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
        guard let pipeline = runbook(named: name) else { return }
        do {
            guard try await parts.ledger.read({ try $0.incident(incident.id)?.state }) == .escalated else { return }
            await begin(pipeline, for: incident, project: project.snapshot)
        } catch {
            parts.logger.error("the fix of incident \(incident.id) cannot be begun: \(error)")
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

extension RunEnd {
    /// Reads the row of kind `ended`.
    init(stored: StoredEvent) throws(Fault) {
        do {
            self = try JSONDecoder().decode(RunEnd.self, from: Data(stored.body.utf8))
        } catch {
            throw Fault("ledger.newer", "the end of run \(stored.run) is written as this version does not know")
        }
    }
}
