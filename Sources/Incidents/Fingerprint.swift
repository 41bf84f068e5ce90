public import Model
internal import Text

/// What tells one trouble from another, occurrence after occurrence.
public enum Fingerprint {
    /// Labels that differ between occurrences of the same trouble, or only say how bad it is.
    public static let volatile: Set<String> = [
        "severity", "value", "pid", "ppid", "tid", "process_id", "thread_id", "session", "session_id", "request_id",
        "trace_id", "span_id", "transaction_id", "invocation", "invocation_id", "boot_id", "cursor", "timestamp",
    ]

    /// 16 hexadecimal digits over the labels that identify an alert: all but the volatile ones.
    ///
    /// A label that is only a sender's claim counts as another label than the same one from a trusted source, so that
    /// nobody can slip an alert of theirs into an incident that rests on trusted words.
    public static func of(_ alert: Alert) -> String {
        var text = ""
        for pair in alert.labels.pairs where !volatile.contains(pair.name) {
            text += "\(alert.claims.contains(pair.name) ? "?" : "")\(pair.name)\u{0}\(pair.value)\u{0}"
        }
        return short(text)
    }

    /// An incident's ID: the same inputs give the same ID, on any host and after any restart.
    static func id(fingerprint: String, alertAt: Timestamp, openedAt: Timestamp, occurrence: Int) -> String {
        short("\(fingerprint) \(alertAt.microseconds) \(openedAt.microseconds) \(occurrence)")
    }

    private static func short(_ text: String) -> String { String(Digest.sha256(text.utf8).prefix(16)) }
}
