public import Model

extension IncidentBook {
    /// The incident as the book knows it; nil for one that it has forgotten, and for the flood.
    public func incident(_ id: String) -> Incident? { entries[id]?.incident }

    /// The incident as an alert that joined it describes it: its labels, and which of them are claims.
    public func incident(_ id: String, as alert: Alert) -> Incident? {
        guard var incident = entries[id]?.incident else { return nil }
        incident.labels = masking.mask(alert.labels)
        incident.claims = alert.claims
        return incident
    }

    /// The units that open incidents are about.
    public var unitsInTrouble: Set<String> {
        Set(entries.values.compactMap { $0.state.isEnded ? nil : $0.unit })
    }
}
