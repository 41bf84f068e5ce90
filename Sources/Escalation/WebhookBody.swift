internal import FoundationEssentials
internal import Incidents
internal import Model
internal import Text

/// What is posted: Alertmanager's webhook message, version 4, with the incident and the deduplication key added.
struct WebhookBody: Encodable {
    struct Alert: Encodable {
        var status: String
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: String
        var endsAt: String
        var generatorURL: String
        var fingerprint: String
    }

    var version = "4"
    var groupKey: String
    var truncatedAlerts = 0
    var status: String
    var receiver: String
    var groupLabels: [String: String]
    var commonLabels: [String: String]
    var commonAnnotations: [String: String]
    var externalURL: String
    var alerts: [Alert]
    var incident: IncidentView
    /// The same as the header `Idempotency-Key`.
    var idempotencyKey: String

    /// Lines of the timeline that a message carries; past them, the middle is left out, and a line says so.
    static let linesMax = 400

    init(_ page: Page, incident: IncidentView, receiver: String, key: String, externalURL: String, at: Timestamp) {
        var labels = incident.labels
        labels["severity"] = incident.severity
        labels["incident"] = incident.id
        var annotations = ["summary": incident.summary, "description": page.text]
        annotations["runbook"] = incident.runbook
        let isOver = page.status == .resolved
        groupKey = "{}:{alertname=\(incident.name.quotedForPrometheus), incident=\(incident.id.quotedForPrometheus)}"
        status = page.status.rawValue
        self.receiver = receiver
        groupLabels = ["alertname": incident.name, "incident": incident.id]
        commonLabels = labels
        commonAnnotations = annotations
        self.externalURL = externalURL
        alerts = [
            Alert(
                status: status, labels: labels, annotations: annotations, startsAt: incident.opened_at,
                endsAt: isOver ? at.description : "0001-01-01T00:00:00Z",
                generatorURL: "\(externalURL)/incidents/\(incident.id)", fingerprint: incident.id)
        ]
        self.incident = Self.shortened(incident)
        idempotencyKey = key
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    private static func shortened(_ incident: IncidentView) -> IncidentView {
        guard let lines = incident.timeline, lines.count > linesMax else { return incident }
        let (first, last) = (lines.prefix(linesMax / 4), lines.suffix(linesMax / 4 * 3 - 1))
        var gap = last.first ?? first[0]
        gap.kind = TimelineLine.Kind.note.rawValue
        gap.text =
            "\(lines.count - linesMax + 1) lines are left out here; nightshift incidents show \(incident.id) has them"
        gap.evidence = []
        gap.state = nil
        var copy = incident
        copy.timeline = first + [gap] + last
        return copy
    }
}

extension Masking {
    /// Every text of an incident that came from outside.
    func mask(_ incident: IncidentView) -> IncidentView {
        var copy = incident
        copy.summary = mask(incident.summary)
        copy.labels = incident.labels.mapValues(mask)
        copy.timeline = incident.timeline?.map { line in
            var line = line
            line.text = mask(line.text)
            line.evidence = line.evidence.map { evidence in
                var evidence = evidence
                evidence.reference = mask(evidence.reference)
                evidence.text = mask(evidence.text)
                return evidence
            }
            return line
        }
        return copy
    }
}
