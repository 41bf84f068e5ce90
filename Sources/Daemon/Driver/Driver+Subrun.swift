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
            let parent = run.state.facts,
            let facts = run.state.factsOfSubrun(
                key, subrun, runbook, claims: run.incidents[parent.incident]?.claims ?? [],
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
