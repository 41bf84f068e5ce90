public import Model

/// What an alert did to the incidents; the lines are masked and belong at the end of the incident's timeline, in this
/// order.
public enum IncidentChange: Sendable, Hashable {
    /// A new incident: choose what to do about it.
    case opened(Incident, [TimelineLine], Alert)
    /// Another signal of an incident that had not ended.
    case joined(String, [TimelineLine], Alert)
    /// An ended incident is open again: choose what to do about it once more.
    case reopened(String, [TimelineLine], Alert)
    /// A signal went away; `last` where none stands any more. The line closes the incident where nothing was under way.
    case signalEnded(String, [TimelineLine], last: Bool)

    public var incident: String {
        switch self {
        case .opened(let incident, _, _): incident.id
        case .joined(let id, _, _), .reopened(let id, _, _), .signalEnded(let id, _, _): id
        }
    }

    public var lines: [TimelineLine] {
        switch self {
        case .opened(_, let lines, _), .joined(_, let lines, _), .reopened(_, let lines, _),
            .signalEnded(_, let lines, _):
            lines
        }
    }
}

/// An incident as a ledger remembers it, for a book that starts anew.
public struct KnownIncident: Sendable, Hashable {
    public var incident: Incident
    public var state: IncidentState
    /// When it ended, where it is resolved or closed.
    public var endedAt: Timestamp?

    public init(incident: Incident, state: IncidentState, endedAt: Timestamp? = nil) {
        self.incident = incident
        self.state = state
        self.endedAt = endedAt
    }
}
