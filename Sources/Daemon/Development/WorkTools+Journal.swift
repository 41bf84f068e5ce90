import Delivery
import Detection
import Journal
import Ledger
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
        let (opened, now) = (task.incident.openedAt, clock.now().wall)
        let excerpt = try await excerpt(JournalExcerpt.about(unit), from: opened - before, task)
        let claims = isRaw ? try await claims(of: task.incident.id) : []
        let lines = Nearest.lines(
            excerpt.entries, around: opened, near: isRaw ? 60 : 200, bytesMax: Self.textMax - 4000
        ) { entry in
            let text = isRaw ? String(entry.message.prefix(500)) : MessageTemplate.of(entry.message)
            return "\(entry.at) priority \(entry.priority): \(text)"
        }
        let head =
            "\(excerpt.count) entries of \(unit) from \(opened - before) through \(now), the incident at \(opened); "
            + "the first of each kind and those nearest to the incident, \(lines.count) in all, oldest first"
        return ([head] + [excerpt.omission].compactMap(\.self) + claims + lines).joined(separator: "\n")
    }

    /// Around the incident, through now.
    func excerpt(_ matches: [String], from: Timestamp, _ task: WorkTask) async throws(Fault) -> JournalExcerpt {
        try await JournalExcerpt.read(
            settings.journal.source, matches: matches, from: from, around: task.incident.openedAt,
            through: clock.now().wall, keeping: entriesMax, readMax: entriesReadMax)
    }

    /// What a rule took from log lines into the incident itself: raw text as well, so only its reader is told.
    private func claims(of incident: String) async throws(Fault) -> [String] {
        let (record, lines) = try await ledger.read { (try $0.incident(incident), try $0.timeline(of: incident)) }
        guard let incident = record?.incident else { return [] }
        let summary =
            lines.isOfLogs ? ["the incident's summary, as its rule wrote it: \(incident.summary.prefix(1000))"] : []
        return summary
            + incident.claims.sorted().compactMap { name in
                incident.labels[name].map { "the incident's label \(name), taken from a log line: \($0.prefix(500))" }
            }
    }

    /// How often each kind of message came before the incident and since.
    func templates(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        let unit = try unitName(arguments, task)
        let before = try span(arguments, "before", default: .seconds(3600))
        let opened = task.incident.openedAt
        let excerpt = try await excerpt(JournalExcerpt.about(unit), from: opened - before, task)
        var counts: [String: (before: Int, since: Int, worst: Int)] = [:]
        for entry in excerpt.entries {
            let kind = MessageTemplate.of(entry.message)
            var count = counts[kind] ?? (0, 0, 7)
            if entry.at < opened { count.before += 1 } else { count.since += 1 }
            count.worst = min(count.worst, entry.priority)
            counts[kind] = count
        }
        let rows = counts.sorted { ($1.value.since, $0.key) < ($0.value.since, $1.key) }.prefix(60)
        let more = counts.count - rows.count
        let head = "before\tsince\tpriority\ttemplate (\(unit), since \(opened - before), incident at \(opened))"
        return
            ([excerpt.omission].compactMap(\.self) + [head]
            + rows.map { "\($0.value.before)\t\($0.value.since)\t\($0.value.worst)\t\($0.key)" }
            + (more > 0 ? ["… (\(more) more kinds, none more frequent since the incident, are left out)"] : []))
            .joined(separator: "\n")
    }
}

extension [TimelineLine] {
    /// Whether log entries opened the incident: then its rule may quote them in the summary.
    var isOfLogs: Bool { contains { $0.kind == .signal && $0.evidence.contains { $0.kind == .journal } } }
}
