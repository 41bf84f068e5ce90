import Actuation
import Delivery
import Detection
import FoundationEssentials
import Glibc
import Incidents
import Journal
import Ledger
import Model
import Runbooks
import Series
import Text

/// The daemon's side of the agents' tools: all of it reads, within bounds, and every answer is masked.
///
/// Raw log text is only in `raw-journal`, and only where the project's settings let logs be sent to a model.
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

    private func unitName(_ arguments: JSONValue, _ task: WorkTask) throws(Fault) -> String {
        guard let unit = arguments["unit"]?.string ?? task.incident.labels["unit"] else {
            throw Fault("tool.argument", "name a unit: the incident is about none")
        }
        return unit
    }

    private func span(_ arguments: JSONValue, _ key: String, default fallback: Duration) throws(Fault) -> Duration {
        guard let text = arguments[key]?.string else { return fallback }
        guard let span = Duration(parsing: text), span > .zero, span <= Self.spanMax else {
            throw Fault("tool.argument", "\"\(key)\" is a duration such as 15m, at most 24h, not \"\(text)\"")
        }
        return span
    }

    // MARK: - The journal

    /// Entries around the incident's begin: as templates, without what a stranger may have written, or raw.
    private func journal(_ arguments: JSONValue, _ task: WorkTask, isRaw: Bool) async throws(Fault) -> String {
        if isRaw, task.project?.sendsLogs != true {
            throw Fault(
                "tool.egress", "logs may not be sent to a model here",
                hint: "projects.NAME.egress.logs in the settings allows it.")
        }
        let unit = try unitName(arguments, task)
        let before = try span(arguments, "before", default: .seconds(900))
        let now = clock.now().wall
        let begin = task.incident.openedAt - before
        let excerpt = try await JournalExcerpt.read(
            settings.journal.source, unit: unit, from: begin, through: now, keeping: 20_000)
        let told = Self.telling(excerpt.entries, last: isRaw ? 60 : 200)
        var lines = [
            "\(excerpt.found) entries of \(unit) since \(begin); the first of each kind and the last, \(told.count) in all:"
        ]
        for entry in told {
            let text = isRaw ? String(entry.message.prefix(500)) : MessageTemplate.of(entry.message)
            lines.append("\(entry.at) priority \(entry.priority): \(text)")
        }
        return lines.joined(separator: "\n")
    }

    /// The first entry of each kind of message, and the last entries: a flood of one kind hides no other.
    static func telling(_ entries: [LogEntry], last: Int, kinds: Int = 80) -> [LogEntry] {
        var seen: Set<String> = []
        return entries.enumerated().filter { index, entry in
            let isNew = seen.count < kinds && seen.insert(MessageTemplate.of(entry.message)).inserted
            return isNew || index >= entries.count - last
        }.map(\.element)
    }

    /// How often each kind of message came before the incident and since.
    private func templates(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        let unit = try unitName(arguments, task)
        let before = try span(arguments, "before", default: .seconds(3600))
        let opened = task.incident.openedAt
        let excerpt = try await JournalExcerpt.read(
            settings.journal.source, unit: unit, from: opened - before, through: clock.now().wall, keeping: 20_000)
        var counts: [String: (before: Int, since: Int, worst: Int)] = [:]
        for entry in excerpt.entries {
            var count = counts[MessageTemplate.of(entry.message)] ?? (0, 0, 7)
            if entry.at < opened { count.before += 1 } else { count.since += 1 }
            count.worst = min(count.worst, entry.priority)
            counts[MessageTemplate.of(entry.message)] = count
        }
        let rows = counts.sorted { ($1.value.since, $0.key) < ($0.value.since, $1.key) }.prefix(60)
        return
            (["before\tsince\tpriority\ttemplate (\(unit), since \(opened - before), incident at \(opened))"]
            + rows.map { "\($0.value.before)\t\($0.value.since)\t\($0.value.worst)\t\($0.key)" })
            .joined(separator: "\n")
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
            for entry in excerpt.entries where entry["_PID"] == "1" {
                lines.append((entry.at.description, "systemd: \(entry.message.prefix(200))"))
            }
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

/// What dpkg wrote of packages that came, went or changed.
enum PackageLog {
    static let path = "/var/log/dpkg.log"

    /// Lines such as `upgrade nginx 1.22.1-9 1.22.1-10`; dpkg writes the host's local time.
    static func lines(since: Timestamp) -> [(at: String, text: String)] {
        TextFile.lines(path).suffix(5000).compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 4, ["install", "upgrade", "remove", "purge"].contains(words[2]) else { return nil }
            guard let at = local("\(words[0])-\(words[1])"), at >= since else { return nil }
            return (at.description, "dpkg: " + words[2...].joined(separator: " "))
        }
    }

    /// `2026-11-24-03:12:07` by this host's zone.
    private static func local(_ text: String) -> Timestamp? {
        let numbers = text.split(whereSeparator: { $0 == "-" || $0 == ":" }).compactMap { Int32($0) }
        guard numbers.count == 6 else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
        parts.tm_isdst = -1
        let seconds = mktime(&parts)
        return seconds == -1 ? nil : Timestamp(seconds: Double(seconds))
    }
}
