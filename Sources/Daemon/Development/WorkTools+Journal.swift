import Delivery
import Detection
import Journal
import Model
import Text

// What is told of the journal: entries, raw or without what varies in them, and kinds of messages with their counts.
extension WorkTools {
    /// The tools whose text comes from log entries. A template is log text, too: whatever varies little stays in it.
    static let ofTheJournal: Set = ["journal", "raw-journal", "templates"]

    /// One guard for all of them. The incident's project must let logs be sent; a unit of another project has that
    /// project's word as well, whoever asks.
    func allowLogs(of unit: String, _ task: WorkTask) throws(Fault) {
        guard let project = task.project else {
            throw Fault(
                "tool.egress", "logs may not be sent to a model: the incident belongs to no project",
                hint: "projects.NAME.egress.logs in the settings allows it for the units of a project.")
        }
        let owner = settings.projects.first { $0.units.contains(unit) } ?? project
        guard let closed = [project, owner].first(where: { !$0.sendsLogs }) else { return }
        throw Fault(
            "tool.egress", "logs of \(closed.name) may not be sent to a model",
            hint: "projects.\(closed.name).egress.logs in the settings allows it.")
    }

    /// Entries around the incident's begin: as templates, without what a stranger may have written, or raw.
    func journal(_ arguments: JSONValue, _ task: WorkTask, isRaw: Bool) async throws(Fault) -> String {
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
    func templates(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
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
}
