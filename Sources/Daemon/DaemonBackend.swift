import Actuation
import Console
import FoundationEssentials
import Incidents
import Ledger
import Model
import Runbooks

/// Answers the console from memory and the ledger.
struct DaemonBackend: ConsoleBackend {
    let version: String
    let started: Timestamp
    let settings: Settings
    let content: CurrentContent
    let ledger: Ledger
    let observatory: Observatory
    let driver: Driver
    let executor: (any Executor)?
    let clock: HostClock

    func status() async throws(Fault) -> StatusView {
        let summary = await observatory.summary
        let counts = try await ledger.read { try $0.incidentCounts() }
        let halted = await driver.haltedBecause
        let attendance = await driver.parts.development?.desk.attendance
        return StatusView(
            version: version, since: started.description, halted: halted != nil,
            journal: .init(
                lag_seconds: summary.metrics.journalLag, entries: summary.metrics.journalEntries,
                gaps: summary.metrics.journalGaps),
            metrics: .init(targets: summary.targets, up: summary.up, series: summary.series),
            rules: .init(loaded: summary.rules, firing: summary.firing),
            incidents: Dictionary(
                IncidentState.allCases.map { ($0.rawValue, counts[$0] ?? 0) }, uniquingKeysWith: { $1 }),
            actuation: settings.actuation.rawValue,
            agents: .init(attendance, isChild: driver.parts.development?.startsAgents),
            warnings: warnings(summary, attendance))
    }

    private func warnings(_ summary: Observatory.Summary, _ attendance: WorkDesk.Attendance?) -> [String] {
        var warnings = summary.ruleErrors
        switch ledger.state {
        case .open: break
        case .full: warnings.append("The disk under the ledger is full: nothing new starts; pages still go out")
        case .closed(let fault): warnings.append("The ledger cannot be written: \(fault)")
        }
        if summary.targets > summary.up {
            warnings.append("\(summary.targets - summary.up) of \(summary.targets) scrape targets are down")
        }
        if let attendance, attendance.isMissed {
            let since = attendance.lastPoll.map { " since \($0)" } ?? ""
            warnings.append(
                "The agents' process is not heard\(since): no fix goes on. Is nightshift-agents.service running?")
        }
        if settings.escalation == nil {
            warnings.append("Nobody is told of what cannot be repaired: no escalation is set")
        }
        return warnings
    }

    func incidents() async throws(Fault) -> [IncidentView] {
        try await ledger.read { try $0.incidents().map { IncidentView($0) } }
    }

    func incident(prefix: String) async throws(Fault) -> IncidentView {
        try await ledger.read { reader in
            let found = try reader.incidents(prefix: prefix)
            guard let record = found.first else {
                throw Fault(
                    "incident.unknown", "There is no incident \(prefix)", hint: "nightshift incidents lists them.")
            }
            guard found.count == 1 else {
                let ids = found.map(\.incident.id).joined(separator: ", ")
                throw Fault("incident.ambiguous", "\(prefix) could be \(ids)", hint: "Type more of the ID.")
            }
            return IncidentView(record, timeline: try reader.timeline(of: record.incident.id))
        }
    }

    func query(_ expression: String, at: Timestamp?) async throws(Fault) -> String {
        await observatory.query(expression, at: at)
    }

    func ownMetrics() async -> String {
        let summary = await observatory.summary
        var gauges = OwnMetrics.Gauges()
        gauges.series = summary.series
        gauges.samplesDropped = summary.dropped
        gauges.rulesFiring = summary.firing
        gauges.halted = await driver.haltedBecause != nil
        gauges.agentsUp = await driver.parts.development?.desk.isAttended
        gauges.started = started
        do {
            let (counts, pending) = try await ledger.read {
                (try $0.incidentCounts(), try $0.pendingOutboxCount())
            }
            gauges.incidents = Dictionary(counts.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { $1 })
            gauges.outboxPending = pending
        } catch {
            // The ledger's own trouble is a metric already; these gauges are left at zero.
        }
        return summary.metrics.exposition(gauges)
    }
}

