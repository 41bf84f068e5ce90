import Model
import Text

/// What the engine remembers of one rule.
struct RuleState: Sendable {
    var alerts = AlertTable()
    var windows = LogWindows()
    var heartbeat = Heartbeat()
    var history = AnomalyHistory()
    /// The series that the last evaluation wrote.
    var written: Set<Labels> = []
    var health: RuleHealth

    init(_ health: RuleHealth) { self.health = health }

    /// Pending and firing, by their labels.
    var instances: [AlertInstance] {
        alerts.sorted + windows.windows.values.compactMap(\.firing).sorted { $0.labels < $1.labels }
            + (heartbeat.firing.map { [$0] } ?? [])
    }
}

/// What an entry that matches does to a rule.
extension RuleState {
    /// What a sender wrote is kept up to here: as a label's value, and as evidence.
    static let labelBytesMax = 512
    fileprivate static let evidenceBytesMax = 2048

    mutating func observe(_ entry: LogEntry, _ rule: Rule, _ log: LogCondition, _ writer: AlertWriter) -> [Alert] {
        guard log.match.matches(entry), !log.unless.contains(where: { $0.matches(entry) }) else { return [] }
        var found: Labels = [:]
        if let pattern = log.pattern {
            guard let groups = pattern.firstMatch(in: entry.message) else { return [] }
            found = Labels(groups.mapValues { $0.cut(to: Self.labelBytesMax) })
        }
        found["unit"] = entry.unit
        var fields: [String: String] = [:]
        for name in log.fields { fields[name] = entry.fields[name]?.cut(to: Self.labelBytesMax) }
        let labels = writer.labels(rule, found, fields: fields)
        let ended = windows.expire(labels, at: entry.at, keep: log.keepFiring).map { writer.alert(rule, $0) }
        let count = windows.count(labels, at: entry.at, log.threshold)
        health.dropped = windows.dropped
        guard let count else { return ended.map { [$0] } ?? [] }
        let finding = AlertWriter.Finding(
            labels: found, value: Double(count), at: entry.at, fields: fields,
            evidence: [Evidence(entry)])
        let instance = writer.instance(rule, finding, labels: labels, .firing)
        windows.fire(instance)
        return (ended.map { [$0] } ?? []) + [writer.alert(rule, instance)]
    }

    /// Ends the alerts of the unit of an entry that the rule waits for.
    mutating func end(_ entry: LogEntry, _ rule: Rule, _ writer: AlertWriter) -> [Alert] {
        guard !windows.windows.isEmpty else { return [] }
        return windows.end(unit: entry.unit, at: entry.at).map { change in
            var change = change
            change.instance.evidence = [Evidence(entry)]
            return writer.alert(rule, change)
        }
    }

    mutating func observe(
        _ entry: LogEntry, _ rule: Rule, _ condition: HeartbeatCondition, _ writer: AlertWriter
    ) -> [Alert] {
        guard case .entry(_, let pattern) = condition.beat, pattern?.matches(entry.message) ?? true,
            heartbeat.beat(at: entry.at)
        else { return [] }
        return endSilence(rule, at: entry.at, Evidence(entry), writer)
    }

    /// Ends the alert of a heartbeat that has come back.
    mutating func endSilence(
        _ rule: Rule, at time: Timestamp, _ evidence: Evidence, _ writer: AlertWriter
    ) -> [Alert] {
        guard var instance = heartbeat.firing else { return [] }
        instance.evidence = [evidence]
        heartbeat.firing = nil
        return [writer.alert(rule, AlertTransition(instance: instance, state: .resolved, at: time))]
    }
}

extension Evidence {
    fileprivate init(_ entry: LogEntry) {
        self.init(.journal, entry.cursor, entry.message.cut(to: RuleState.evidenceBytesMax))
    }
}

extension String {
    /// The text, or as many whole characters as fit, and an ellipsis.
    func cut(to bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: bytes)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return self[..<end] + "…"
    }
}
