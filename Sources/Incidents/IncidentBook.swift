public import Model
public import Text

/// Which incident an alert belongs to: fingerprints, groups, deduplicates, and counts flapping as one incident.
///
/// The book holds what is not ended, and what ended a moment ago; the ledger holds everything. Whoever sets an
/// incident's state elsewhere (the driver of its runs) tells the book by `set`.
public struct IncidentBook: Sendable {
    public struct Settings: Sendable, Hashable {
        /// Alerts about one unit join its incident for so long after the last signal that joined it.
        public var grouping: Duration
        /// A signal that comes back so soon after the end reopens the incident.
        public var flapping: Duration
        /// Incidents that may be open, or have ended within `flapping`; past them, alerts are only counted, by one
        /// incident of their own.
        public var openMax: Int
        /// Signals that one incident tells apart; past them, they are only counted.
        public var signalsMax: Int

        public init(
            grouping: Duration = .seconds(120), flapping: Duration = .seconds(600), openMax: Int = 1000,
            signalsMax: Int = 100
        ) {
            self.grouping = grouping
            self.flapping = flapping
            self.openMax = openMax
            self.signalsMax = signalsMax
        }
    }

    let settings: Settings
    let masking: Masking
    var entries: [String: BookEntry] = [:]
    /// The newest incident of a fingerprint, of a unit, and the one that a firing alert belongs to.
    var byFingerprint: [String: String] = [:]
    var byUnit: [String: String] = [:]
    var bySignal: [Labels: String] = [:]
    var flood: Flood?
    private var lastReview: Stamp?

    /// Starts from what the ledger remembers: everything that is not ended, and what ended within `settings.flapping`.
    public init(restoring known: [KnownIncident], settings: Settings = Settings(), masking: Masking) {
        self.settings = settings
        self.masking = masking
        for one in known.sorted(by: { $0.incident.openedAt < $1.incident.openedAt }) {
            let last = Stamp(wall: one.endedAt ?? one.incident.openedAt, bootID: "", sinceBoot: .zero)
            if one.incident.name == Flood.name {
                if !one.state.isEnded { flood = Flood(id: one.incident.id) }
                continue
            }
            add(BookEntry(incident: one.incident, state: one.state, quietSince: last, lastSignal: last))
        }
    }

    /// Incidents that the book holds and that are not ended.
    public var openCount: Int { entries.values.count { !$0.state.isEnded } + (flood == nil ? 0 : 1) }

    public func state(of id: String) -> IncidentState? {
        if id == flood?.id { return .open }
        return entries[id]?.state
    }

    /// Whether a signal of the incident is there at the moment.
    public func signalStands(_ id: String) -> Bool {
        if id == flood?.id { return true }
        return entries[id]?.signals.isEmpty == false
    }

    /// Follows a state that a line of the incident's timeline has set.
    public mutating func set(_ state: IncidentState, of id: String, at: Stamp) {
        if id == flood?.id {
            if state.isEnded { flood = nil }
            return
        }
        entries[id]?.state = state
        if state.isEnded { entries[id]?.endedAt = at }
    }

    /// The state that the end of a run gives its incident: only proof resolves one.
    ///
    /// `end` is the run's: `resolved`, `observed`, `refused`, `escalated` or `cancelled`. A run that was cancelled
    /// because the signal went away leaves the incident closed; after every other end without proof a person has to
    /// look.
    public static func state(afterRunThat end: String, signalStands: Bool) -> IncidentState {
        switch end {
        case "resolved": .resolved
        case "cancelled" where !signalStands: .closed
        default: .escalated
        }
    }

    /// Takes what a rule says now. Pending alerts, and firing ones that are known already, change nothing; one that is
    /// told anew after its incident ended is a new signal.
    public mutating func take(_ alert: Alert, at: Stamp) -> [IncidentChange] {
        let due = lastReview.map { at.since($0) >= .seconds(1) } ?? true ? review(at: at) : []
        switch alert.state {
        case .pending: return due
        case .resolved: return due + end(alert, at: at)
        case .firing: return due + (isKnown(alert) ? [] : fire(alert, at: at))
        }
    }

    private func isKnown(_ alert: Alert) -> Bool {
        guard let id = bySignal[alert.labels] else { return false }
        return entries[id]?.endedAt.map { alert.at <= $0.wall } ?? true
    }