extension StatusView.Agents {
    init(_ attendance: WorkDesk.Attendance?, isChild: Bool?) {
        guard let attendance else {
            self.init(state: .absent)
            return
        }
        self.init(
            state: attendance.isHeard ? .heard : .waiting, last_poll: attendance.lastPoll?.description,
            tasks: attendance.tasks, own_child: isChild)
    }
}

// What people decide.
extension DaemonBackend {
    func approval(prefix: String) async throws(Fault) -> ApprovalView {
        let question = try await driver.question(of: prefix)
        return ApprovalView(
            incident: question.incident, run: question.run, plan_hash: question.request.plan,
            text: question.request.text,
            needs: question.request.needs, at_helper: settings.actuation == .exec && question.request.path == "run")
    }

    func runbooks() async throws(Fault) -> [RunbookView] {
        let installed = try await executor?.hello().installed ?? []
        let ends = try await ledger.read { try $0.runEnds() }
        return content.forRuns(settings).sorted { $0.name < $1.name }.map { runbook in
            RunbookView(
                name: runbook.name, description: runbook.description, when_not: runbook.whenNot ?? "",
                mode: runbook.effectiveMode.rawValue, risk: runbook.risk.rawValue, digest: runbook.digest,
                installed: installed.contains { $0.runbook == runbook.name && $0.digest == runbook.digest },
                record: ends[runbook.name] ?? [:])
        }
    }

    func perform(_ command: ControlCommand, by peer: Peer) async throws(Fault) -> String {
        let person = Person(uid: peer.uid, name: peer.name)
        switch command {
        case .approve(let id, let plan):
            return try await driver.approve(id, plan: plan, by: person, groups: peer.groups)
        case .reject(let id, let why):
            let run = try await driver.question(of: id).run
            let answer = try await driver.reject(id, why: why, by: person)
            try await noteRejection(why, by: person.name, ofRun: run)
            return answer
        case .fix(let id): return try await driver.fix(id, by: person.name)
        case .cancelWork(let id, let why):
            try await driver.withdraw(try await work(id).run, by: person.name, why: why)
            return "cancelled; what was begun is taken back or awaited"
        case .comment(let id, let text): return try await comment(id, text, by: person.name)
        case .close(let id): return try await driver.close(id, by: peer.name)
        case .halt(let why):
            try await driver.halt(by: peer.name, why: why)
            return "halted: nothing further starts until nightshift resume"
        case .resume: return try await resume(by: person)
        }
    }

    private func resume(by person: Person) async throws(Fault) -> String {
        if let core = executor as? ExecutorCore { try await core.resume(by: person) }
        try await driver.resume(by: person.name)
        return "actions are allowed again"
    }
}

extension LedgerReader {
    /// How the runs of each runbook ended: counts by the word of the end.
    func runEnds() throws -> [String: [String: Int]] {
        var ends: [String: [String: Int]] = [:]
        for run in try runs(since: Timestamp(microseconds: 0)) {
            guard let end = try end(of: run.id) else { continue }
            let word = try JSONDecoder().decode(RunEnd.self, from: Data(end.body.utf8)).kind.rawValue
            ends[run.runbook, default: [:]][word, default: 0] += 1
        }
        return ends
    }
}

extension IncidentView {
    init(_ record: IncidentRecord, timeline: [TimelineLine]? = nil) {
        self.init(
            record.incident, state: record.state, actedAt: record.actedAt, resolvedAt: record.resolvedAt,
            escalatedAt: record.escalatedAt, runbook: record.runbook, timeline: timeline)
    }
}

extension LedgerTransaction {
    /// Stores what an alert did to an incident; lines of one that the ledger does not have belong nowhere, and go.
    func store(_ change: IncidentChange) throws {
        if case .opened(let incident, _, _) = change {
            try insert(incident: incident)
        } else if try change.lines.isEmpty || read.incident(change.incident) == nil {
            return
        }
        for line in change.lines { try append(line: line, to: change.incident) }
    }
}
