internal import Model

/// An incident for a person who was asleep a minute ago: the sentence first, then what was decided, then all of it in
/// time.
///
/// Text that came from outside is shown without control characters, so that no log line can move a terminal's cursor.
public enum IncidentText {
    /// The columns that a listing keeps to.
    static let width = 120

    /// One line of a listing: ID, state, when it opened, severity, summary, runbook. Without a line feed.
    public static func row(_ incident: IncidentView, zoneOffset: Int) -> String {
        let state = sign(incident.state) + " " + words(incident.state)
        let opened = Timestamp(parsing: incident.opened_at).map { dateAndTime($0, zoneOffset) } ?? incident.opened_at
        var line = "\(incident.id.prefix(8))  \(padded(state, 19))  \(opened)  \(padded(plain(incident.severity), 8))  "
        let runbook = incident.runbook.map { "  " + plain($0) } ?? ""
        let room = max(20, width - line.count - runbook.count)
        line +=
            runbook.isEmpty
            ? clipped(plain(incident.summary), room) : padded(clipped(plain(incident.summary), room), room)
        return line + runbook
    }

    /// The whole incident, without a line feed at the end; times are those `zoneOffset` seconds east of UTC.
    public static func show(_ incident: IncidentView, zoneOffset: Int) -> String {
        let lines = incident.timeline ?? []
        var out = ["\(headline(incident, lines, zoneOffset))   \(plain(incident.summary))"]
        out.append("  \(decision(incident, lines, zoneOffset))")
        out.append("")
        return (out + Timeline(lines, zoneOffset: zoneOffset).rendered).joined(separator: "\n")
    }

    /// A state's sign; it always stands beside the word.
    public static func sign(_ state: String) -> String {
        switch state {
        case "resolved": "✔"
        case "escalated": "✘"
        case "closed": "–"
        case "awaiting_approval": "?"
        default: "…"
        }
    }

    /// Text from outside as one line that moves no terminal's cursor.
    public static func line(_ text: String) -> String { plain(text) }

    /// A state as words: `awaiting approval`.
    public static func words(_ state: String) -> String { String(state.map { $0 == "_" ? " " : $0 }) }

    private static func headline(
        _ incident: IncidentView, _ lines: [IncidentView.Line], _ zoneOffset: Int
    ) -> String {
        let opened = Timestamp(parsing: incident.opened_at)
        let began = ([opened] + lines.map { Timestamp(parsing: $0.at) }).compactMap(\.self).min()
        let ended: Timestamp? =
            switch incident.state {
            case "resolved": incident.resolved_at.flatMap(Timestamp.init(parsing:))
            case "escalated": incident.escalated_at.flatMap(Timestamp.init(parsing:))
            case "closed": lines.last { $0.state == "closed" }.flatMap { Timestamp(parsing: $0.at) }
            default: nil
            }
        var text = "\(sign(incident.state)) \(words(incident.state))"
        if let began {
            if let ended {
                text += "\(incident.state == "resolved" ? " in" : " after") \(spoken(ended - began))"
            } else {
                text += ", open since \(dateAndTime(began, zoneOffset))"
            }
        }
        return text
    }

    private static func decision(
        _ incident: IncidentView, _ lines: [IncidentView.Line], _ zoneOffset: Int
    ) -> String {
        let runbook = incident.runbook.map(plain)
        let last = lines.last { $0.state == incident.state }.map { plain($0.text) }
        switch incident.state {
        case "resolved":
            let end = lines.lastIndex { $0.state == "resolved" } ?? lines.count
            let proof = lines.prefix(min(end + 1, lines.count)).last { $0.kind == "verify" }.map { plain($0.text) }
            return [runbook.map { "repaired by \($0)" }, proof.map { "proven by \($0)" }]
                .compactMap(\.self).joined(separator: ", ").nonEmpty ?? last ?? "resolved"
        case "escalated":
            let tried = runbook.map { "\($0) did not repair it. " } ?? ""
            return
                "\(tried)A person has to look\(last.map { ": \($0)" } ?? ""); "
                + "then: nightshift incidents close \(incident.id.prefix(8))"
        case "awaiting_approval":
            return "\(runbook ?? "a runbook") waits for a person: nightshift approve \(incident.id.prefix(8))"
        case "acting": return "\(runbook ?? "a runbook") is at work"
        case "verifying": return "\(runbook ?? "a runbook") has acted and waits for the proof"
        case "closed": return last ?? "closed"
        default: return "nothing was done so far"
        }
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

/// `3.1 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`; never negative.
func spoken(_ duration: Duration) -> String {
    let tenths = max(0, (duration.milliseconds + 50) / 100)
    if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
    let seconds = tenths / 10
    switch seconds {
    case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
    }
}

/// `2026-11-24 03:12:07`
func dateAndTime(_ time: Timestamp, _ zoneOffset: Int) -> String {
    let text = time.formatted(offsetSeconds: zoneOffset)
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8))"
}

/// Without control characters, line ends and marks that change the direction of text; each becomes a blank.
func plain(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: " "
                default: scalar
                }
            }))
}

func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

func clipped(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
}
