import Incidents
import Model
import Runbooks
import Series
import Text

/// What a person is shown of an incident's unit when it is escalated: its last entries and the course of its series.
struct EscalationEvidence: Sendable {
    let settings: Settings
    let observatory: Observatory
    let clock: HostClock

    static let entriesMax = 10
    static let seriesMax = 10
    static let textMax = 300

    /// Lines for the timeline; what cannot be read is a line that says so.
    func lines(_ incident: Incident, _ clause: EscalateClause) async -> [TimelineLine] {
        var lines: [TimelineLine] = []
        if let span = clause.logs { lines.append(await logs(incident, span)) }
        if let span = clause.metrics { lines.append(await metrics(incident, span)) }
        return lines
    }

    private func logs(_ incident: Incident, _ span: Duration) async -> TimelineLine {
        let now = clock.now().wall
        let unit = incident.labels["unit"]
        let about = unit ?? "this host"
        do {
            let excerpt = try await JournalExcerpt.read(
                settings.journal.source, matches: unit.map(JournalExcerpt.about) ?? [], from: now - span, through: now,
                keeping: Self.entriesMax)
            let shown = excerpt.entries.count
            return TimelineLine(
                at: now, kind: .note,
                text: "\(excerpt.count) journal entries of \(about) in the last \(span.literal)"
                    + (shown == 0 ? "" : shown < excerpt.found ? "; the last \(shown) are here" : ""),
                evidence: excerpt.entries.map { entry in
                    Evidence(.journal, entry.cursor, "\(entry.at) \(String(entry.message.prefix(Self.textMax)))")
                })
        } catch {
            return TimelineLine(
                at: now, kind: .note, text: "the journal of \(about) could not be read: \(error)", evidence: [])
        }
    }

    private func metrics(_ incident: Incident, _ span: Duration) async -> TimelineLine {
        let now = clock.now().wall
        guard let unit = incident.labels["unit"] else {
            return TimelineLine(
                at: now, kind: .note, text: "no metrics: the incident names no unit", evidence: [])
        }
        let courses = await observatory.courses(ofUnit: unit, over: span)
        return TimelineLine(
            at: now, kind: .note,
            text: "\(courses.count) series of \(unit) over the last \(span.literal)"
                + (courses.count > Self.seriesMax ? "; those that changed most are here" : ""),
            evidence: courses.prefix(Self.seriesMax).map { Evidence(.metric, $0.series, $0.text) })
    }
}

/// How one series went over a stretch of time.
struct SeriesCourse: Sendable, Hashable {
    let series: String
    let first: Double
    let last: Double
    let least: Double
    let most: Double

    /// Nil where there is no sample that is a number.
    init?(_ selected: SelectedSeries) {
        let values = selected.samples.map(\.value).filter { !$0.isNaN }
        guard let first = values.first, let last = values.last, let least = values.min(), let most = values.max()
        else { return nil }
        series = selected.labels.description
        (self.first, self.last, self.least, self.most) = (first, last, least, most)
    }

    /// How far it moved, against its size.
    var change: Double { (most - least) / max(abs(most), abs(least), 1e-9) }
    var text: String {
        least == most ? "\(last) throughout" : "\(first) at first, \(last) at last, between \(least) and \(most)"
    }
}

extension Observatory {
    /// The series that carry the unit's label, those that changed most first.
    func courses(ofUnit unit: String, over span: Duration) -> [SeriesCourse] {
        let now = clock.now().wall
        let matcher: Matcher
        do {
            matcher = try Matcher("unit", .equal, unit)
        } catch {
            return []  // an equality needs no pattern, so there is nothing in it that could be wrong
        }
        return store.select([matcher], from: (now - span).milliseconds, through: now.milliseconds)
            .compactMap { SeriesCourse($0) }
            .sorted { ($1.change, $0.series) < ($0.change, $1.series) }
    }
}