    /// What time alone has changed; to be called now and then, with each evaluation of the rules.
    ///
    /// A resolved incident of which a signal still stands after `settings.flapping` is open again: what was proven then
    /// does not hold now. What ended, or was escalated and fell quiet, longer ago than that is forgotten.
    public mutating func review(at: Stamp) -> [IncidentChange] {
        lastReview = at
        var changes: [IncidentChange] = []
        for (id, entry) in entries {
            if entry.signals.isEmpty {
                let since = entry.endedAt ?? (entry.state == .escalated ? entry.quietSince : nil)
                if let since, at.since(since) > settings.flapping { forget(id) }
            } else if entry.state == .resolved, let ended = entry.endedAt, at.since(ended) > settings.flapping,
                let alert = entry.alert
            {
                entries[id]?.state = .open
                entries[id]?.endedAt = nil
                let text = "\(alert.name) still fires \(settings.flapping.literal) after it was resolved; open again"
                changes.append(.reopened(id, [line(at.wall, .signal, text, evidence(of: alert), state: .open)], alert))
            }
        }
        return changes.sorted { $0.incident < $1.incident } + ebb(at: at)
    }

    /// Whether an alert from before the start is that of an incident which the book knows. Any other one may be of an
    /// incident that ended long ago: it is none until its rule finds it again.
    public func knows(_ alert: Alert, at: Stamp) -> Bool {
        bySignal[alert.labels] != nil || adopter(of: alert, at: at) != nil
    }

    /// What is remembered opens nothing again that was proven meanwhile, unless it still stands when `review` looks.
    private func adopter(of alert: Alert, at: Stamp) -> String? {
        guard let id = home(of: alert, at: at, anyTime: true), let state = entries[id]?.state else { return nil }
        return !state.isEnded || state == .resolved ? id : nil
    }

    /// After a start, once the rules have said what fires: adopts those alerts, opens incidents for new ones, and ends
    /// the signals of incidents of which nothing fires any more.
    public mutating func settle(firing: [Alert], at: Stamp) -> [IncidentChange] {
        var unknown: [Alert] = []
        for alert in firing where alert.state == .firing && bySignal[alert.labels] == nil {
            if let id = adopter(of: alert, at: at) {
                addSignal(alert, to: id, at: at)
            } else {
                unknown.append(alert)
            }
        }
        var changes: [IncidentChange] = []
        for (id, entry) in entries.sorted(by: { $0.key < $1.key }) where entry.signals.isEmpty && entry.state == .open {
            entries[id]?.state = .closed
            entries[id]?.endedAt = at
            let text = "nothing of it fires any more after a restart; closed: its signal went away without proof"
            changes.append(.signalEnded(id, [line(at.wall, .note, text, [], state: .closed)], last: true))
        }
        for alert in unknown { changes += take(alert, at: at) }
        return changes
    }
}

/// What the book knows of one incident.
struct BookEntry: Sendable {
    var incident: Incident
    var state: IncidentState
    /// The alerts that stand.
    var signals: Set<Labels> = []
    /// Since when none stands, where none does.
    var quietSince: Stamp?
    var lastSignal: Stamp
    var endedAt: Stamp?
    /// The last alert that joined it; nil after a restart, until one does.
    var alert: Alert?
    /// Its own fingerprint, and those of the alerts that joined it.
    var fingerprints: Set<String>
    /// Signals so far, the first included.
    var count = 1

    init(incident: Incident, state: IncidentState, quietSince: Stamp?, lastSignal: Stamp) {
        self.incident = incident
        self.state = state
        self.quietSince = quietSince
        self.lastSignal = lastSignal
        fingerprints = [incident.fingerprint]
        endedAt = state.isEnded ? lastSignal : nil
    }

    /// Whether a run is at work on it.
    var isUnderWay: Bool { state == .acting || state == .verifying || state == .awaitingApproval }

    /// The unit that it is about, where that is not only somebody's claim.
    var unit: String? { trustedUnit(incident.labels, incident.claims) }
}

func trustedUnit(_ labels: Labels, _ claims: Set<String>) -> String? {
    claims.contains("unit") ? nil : labels["unit"]
}

/// More incidents than a person can read: one incident that only counts.
struct Flood: Sendable {
    static let name = "IncidentFlood"
    var id: String
    var count = 0
}
