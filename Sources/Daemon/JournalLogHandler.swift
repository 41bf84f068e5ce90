import Glibc
import Journal
import Logging

/// Sends log lines to the journal with their metadata as fields, or to standard error where a person watches.
struct JournalLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    let label: String
    let toJournal: Bool

    init(label: String, toJournal: Bool) {
        self.label = label
        self.toJournal = toJournal
    }

    /// systemd sets JOURNAL_STREAM where standard error is the journal.
    static var isUnderJournal: Bool { getenv("JOURNAL_STREAM") != nil }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        guard toJournal else {
            let rest = fields.map { " \($0.key)=\($0.value)" }.joined()
            let line = Array("\(event.level): \(event.message)\(rest)\n".utf8)
            // Where standard error is closed there is nobody to tell.
            _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            return
        }
        var out = [
            ("MESSAGE", "\(event.message)"), ("PRIORITY", Self.priority(event.level)),
            ("SYSLOG_IDENTIFIER", "nightshift"), ("NIGHTSHIFT_PART", label),
        ]
        for (name, value) in fields { out.append(("NIGHTSHIFT_" + Self.fieldName(name), "\(value)")) }
        JournalSend.send(out)
    }

    private static func priority(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "7"
        case .info: "6"
        case .notice: "5"
        case .warning: "4"
        case .error: "3"
        case .critical: "2"
        }
    }

    private static func fieldName(_ name: String) -> String {
        String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
