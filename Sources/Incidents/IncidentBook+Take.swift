internal import Model
internal import Text

extension IncidentBook {
    mutating func fire(_ alert: Alert, at: Stamp) -> [IncidentChange] {
        guard let id = home(of: alert, at: at, anyTime: false), let entry = entries[id] else {
            return entries.count < settings.openMax ? open(alert, at: at) : inundate(alert, at: at)
        }
        let known = entry.fingerprints.contains(Fingerprint.of(alert))
        addSignal(alert, to: id, at: at)
        let count = entry.count + 1
        entries[id]?.count = count
        var severity: String?
        let word = alert.labels["severity"] ?? Severity.standard
        if Severity.rank(word) > Severity.rank(entry.incident.severity) {
            severity = word
            entries[id]?.incident.severity = word
        }
        let again = known ? " again (signal \(count))" : ""
        // Escalated, then quiet for a while, and now it is back: that is worth another repair, within the limits.
        let isBack = entry.state == .escalated && entry.quietSince.map { at.since($0) >= settings.grouping } ?? false
        if entry.state.isEnded || isBack {
            entries[id]?.state = .open
            entries[id]?.endedAt = nil
            return [.reopened(id, lines(alert, at: at, again: again, severity: severity, state: .open), alert)]
        }
        guard isTold(count) || severity != nil else { return [.joined(id, [], alert)] }
        return [.joined(id, lines(alert, at: at, again: again, severity: severity, state: nil), alert)]
    }

    mutating func end(_ alert: Alert, at: Stamp) -> [IncidentChange] {
        guard let id = bySignal.removeValue(forKey: alert.labels), var entry = entries[id] else { return [] }
        entry.signals.remove(alert.labels)
        let last = entry.signals.isEmpty
        if last { entry.quietSince = at }
        let closes = last && entry.state == .open
        if closes {
            entry.state = .closed
            entry.endedAt = at
        }
        entries[id] = entry
        guard closes || isTold(entry.count) else { return [.signalEnded(id, [], last: last)] }
        let text = "\(alert.name) ended" + (closes ? "; closed: its signal went away without proof" : "")
        let line = line(at.wall, .signal, text, evidence(of: alert), state: closes ? .closed : nil)
        return [.signalEnded(id, [line], last: last)]
    }

    /// The incident that a firing alert belongs to: of the same fingerprint, else about the same unit at the same time.
    func home(of alert: Alert, at: Stamp, anyTime: Bool) -> String? {
        if let id = byFingerprint[Fingerprint.of(alert)], let entry = entries[id] {
            let ended = entry.endedAt.map { at.since($0) <= settings.flapping }
            let quiet = entry.quietSince.map { at.since($0) <= settings.flapping } ?? true
            if ended ?? (quiet || entry.state != .escalated || anyTime) { return id }
        }
        if let unit = trustedUnit(alert.labels, alert.claims), let id = byUnit[unit], let entry = entries[id] {
            let since = entry.endedAt ?? entry.lastSignal
            if at.since(since) <= settings.grouping || entry.isUnderWay || anyTime && entry.endedAt == nil { return id }
        }
        return nil
    }

    mutating func addSignal(_ alert: Alert, to id: String, at: Stamp) {
        guard var entry = entries[id] else { return }
        entry.alert = alert
        entry.lastSignal = at
        if entry.signals.count < settings.signalsMax {
            entry.signals.insert(alert.labels)
            entry.quietSince = nil
            bySignal[alert.labels] = id
            let fingerprint = Fingerprint.of(alert)
            entry.fingerprints.insert(fingerprint)
            byFingerprint[fingerprint] = id
        }
        entries[id] = entry
    }

    mutating func add(_ entry: BookEntry) {
        entries[entry.incident.id] = entry
        byFingerprint[entry.incident.fingerprint] = entry.incident.id
        if let unit = entry.unit { byUnit[unit] = entry.incident.id }
    }

