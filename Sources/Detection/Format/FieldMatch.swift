import Model

/// journald's matches: every field must have one of its values, byte for byte.
struct FieldMatch: Sendable {
    /// The field that is rarest in a journal first, so that most entries cost one look-up.
    private let fields: [(name: String, values: [String])]

    init(_ fields: [(name: String, values: [String])]) {
        self.fields = fields.filter { $0.name == "MESSAGE_ID" } + fields.filter { $0.name != "MESSAGE_ID" }
    }

    var isEmpty: Bool { fields.isEmpty }
    var names: [String] { fields.map(\.name) }

    func matches(_ entry: LogEntry) -> Bool {
        fields.allSatisfy { field in
            guard let value = entry.fields[field.name] else { return false }
            return field.values.contains(value)
        }
    }

    /// The values of a field; nil where any will do.
    subscript(name: String) -> [String]? { fields.first { $0.name == name }?.values }

    /// The one unit that this match names with a word that only systemd or journald can have written.
    var trustedUnit: String? {
        let name =
            self["_PID"] == ["1"]
            ? "UNIT" : self["_SYSTEMD_USER_UNIT"] == ["init.scope"] ? "USER_UNIT" : "_SYSTEMD_UNIT"
        guard let units = self[name], units.count == 1 else { return nil }
        return units[0]
    }
}
