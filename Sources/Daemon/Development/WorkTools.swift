import Actuation
import Delivery
import Detection
import FoundationEssentials
import Incidents
import Journal
import Ledger
import Model
import Runbooks
import Series
import Text

/// The daemon's side of the agents' tools: all of it reads, within bounds, and every answer is masked.
///
/// What comes from the journal, raw or as templates, is given only where the project's settings let logs be sent to a model.
struct WorkTools: Sendable {
    let settings: Settings
    let ledger: Ledger
    let observatory: Observatory
    let bus: SystemBus
    let clock: HostClock
    let masking: Masking

    static let textMax = 16_000
    static let spanMax = Duration.seconds(24 * 3600)

    /// The answer to one call; what cannot be answered is a sentence with `isError`.
    func answer(_ name: String, _ arguments: JSONValue, for task: WorkTask) async -> (text: String, isError: Bool) {
        do {
            let text = try await look(name, arguments, task)
            let masked = masking.mask(text)
            return (
                masked.utf8.count <= Self.textMax ? masked : String(masked.prefix(Self.textMax)) + "\n… (cut)", false
            )
        } catch {
            return (masking.mask(error.description), true)
        }
    }

    private func look(_ name: String, _ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        if Self.ofTheJournal.contains(name) { try allowLogs(of: try unitName(arguments, task), task) }
        switch name {
        case "journal": return try await journal(arguments, task, isRaw: false)
        case "raw-journal": return try await journal(arguments, task, isRaw: true)
        case "templates": return try await templates(arguments, task)
        case "metrics": return try await metrics(arguments)
        case "unit": return try await unit(arguments, task)
        case "changes": return try await changes(arguments, task)
        case "history": return try await history(task)
        default: throw Fault("tool.unknown", "there is no tool \"\(name)\"")
        }
    }

    // MARK: - Arguments

    func unitName(_ arguments: JSONValue, _ task: WorkTask) throws(Fault) -> String {
        guard let unit = arguments["unit"]?.string ?? task.incident.labels["unit"] else {
            throw Fault("tool.argument", "name a unit: the incident is about none")
        }
        return unit
    }

    func span(_ arguments: JSONValue, _ key: String, default fallback: Duration) throws(Fault) -> Duration {
        guard let text = arguments[key]?.string else { return fallback }
        guard let span = Duration(parsing: text), span > .zero, span <= Self.spanMax else {
            throw Fault("tool.argument", "\"\(key)\" is a duration such as 15m, at most 24h, not \"\(text)\"")
        }
        return span
    }

    // MARK: - Series, units, history

    private func metrics(_ arguments: JSONValue) async throws(Fault) -> String {
        guard let expression = arguments["expr"]?.string else {
            throw Fault("tool.argument", "\"expr\" is missing: a PromQL expression")
        }
        var at: Timestamp?
        if let text = arguments["at"]?.string {
            at = Timestamp(parsing: text)
            if at == nil { throw Fault("tool.argument", "\"at\" is a time such as 2026-11-24T03:12:07Z") }
        }
        return await observatory.query(expression, at: at)
    }

    private func unit(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        let name = try unitName(arguments, task)
        let state = try await bus.state(of: name)
        return """
            \(name) (\(state.id)): \(state.loadState), \(state.activeState) (\(state.subState)), \
            result \(state.result), exit \(state.exitStatus), restarts \(state.restarts), \
            InvocationID \(state.invocationID), names \(state.names.joined(separator: " "))
            """
    }

    /// What changed on this host: unit starts and reloads, and packages, as PID 1 and dpkg's log tell.
    private func changes(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        let before = try span(arguments, "before", default: Self.spanMax)
        let (from, now) = (task.incident.openedAt - before, clock.now().wall)
        var lines: [(at: String, text: String)] = []
        if let name = arguments["unit"]?.string ?? task.incident.labels["unit"] {
            let excerpt = try await JournalExcerpt.read(
                settings.journal.source, unit: name, from: from, through: now, keeping: 20_000)
            lines += Self.saidBySystemd(excerpt.entries)
        }
        lines += PackageLog.lines(since: from)
        let runs = try await ledger.read { try $0.runs(since: from) }
        for run in runs where run.runbook == "deploy" || run.runbook == "stage" {
            lines.append((run.stamp.wall.description, "\(run.runbook) by Nightshift: \(run.parameters)"))
        }
        if let revision = task.revision { lines.append((now.description, "deployed now: revision \(revision)")) }
        guard !lines.isEmpty else { return "nothing changed since \(from), as far as systemd and dpkg tell" }
        return lines.sorted { $0.at < $1.at }.suffix(100).map { "\($0.at) \($0.text)" }.joined(separator: "\n")
    }

    /// What PID 1 said of the unit, which is no log text of the service: the kernel vouches for `_PID`, and the words are
    /// systemd's own with names that unit files give. Nothing that a service or its clients write is in it, so it may be
    /// sent where logs may not.
    static func saidBySystemd(_ entries: [LogEntry]) -> [(at: String, text: String)] {
        entries.filter { $0["_PID"] == "1" }.map { ($0.at.description, "systemd: \($0.message.prefix(200))") }
    }

    /// Earlier incidents of the same unit or kind, and how they ended.
    private func history(_ task: WorkTask) async throws(Fault) -> String {
        let records = try await ledger.read { try $0.incidents() }
        let like = records.filter { record in
            record.incident.id != task.incident.id
                && (record.incident.labels["unit"] == task.incident.labels["unit"]
                    || record.incident.name == task.incident.name)
        }
        guard !like.isEmpty else { return "no earlier incident of this unit or kind" }
        return like.prefix(30).map { record in
            let runbook = record.runbook.map { " by \($0)" } ?? ""
            return "\(record.incident.openedAt) \(record.incident.name): \(record.state.rawValue)\(runbook)"
        }.joined(separator: "\n")
    }
}
