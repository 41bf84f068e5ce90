internal import FoundationEssentials
internal import GRDB
public import Model

extension LedgerReader {
    /// Incidents, newest first: all, or those in the given states, or those opened at or after a time.
    public func incidents(
        states: Set<IncidentState>? = nil, since: Timestamp? = nil, limit: Int = 1000
    ) throws -> [IncidentRecord] {
        let words = states.map { $0.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ") }
        return try rows(
            """
            \(Self.record)
            WHERE opened_at >= ? \(words.map { "AND now_state IN (\($0))" } ?? "")
            ORDER BY opened_at DESC, id DESC LIMIT ?
            """, [since?.microseconds ?? Int64.min, limit], incidentRecord)
    }

    /// The incidents whose ID begins with `prefix`, newest first, at most ten.
    public func incidents(prefix: String) throws -> [IncidentRecord] {
        guard !prefix.isEmpty, prefix.allSatisfy({ $0.isHexDigit }) else { return [] }
        return try rows(
            "\(Self.record) WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY opened_at DESC, id DESC LIMIT 10",
            [prefix.lowercased()], incidentRecord)
    }

    public func incident(_ id: String) throws -> IncidentRecord? {
        try rows("\(Self.record) WHERE id = ?", [id], incidentRecord).first
    }

    /// How many incidents have had this fingerprint.
    public func occurrences(fingerprint: String) throws -> Int {
        try number("SELECT COUNT(*) FROM incident WHERE fingerprint = ?", [fingerprint])
    }

    /// The number of incidents in each state that has any.
    public func incidentCounts() throws -> [IncidentState: Int] {
        var counts: [IncidentState: Int] = [:]
        _ = try rows(
            "SELECT now_state, COUNT(*) AS incidents FROM (\(Self.record)) GROUP BY now_state"
        ) { counts[try incidentState($0["now_state"])] = $0["incidents"] }
        return counts
    }

    /// The lines of an incident, in the order in which they were added.
    public func timeline(of incident: String) throws -> [TimelineLine] {
        var evidence: [Int64: [Evidence]] = [:]
        _ = try rows(
            """
            SELECT evidence.* FROM evidence JOIN timeline ON timeline.id = evidence.line
            WHERE timeline.incident = ? ORDER BY evidence.line, evidence.position
            """, [incident]
        ) { row in
            guard let kind = Evidence.Kind(rawValue: row["kind"]) else { throw unreadable("evidence", row["kind"]) }
            evidence[row["line"], default: []].append(Evidence(kind, row["reference"], row["text"]))
        }
        return try rows("SELECT * FROM timeline WHERE incident = ? ORDER BY number", [incident]) { row in
            guard let kind = TimelineLine.Kind(rawValue: row["kind"]) else { throw unreadable("timeline", row["kind"]) }
            let state: String? = row["state"]
            return TimelineLine(
                at: time(row["at"]), kind: kind, text: row["text"], evidence: evidence[row["id"]] ?? [],
                state: try state.map(incidentState), runbook: row["runbook"], severity: row["severity"])
        }
    }

    /// An incident is `open` until a line says otherwise; the last line that names a state, a severity, a runbook
    /// counts.
    static let record = """
        SELECT * FROM (SELECT incident.*,
            COALESCE((SELECT state FROM timeline WHERE incident = incident.id AND state IS NOT NULL
                ORDER BY number DESC LIMIT 1), 'open') AS now_state,
            (SELECT at FROM timeline WHERE incident = incident.id AND state IS NOT NULL
                ORDER BY number DESC LIMIT 1) AS now_at,
            (SELECT severity FROM timeline WHERE incident = incident.id AND severity IS NOT NULL
                ORDER BY number DESC LIMIT 1) AS now_severity,
            (SELECT runbook FROM timeline WHERE incident = incident.id AND runbook IS NOT NULL
                ORDER BY number DESC LIMIT 1) AS now_runbook,
            (SELECT MIN(at) FROM timeline WHERE incident = incident.id AND kind = 'start') AS acted_at,
            (SELECT MIN(at) FROM timeline WHERE incident = incident.id AND state = 'escalated') AS escalated_at
        FROM incident)
        """
}

private func incidentRecord(_ row: Row) throws -> IncidentRecord {
    let state = try incidentState(row["now_state"])
    let severity: String? = row["now_severity"]
    let decoder = JSONDecoder()
    return IncidentRecord(
        incident: Incident(
            id: row["id"], fingerprint: row["fingerprint"], name: row["name"], severity: severity ?? row["severity"],
            labels: try decoder.decode(Labels.self, from: Data((row["labels"] as String).utf8)),
            claims: try decoder.decode(Set<String>.self, from: Data((row["claims"] as String).utf8)),
            summary: row["summary"], openedAt: time(row["opened_at"]),
            rule: SourcePlace(file: row["rule_file"], line: row["rule_line"], column: row["rule_column"])),
        state: state, actedAt: optionalTime(row["acted_at"]),
        resolvedAt: state == .resolved ? optionalTime(row["now_at"]) : nil,
        escalatedAt: optionalTime(row["escalated_at"]),
        endedAt: state.isEnded ? optionalTime(row["now_at"]) : nil, runbook: row["now_runbook"])
}

private func incidentState(_ word: String) throws -> IncidentState {
    guard let state = IncidentState(rawValue: word) else { throw unreadable("timeline", word) }
    return state
}
