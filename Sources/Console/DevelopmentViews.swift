// swift-format-ignore: AlwaysUseLowerCamelCase
/// `work list --json`: a fix on its way, from an incident to production.
public struct WorkView: Sendable, Codable {
    public struct Step: Sendable, Codable {
        public var path: String
        /// `done`, `failed`, `skipped`, …; `running` for the last one of a fix that is not ended.
        public var outcome: String
        public var text: String
        /// Where a gate stopped it: lines that prove it.
        public var evidence: [String]

        public init(path: String, outcome: String, text: String, evidence: [String] = []) {
            self.path = path
            self.outcome = outcome
            self.text = text
            self.evidence = evidence
        }
    }

    /// Names its branch and pull request as well.
    public var id: String
    public var run: String
    public var incident: String
    public var project: String
    /// `working`, `awaiting_approval`, or how it ended: `resolved`, `escalated`, `refused`, `observed`, `cancelled`.
    public var state: String
    /// A sentence: where it stands, or why it ended.
    public var text: String
    public var begun_at: String
    public var ended_at: String?
    public var tokens: Int
    /// US dollars.
    public var cost: Double
    /// Only of one item by itself.
    public var steps: [Step]?
    /// What was said to models and by them, as a person reads it; only of one item by itself.
    public var transcript: [String]?

    public init(
        id: String, run: String, incident: String, project: String, state: String, text: String, begun_at: String,
        ended_at: String?, tokens: Int, cost: Double, steps: [Step]? = nil, transcript: [String]? = nil
    ) {
        self.id = id
        self.run = run
        self.incident = incident
        self.project = project
        self.state = state
        self.text = text
        self.begun_at = begun_at
        self.ended_at = ended_at
        self.tokens = tokens
        self.cost = cost
        self.steps = steps
        self.transcript = transcript
    }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
/// `pr list --json`: a pull request of the local forge.
public struct PullView: Sendable, Codable {
    public struct Word: Sendable, Codable {
        public var kind: String
        public var person: String
        public var text: String
        public var at: String

        public init(kind: String, person: String, text: String, at: String) {
            self.kind = kind
            self.person = person
            self.text = text
            self.at = at
        }
    }

    public var id: String
    public var run: String
    public var incident: String?
    public var project: String
    public var branch: String
    public var base: String
    public var head: String
    public var title: String
    public var body: String
    public var lines: Int
    public var low_risk: Bool
    /// `open`, `merged`, `rejected`, or `closed` where its run ended without either.
    public var state: String
    public var opened_at: String
    /// What code has checked of it.
    public var checks: [String]
    /// Only of one by itself: everything said on it, in order.
    public var words: [Word]?
    /// Only of one by itself.
    public var diff: String?

    public init(
        id: String, run: String, incident: String?, project: String, branch: String, base: String, head: String,
        title: String, body: String, lines: Int, low_risk: Bool, state: String, opened_at: String, checks: [String],
        words: [Word]? = nil, diff: String? = nil
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
        self.low_risk = low_risk
        self.state = state
        self.opened_at = opened_at
        self.checks = checks
        self.words = words
        self.diff = diff
    }
}