    mutating func forget(_ id: String) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        for fingerprint in entry.fingerprints where byFingerprint[fingerprint] == id {
            byFingerprint[fingerprint] = nil
        }
        if let unit = entry.unit, byUnit[unit] == id { byUnit[unit] = nil }
    }

    private mutating func open(_ alert: Alert, at: Stamp) -> [IncidentChange] {
        let fingerprint = Fingerprint.of(alert)
        let occurrence = entries.values.count { $0.incident.fingerprint == fingerprint } + 1
        let incident = Incident(
            id: Fingerprint.id(
                fingerprint: fingerprint, alertAt: alert.at, openedAt: at.wall, occurrence: occurrence),
            fingerprint: fingerprint, name: alert.name, severity: alert.labels["severity"] ?? Severity.standard,
            labels: masking.mask(alert.labels), claims: alert.claims, summary: summary(of: alert), openedAt: at.wall,
            rule: alert.rule)
        add(BookEntry(incident: incident, state: .open, quietSince: nil, lastSignal: at))
        addSignal(alert, to: incident.id, at: at)
        return [.opened(incident, lines(alert, at: at, again: "", severity: nil, state: nil), alert)]
    }

    private mutating func inundate(_ alert: Alert, at: Stamp) -> [IncidentChange] {
        if var flood {
            flood.count += 1
            self.flood = flood
            guard isTold(flood.count) else { return [.joined(flood.id, [], alert)] }
            let text = "\(flood.count) alerts were only counted so far; the last: \(alert.labels)"
            return [.joined(flood.id, [line(at.wall, .signal, text, evidence(of: alert))], alert)]
        }
        let text =
            "\(settings.openMax) incidents are open, as many as Nightshift keeps apart; further alerts are only counted"
        var told = alert
        told.labels = ["alertname": Flood.name, "severity": "critical"]
        told.annotations = ["summary": text]
        told.claims = []
        let fingerprint = Fingerprint.of(told)
        let incident = Incident(
            id: Fingerprint.id(fingerprint: fingerprint, alertAt: alert.at, openedAt: at.wall, occurrence: 1),
            fingerprint: fingerprint, name: Flood.name, severity: "critical", labels: told.labels, claims: [],
            summary: text, openedAt: at.wall, rule: alert.rule)
        flood = Flood(id: incident.id, count: 1)
        let first = line(at.wall, .signal, "\(text); the first: \(alert.labels)", evidence(of: alert))
        return [.opened(incident, [first], told)]
    }

    /// Ends the flood once there is room for a tenth of all incidents again.
    mutating func ebb(at: Stamp) -> [IncidentChange] {
        guard let flood, entries.count <= settings.openMax / 10 * 9 else { return [] }
        self.flood = nil
        let text = "there is room again; \(flood.count) alerts were only counted meanwhile"
        return [.signalEnded(flood.id, [line(at.wall, .note, text, [], state: .closed)], last: true)]
    }
}

// Lines.
extension IncidentBook {
    /// Signals are told one by one at first, then at each doubling.
    func isTold(_ count: Int) -> Bool { count <= 10 || count & (count - 1) == 0 }

    func line(
        _ at: Timestamp, _ kind: TimelineLine.Kind, _ text: String, _ evidence: [Evidence], state: IncidentState? = nil,
        severity: String? = nil
    ) -> TimelineLine {
        masking.mask(
            TimelineLine(at: at, kind: kind, text: text, evidence: evidence, state: state, severity: severity))
    }

    /// What was seen, a line a journal entry, then what the rule makes of it.
    private func lines(
        _ alert: Alert, at: Stamp, again: String, severity: String?, state: IncidentState?
    ) -> [TimelineLine] {
        let seen = alert.evidence.filter { $0.kind == .journal && !$0.text.isEmpty }
        let others = alert.evidence.filter { $0.kind != .journal || $0.text.isEmpty }
        let entries = seen.prefix(5).map { evidence in
            let unit = trustedUnit(alert.labels, alert.claims).map { $0 + ": " } ?? ""
            // systemd's own entries begin with the unit already.
            let text = evidence.text.hasPrefix(unit) ? evidence.text : unit + evidence.text
            return line(min(alert.at, at.wall), .signal, oneLine(text), [Evidence(.journal, evidence.reference)])
        }
        let word = alert.labels["severity"] ?? Severity.standard
        var text = "\(alert.name) fires\(again) (\(alert.rule.short)), severity \(word)"
        if let metric = others.first(where: { $0.kind == .metric && !$0.text.isEmpty }) { text += "; \(metric.text)" }
        return entries + [
            line(
                at.wall, .signal, text, others.isEmpty ? [Evidence(.rule, alert.rule.short)] : others, state: state,
                severity: severity)
        ]
    }

    func evidence(of alert: Alert) -> [Evidence] {
        alert.evidence.isEmpty ? [Evidence(.rule, alert.rule.short)] : alert.evidence
    }

    private func summary(of alert: Alert) -> String {
        let text =
            alert.annotations["summary"] ?? alert.annotations["description"]
            ?? "\(alert.name)\(alert.labels["unit"].map { " on \($0)" } ?? "")"
        return masking.mask(oneLine(text))
    }
}

/// The first 300 characters, on one line.
private func oneLine(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.count > 300 ? line.prefix(299) + "…" : line
}
