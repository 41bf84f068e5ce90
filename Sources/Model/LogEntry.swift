/// One journal entry with those of its fields that somebody asked for.
///
/// A field that occurs more than once keeps its first value; bytes that are not UTF-8 are replaced by U+FFFD.
/// Fields whose names begin with an underscore are journald's word, all others the sender's claim.
public struct LogEntry: Sendable, Hashable, Codable {
    /// journald's opaque position; empty for entries that do not come from a journal.
    public var cursor: String
    public var at: Timestamp
    public var fields: [String: String]

    public init(cursor: String = "", at: Timestamp, fields: [String: String]) {
        self.cursor = cursor
        self.at = at
        self.fields = fields
    }

    public subscript(field: String) -> String? { fields[field] }
    public var message: String { fields["MESSAGE"] ?? "" }
    /// syslog's 0 (emergency) to 7 (debug); entries without one count as 6, as journald does.
    public var priority: Int { fields["PRIORITY"].flatMap { Int($0) } ?? 6 }

    /// The unit that this entry is about, from trusted words only; nil where there is none.
    ///
    /// systemd's own entries name their unit in `UNIT` (believed only from PID 1) or `USER_UNIT` (believed only
    /// from a user manager's init.scope); every other entry belongs to the unit of its sender.
    public var unit: String? {
        if fields["_PID"] == "1", let unit = fields["UNIT"] { return unit }
        if fields["_SYSTEMD_USER_UNIT"] == "init.scope", let unit = fields["USER_UNIT"] { return unit }
        if let unit = fields["_SYSTEMD_USER_UNIT"] { return unit }
        return fields["_SYSTEMD_UNIT"]
    }

    /// The fields that `unit`, `priority` and `message` read.
    public static let coreFields: Set<String> = [
        "MESSAGE", "PRIORITY", "_PID", "UNIT", "USER_UNIT", "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT",
    ]
}
