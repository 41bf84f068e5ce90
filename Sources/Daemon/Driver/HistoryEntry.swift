import Escalation
import FoundationEssentials
import Incidents
import Ledger
import Model
import Runbooks
import Text

/// One event of a run with all that is stored because of it, in one transaction.
struct HistoryEntry: Sendable {
    static let hostScope = "host"
    /// Rows of a history that are not events: what was decided to be done, and the end.
    static let intentKind = "intent"
    static let endedKind = "ended"

    let event: RunEvent
    let before: RunState
    let after: RunState
    let effects: [RunEffect]
    let stamp: Stamp
    let header: RunHeader
    let incidents: [String: Incident]
    let number: Int
    /// Incidents for which another runbook gets its turn after this end, so that nobody is told yet.
    let followed: Set<String>
    let evidence: [String: [TimelineLine]]

    init(
        event: RunEvent, before: RunState, after: RunState, effects: [RunEffect], stamp: Stamp, run: OpenRun,
        followed: Set<String>, evidence: [String: [TimelineLine]]
    ) {
        self.event = event
        self.before = before
        self.after = after
        self.effects = effects
        self.stamp = stamp
        header = run.header
        incidents = run.incidents
        number = run.number + 1
        self.followed = followed
        self.evidence = evidence
    }

    /// The event, then a row for each effect.
    var lastNumber: Int { number + effects.count }

    /// The first step was allowed: it counts towards the host's budget.
    var isAdmission: Bool { if case .guarded(.passed) = event { true } else { false } }

    /// What must be kept even on a full disk: results of started steps, and ends.
    var mayUseReserve: Bool {
        switch event {
        case .result, .probed: true
        default: after.end != nil
        }
    }

    func store(_ transaction: LedgerTransaction, _ parts: DriverParts) throws {
        if case .created = event {
            try transaction.insertDefinition(
                digest: header.digest, name: header.runbook, text: after.definition.text, at: stamp.wall)
            try transaction.insert(run: header)
        }
        try transaction.append(
            event: try json(event), kind: event.kind, run: header.id, number: number, stamp: stamp)
        for (index, effect) in effects.enumerated() {
            let (kind, body) =
                if case .end(let end) = effect {
                    (Self.endedKind, try json(end))
                } else { (Self.intentKind, try json(effect)) }
            try transaction.append(event: body, kind: kind, run: header.id, number: number + 1 + index, stamp: stamp)
        }
        if isAdmission { try transaction.reserve(scope: Self.hostScope, run: header.id, stamp: stamp) }
        for incident in incidents.keys.sorted() {
            for var line in lines(of: incident) {
                if line.state == .resolved, try transaction.read.outbox(ofIncident: incident).isEmpty {
                    line.text += "; nobody was paged"
                }
                if line.evidence.isEmpty { line.evidence = [Evidence(.ledger, "run \(header.id)")] }
                try transaction.append(line: parts.masking.mask(line), to: incident)
            }
        }
        for page in pages { try parts.pager.enqueue(page, at: stamp.wall, in: transaction) }
    }

    /// The timeline's lines for one of the incidents; only it knows whether another runbook follows.
    func lines(of incident: String) -> [TimelineLine] {
        var lines = Narration.lines(of: event, before: before, after: after, effects: effects, now: stamp)
        // Where a sub-run ends is its parent's affair, which goes on.
        if after.facts?.parent != nil { return lines }
        if let at = lines.firstIndex(where: { $0.kind == .escalate }) {
            lines.insert(contentsOf: evidence[incident] ?? [], at: at)
        }
        guard let end = after.end, end.kind == .refused || end.kind == .observed, let last = lines.indices.last else {
            return lines
        }
        if followed.contains(incident) {
            lines[last].text += "; the next runbook gets its turn"
            lines[last].state = .open
        } else {
            lines[last].kind = .escalate
            lines[last].state = .escalated
        }
        return lines
    }

    /// Where each incident stands from here on, as far as this changes it.
    var incidentStates: [(incident: String, state: IncidentState)] {
        incidents.keys.sorted().compactMap { incident in
            lines(of: incident).last { $0.state != nil }?.state.map { (incident, $0) }
        }
    }

    /// What people are told, under keys that are the same after a crash.
    var pages: [Page] {
        var pages: [Page] = []
        let isSubrun = after.facts?.parent != nil
        for incident in incidents.values.sorted(by: { $0.id < $1.id }) {
            for effect in effects {
                if isSubrun, case .end = effect { continue }
                if let page = page(effect, incident) { pages.append(page) }
            }
        }
        if case .result(let key, .done) = event, case .step(let attempt) = before.phase, attempt.key == key,
            case .notify(let to, let text) = attempt.step
        {
            pages.append(Page(incident: header.incident ?? "", transition: "notify/\(key)", text: text, to: to))
        }
        return pages
    }

    private func page(_ effect: RunEffect, _ incident: Incident) -> Page? {
        let escalated = "escalated/\(header.id)"
        switch effect {
        case .ask(let request):
            return Page(
                incident: incident.id, transition: "approval/\(header.id)/\(request.path)/\(request.plan.prefix(8))",
                text: "\(header.runbook) asks for approval: \(incident.summary)")
        case .escalate(let escalation):
            return Page(
                incident: incident.id, transition: escalated, text: "\(incident.summary): \(escalation.reason)",
                to: escalation.clause.to)
        case .end(let end):
            switch end.kind {
            case .refused, .observed:
                guard !followed.contains(incident.id) else { return nil }
                // One page for each way in which a runbook cannot help an incident, however often it comes back.
                let transition = end.guard.map { "refused/\(header.runbook)/\($0)" } ?? escalated
                return Page(
                    incident: incident.id, transition: transition, text: "\(incident.summary): \(end.text)",
                    to: after.definition.escalate.to)
            case .resolved, .cancelled:
                return Page(
                    incident: incident.id, transition: "\(end.kind.rawValue)/\(header.id)", status: .resolved,
                    text: "\(incident.summary): \(end.text)")
            case .escalated: return nil
            }
        case .guards, .perform, .probe, .await, .cancel, .collect: return nil
        }
    }
}

extension RunEvent {
    /// The word under which the ledger keeps it.
    var kind: String {
        switch self {
        case .created: "created"
        case .guarded: "guarded"
        case .unblocked: "unblocked"
        case .started: "started"
        case .result: "result"
        case .probed: "probed"
        case .timer: "timer"
        case .watched: "watched"
        case .approved: "approved"
        case .rejected: "rejected"
        case .joined: "joined"
        case .signal: "signal"
        case .halted: "halted"
        case .withdrawn: "withdrawn"
        case .restarted: "restarted"
        case .broken: "broken"
        }
    }
}

func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
