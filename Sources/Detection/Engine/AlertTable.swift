import Model

/// One label set for which a rule's condition holds, or has just held.
struct AlertInstance: Hashable, Sendable, Codable {
    /// All labels, `alertname` included.
    var labels: Labels
    var annotations: [String: String]
    /// `pending` or `firing`.
    var state: Alert.State
    /// When the condition began to hold.
    var activeAt: Timestamp
    /// Since when the condition is gone and only `keep_firing_for` keeps the alert; nil while it holds.
    var keptSince: Timestamp?
    var value: Double
    var evidence: [Evidence]
}

/// A change that somebody must hear of: an instance that began to fire, or stopped.
struct AlertTransition: Hashable, Sendable {
    var instance: AlertInstance
    var state: Alert.State
    var at: Timestamp
}

/// The pending and firing alerts of one rule, by their labels; the semantics are Prometheus' alerting rules.
struct AlertTable: Sendable {
    private(set) var active: [Labels: AlertInstance] = [:]
    /// Until then a firing alert does not end: after a restart its series are not back yet.
    private var graceUntil: Timestamp?
    /// Firing alerts from before a restart that no evaluation has found since.
    private(set) var remembered: Set<Labels> = []

    init(_ restored: [AlertInstance] = [], graceUntil: Timestamp? = nil) {
        for instance in restored { active[instance.labels] = instance }
        self.graceUntil = graceUntil
        if graceUntil != nil { remembered = Set(restored.filter { $0.state == .firing }.map(\.labels)) }
    }

    /// As if it had never been: where its condition holds, it is pending and fires anew.
    mutating func forget(_ labels: Labels) {
        active[labels] = nil
        remembered.remove(labels)
    }

    var sorted: [AlertInstance] { active.values.sorted { $0.labels < $1.labels } }

    /// Takes the result of one evaluation: what is found is pending, then firing once it has been there for `hold`;
    /// what is gone ends, at once or after `keepFiring`.
    ///
    /// More than `limit` instances are a failure that forgets all of them, as Prometheus does; the firing ones are told as ended.
    mutating func update(
        _ found: [AlertInstance], at: Timestamp, hold: Duration, keepFiring: Duration, limit: Int
    ) -> (transitions: [AlertTransition], failure: Fault?) {
        let before = active
        var present: Set<Labels> = []
        for instance in found {
            guard present.insert(instance.labels).inserted else {
                active = before
                return ([], .sameLabels(instance.labels))
            }
            if active[instance.labels] == nil {
                active[instance.labels] = instance
            } else {
                active[instance.labels]?.value = instance.value
                active[instance.labels]?.annotations = instance.annotations
                active[instance.labels]?.evidence = instance.evidence
            }
        }
        if !remembered.isEmpty { remembered.subtract(present) }
        defer { if !remembered.isEmpty { remembered.formIntersection(active.keys) } }
        var transitions: [AlertTransition] = []
        for instance in sorted {
            if let change = step(instance, isPresent: present.contains(instance.labels), at, hold, keepFiring) {
                transitions.append(change)
            }
        }
        guard active.count > limit else { return (transitions, nil) }
        let count = active.count
        active = [:]
        let ended = before.values.filter { $0.state == .firing }.sorted { $0.labels < $1.labels }
        return (
            ended.map { AlertTransition(instance: $0, state: .resolved, at: at) },
            Fault("rule.limit", "the rule gives \(count) alerts, more than its limit of \(limit)")
        )
    }

    private mutating func step(
        _ instance: AlertInstance, isPresent: Bool, _ at: Timestamp, _ hold: Duration, _ keepFiring: Duration
    ) -> AlertTransition? {
        var instance = instance
        if isPresent {
            instance.keptSince = nil
            let fires = instance.state == .pending && at - instance.activeAt >= hold
            if fires { instance.state = .firing }
            active[instance.labels] = instance
            return fires ? AlertTransition(instance: instance, state: .firing, at: instance.activeAt) : nil
        }
        guard instance.state == .firing else {
            active[instance.labels] = nil
            return nil
        }
        if let graceUntil, at < graceUntil { return nil }
        if keepFiring > .zero {
            let since = instance.keptSince ?? at
            instance.keptSince = since
            active[instance.labels] = instance
            if at - since < keepFiring { return nil }
        }
        active[instance.labels] = nil
        return AlertTransition(instance: instance, state: .resolved, at: at)
    }
}
