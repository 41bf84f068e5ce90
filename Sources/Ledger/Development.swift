internal import GRDB
public import Model

/// One exchange with a model, as an agent's transcript keeps it; `body` is its JSON.
public struct ExchangeRow: Sendable, Hashable {
    public var run: String
    /// The step's path.
    public var path: String
    /// From 1, without gaps.
    public var number: Int
    public var body: String
    public var at: Timestamp

    public init(run: String, path: String, number: Int, body: String, at: Timestamp) {
        self.run = run
        self.path = path
        self.number = number
        self.body = body
        self.at = at
    }
}

/// A pull request of the local forge, as it was opened; what became of it are its words.
public struct PullRequestRow: Sendable, Hashable {
    public var id: String
    public var run: String
    public var incident: String?
    public var project: String
    public var branch: String
    /// Commits, 40 hexadecimal digits.
    public var base: String
    public var head: String
    public var title: String
    public var body: String
    public var lines: Int
    /// Whether the project's declared policy lets it pass without a person.
    public var isLowRisk: Bool
    public var at: Timestamp

    public init(
        id: String, run: String, incident: String?, project: String, branch: String, base: String, head: String,
        title: String, body: String, lines: Int, isLowRisk: Bool, at: Timestamp
    ) {
        self.id = id
        self.run = run
        self.incident = incident
        self.project = project
        self.branch = branch
        self.base = base
        self.head = head
        self.title = title
        self.body = body
        self.lines = lines
        self.isLowRisk = isLowRisk
        self.at = at
    }
}

/// Something said or done on a pull request.
public struct PullWordRow: Sendable, Hashable {
    public enum Kind: String, Sendable, Codable {
        case check, review, comment, approved, rejected, merged
    }

    public var kind: Kind
    public var person: String
    public var text: String
    public var at: Timestamp

    public init(kind: Kind, person: String, text: String, at: Timestamp) {
        self.kind = kind
        self.person = person
        self.text = text
        self.at = at
    }
}

extension LedgerTransaction {
    /// Opens a pull request; one with this ID is left as it is.
    public func insert(pullRequest row: PullRequestRow) throws {
        try execute(
            "INSERT INTO pull_request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            [
                row.id, row.run, row.incident, row.project, row.branch, row.base, row.head, row.title, row.body,
                row.lines, row.isLowRisk, row.at.microseconds,
            ])
    }

    /// Adds a word; a second `merged` or `rejected` is no word.
    public func append(word: PullWordRow, to pullRequest: String) throws {
        try execute(
            """
            INSERT INTO pull_word (pull_request, kind, person, text, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            [pullRequest, word.kind.rawValue, word.person, word.text, word.at.microseconds])
    }
}

extension LedgerReader {
    /// The exchanges of one step, in order.
    public func exchanges(run: String, path: String) throws -> [ExchangeRow] {
        try rows("SELECT * FROM exchange WHERE run = ? AND path = ? ORDER BY number", [run, path], exchangeRow)
    }

    /// The exchanges of all steps of a run, in the order in which they were held.
    public func exchanges(run: String) throws -> [ExchangeRow] {
        try rows("SELECT * FROM exchange WHERE run = ? ORDER BY at, path, number", [run], exchangeRow)
    }

    /// All pull requests, the newest first.
    public func pullRequests() throws -> [PullRequestRow] {
        try rows("SELECT * FROM pull_request ORDER BY at DESC, id", [], pullRequestRow)
    }

    public func pullRequest(_ id: String) throws -> PullRequestRow? {
        try rows("SELECT * FROM pull_request WHERE id = ?", [id], pullRequestRow).first
    }

    public func pullRequests(ofRun run: String) throws -> [PullRequestRow] {
        try rows("SELECT * FROM pull_request WHERE run = ? ORDER BY at, id", [run], pullRequestRow)
    }

    /// What was said on a pull request, in order.
    public func words(on pullRequest: String) throws -> [PullWordRow] {
        try rows("SELECT * FROM pull_word WHERE pull_request = ? ORDER BY id", [pullRequest]) { row in
            guard let kind = PullWordRow.Kind(rawValue: row["kind"]) else {
                throw unreadable("pull_word", row["kind"])
            }
            return PullWordRow(kind: kind, person: row["person"], text: row["text"], at: time(row["at"]))
        }
    }
}

private func exchangeRow(_ row: Row) -> ExchangeRow {
    ExchangeRow(run: row["run"], path: row["path"], number: row["number"], body: row["body"], at: time(row["at"]))
}

private func pullRequestRow(_ row: Row) -> PullRequestRow {
    PullRequestRow(
        id: row["id"], run: row["run"], incident: row["incident"], project: row["project"], branch: row["branch"],
        base: row["base"], head: row["head"], title: row["title"], body: row["body"], lines: row["lines"],
        isLowRisk: row["low_risk"], at: time(row["at"]))
}
