public import Incidents
public import Ledger
public import Model
public import Text

/// Something that people must hear of an incident.
public struct Page: Sendable, Hashable {
    public enum Status: String, Sendable {
        case firing, resolved
    }

    /// The incident's ID.
    public var incident: String
    /// What happened, in a word that is the same after a crash, such as `escalated/RUN`: it makes the deduplication
    /// key.
    public var transition: String
    public var status: Status
    /// The sentence that a person reads first.
    public var text: String
    /// A receiver's name; nil leaves it to the routes.
    public var to: String?

    public init(incident: String, transition: String, status: Status = .firing, text: String, to: String? = nil) {
        self.incident = incident
        self.transition = transition
        self.status = status
        self.text = text
        self.to = to
    }
}

/// Turns pages into messages of the outbox.
public struct Pager: Sendable {
    private let settings: EscalationSettings?
    private let masking: Masking
    /// Where the console can be read, without a slash at the end.
    private let externalURL: String

    public init(settings: EscalationSettings?, masking: Masking, externalURL: String) {
        self.settings = settings
        self.masking = masking
        self.externalURL = externalURL
    }

    /// Enqueues a page within the transaction that it reports, with the incident as it stands after all that was
    /// written before in it; wake the outbox once that is committed.
    ///
    /// A key that is there already changes nothing. That an incident is over is told only to whom it was told before.
    public func enqueue(_ page: Page, at: Timestamp, in transaction: LedgerTransaction) throws {
        guard let record = try transaction.read.incident(page.incident) else {
            throw Fault("escalation.incident", "there is no incident \(page.incident) to tell people of")
        }
        let view = IncidentView(
            record.incident, state: record.state, actedAt: record.actedAt, resolvedAt: record.resolvedAt,
            escalatedAt: record.escalatedAt, runbook: record.runbook,
            timeline: try transaction.read.timeline(of: page.incident))
        var rows = try messages(page, incident: view, at: at)
        if page.status == .resolved {
            let told = try Set(transaction.read.outbox(ofIncident: page.incident).map(\.row.receiver))
            rows = rows.filter { told.contains($0.receiver) }
        }
        for row in rows { try transaction.enqueue(row) }
    }

    /// The same messages, under the same keys, for an outbox that has to send them from memory.
    public func messages(_ page: Page, incident: IncidentView, at: Timestamp) throws -> [OutboxRow] {
        guard let settings else { return [] }
        var page = page
        page.text = masking.mask(page.text)
        let labels = Labels(incident.labels.merging(["severity": incident.severity]) { $1 })
        let named = page.to.flatMap(settings.receiver(named:)).map { [$0] }
        return try (named ?? settings.receivers(for: labels)).flatMap { receiver in
            try receiver.channels
                .filter { page.status == .firing || $0.webhook.sendsResolved }
                .map { name, _ in
                    let key = "\(page.incident)/\(page.transition)/\(name)"
                    let body = WebhookBody(
                        page, incident: masking.mask(incident), receiver: receiver.name, key: key,
                        externalURL: externalURL, at: at)
                    return OutboxRow(key: key, incident: page.incident, receiver: name, body: try body.json, at: at)
                }
        }
    }
}
