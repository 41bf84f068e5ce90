public import Model

extension IncidentBook {
    /// The incident as the book knows it; nil for one that it has forgotten, and for the flood.
    public func incident(_ id: String) -> Incident? { entries[id]?.incident }

    /// The units that open incidents are about.
    public var unitsInTrouble: Set<String> {
        Set(entries.values.compactMap { $0.state.isEnded ? nil : $0.unit })
    }
}
