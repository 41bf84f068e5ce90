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
    /// A unit as systemd knows it.
    let state: @Sendable (String) async throws(Fault) -> UnitState
    let clock: HostClock
    let masking: Masking
    /// The runbooks that may be proposed.
    var runbooks: @Sendable () async -> [Runbook] = { [] }
    /// Entries of the journal that are kept of each side of the incident.
    var entriesMax = 10_000
    /// Those that are counted.
    var entriesReadMax = JournalExcerpt.readMax

    static let textMax = 16_000
    static let spanMax = Duration.seconds(24 * 3600)

    /// The answer to one call; what cannot be answered is a sentence with `isError`.
    func answer(_ name: String, _ arguments: JSONValue, for task: WorkTask) async -> (text: String, isError: Bool) {
        do {
            let text = try await look(name, arguments, task)
            return (Nearest.fitted(masking.mask(text), bytesMax: Self.textMax), false)
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
        case "proposal": return try await checkProposal(arguments, task)
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
        guard !expression.contains("ALERTS") else {
            throw Fault(
                "tool.alerts", "ALERTS and ALERTS_FOR_STATE are not told here: their labels may be words of log lines")
        }
        return try await observatory.told(expression, at: at)
    }

    private func unit(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        let name = try unitName(arguments, task)
        let state = try await self.state(name)
        return """
            \(name) (\(state.id)): \(state.loadState), \(state.activeState) (\(state.subState)), \
            result \(state.result), exit \(state.exitStatus), restarts \(state.restarts), \
            InvocationID \(state.invocationID), names \(state.names.joined(separator: " "))
            """
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
