import Incidents
import Model
import Text

extension Timestamp {
    /// 2026-11-24T03:12:07.000Z
    static let night = Timestamp(parsing: "2026-11-24T03:12:07Z")!
}

extension Stamp {
    /// So many seconds into the night.
    static func at(_ seconds: Double) -> Stamp {
        Stamp(
            wall: .night + .milliseconds(Int64(seconds * 1000)), bootID: "b1",
            sinceBoot: .seconds(5000) + .milliseconds(Int64(seconds * 1000)))
    }
}

extension Alert {
    static func firing(
        _ name: String = "UnitFailed", unit: String? = "nginx.service", severity: String? = "warning",
        labels: [String: String] = [:], claims: Set<String> = [], at seconds: Double = 0,
        summary: String? = "nginx.service failed", evidence: [Evidence] = []
    ) -> Alert {
        var all = labels
        all["alertname"] = name
        all["unit"] = unit
        all["severity"] = severity
        return Alert(
            labels: Labels(all), annotations: summary.map { ["summary": $0] } ?? [:], state: .firing,
            at: Stamp.at(seconds).wall, value: 1, rule: SourcePlace(file: "rules/units.yaml", line: 14, column: 5),
            claims: claims, evidence: evidence)
    }

    var resolved: Alert {
        var copy = self
        copy.state = .resolved
        return copy
    }
}

extension IncidentBook {
    static func empty(_ settings: Settings = Settings()) throws -> IncidentBook {
        IncidentBook(restoring: [], settings: settings, masking: try Masking())
    }

    /// Takes an alert and says in a word what became of it.
    mutating func word(_ alert: Alert, at seconds: Double) -> [String] {
        take(alert, at: .at(seconds)).map(\.word)
    }
}

extension IncidentChange {
    var word: String {
        switch self {
        case .opened: "opened"
        case .joined: "joined"
        case .reopened: "reopened"
        case .signalEnded(_, let lines, let last):
            (last ? "quiet" : "ended") + (lines.last?.state.map { " " + $0.rawValue } ?? "")
        }
    }
}
