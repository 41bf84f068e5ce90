public import Incidents
public import Model

/// What the console asks of the daemon; every method answers from memory or the ledger within milliseconds.
public protocol ConsoleBackend: Sendable {
    func status() async throws(Fault) -> StatusView
    /// All incidents, the newest first, without their timelines.
    func incidents() async throws(Fault) -> [IncidentView]
    /// The one incident whose ID begins with `prefix`, with its timeline; a Fault names an unknown or ambiguous one.
    func incident(prefix: String) async throws(Fault) -> IncidentView
    /// Prometheus' `/api/v1/query` JSON for an expression over the daemon's series; `at` nil means now.
    func query(_ expression: String, at: Timestamp?) async throws(Fault) -> String
    /// The daemon's own metrics in the text exposition format.
    func ownMetrics() async -> String
    /// What the incident whose ID begins with `prefix` waits for a person's word on.
    func approval(prefix: String) async throws(Fault) -> ApprovalView
    /// The runbooks that the daemon has loaded, with what each may do and its record.
    func runbooks() async throws(Fault) -> [RunbookView]
    /// Fixes on their way, the newest first; one by itself with its steps and its transcript.
    func work() async throws(Fault) -> [WorkView]
    func work(_ id: String) async throws(Fault) -> WorkView
    /// Pull requests of the local forge, the newest first; one by itself with its words and its diff.
    func pulls() async throws(Fault) -> [PullView]
    func pull(_ id: String) async throws(Fault) -> PullView
    /// Does what a person asked, after the console has checked that they may.
    func perform(_ command: ControlCommand, by peer: Peer) async throws(Fault) -> String
}

/// What a person may tell the daemon over its control socket; each answers with a sentence.
public enum ControlCommand: Sendable, Hashable, Codable {
    case approve(id: String, planHash: String)
    case reject(id: String, why: String)
    case close(id: String)
    case halt(why: String)
    case resume
    case fix(id: String)
    case cancelWork(id: String, why: String)
    case comment(pull: String, text: String)
}

// swift-format-ignore: AlwaysUseLowerCamelCase
/// `status --json` of the command line.
public struct StatusView: Sendable, Codable {
    public struct Journal: Sendable, Codable {
        public var lag_seconds: Double
        public var entries: Int
        public var gaps: Int
        public init(lag_seconds: Double, entries: Int, gaps: Int) {
            self.lag_seconds = lag_seconds
            self.entries = entries
            self.gaps = gaps
        }
    }
    public struct Metrics: Sendable, Codable {
        public var targets: Int
        public var up: Int
        public var series: Int
        public init(targets: Int, up: Int, series: Int) {
            self.targets = targets
            self.up = up
            self.series = series
        }
    }
    public struct Rules: Sendable, Codable {
        public var loaded: Int
        public var firing: Int
        public init(loaded: Int, firing: Int) {
            self.loaded = loaded
            self.firing = firing
        }
    }

    public struct Agents: Sendable, Codable {
        public enum State: String, Sendable, Codable {
            /// No provider is set, so there is no such process.
            case absent = "none"
            /// It has not asked for work yet, or not for a while.
            case waiting
            case heard
        }
        public var state: State
        /// When the agents' process last asked for work.
        public var last_poll: String?
        /// Steps that it works on or that wait for it.
        public var tasks: Int
        /// Whether the daemon starts it as its child, and so as its own user; nil where there is none.
        public var own_child: Bool?
        public init(state: State, last_poll: String? = nil, tasks: Int = 0, own_child: Bool? = nil) {
            self.state = state
            self.last_poll = last_poll
            self.tasks = tasks
            self.own_child = own_child
        }
    }

    public var version: String
    /// RFC 3339 with milliseconds: when the daemon started.
    public var since: String
    public var halted: Bool
    public var journal: Journal
    public var metrics: Metrics
    public var rules: Rules
    /// Counts by state.
    public var incidents: [String: Int]
    public var actuation: String
    public var agents: Agents
    /// Sentences about what does not work at the moment; empty when all is well.
    public var warnings: [String]

    public init(
        version: String, since: String, halted: Bool, journal: Journal, metrics: Metrics, rules: Rules,
        incidents: [String: Int], actuation: String, agents: Agents, warnings: [String]
    ) {
        self.version = version
        self.since = since
        self.halted = halted
        self.journal = journal
        self.metrics = metrics
        self.rules = rules
        self.incidents = incidents
        self.actuation = actuation
        self.agents = agents
        self.warnings = warnings
    }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
/// `runbooks list --json`: what a runbook may do, and its record.
public struct RunbookView: Sendable, Codable {
    public var name: String
    public var description: String
    public var when_not: String
    public var mode: String
    public var risk: String
    public var digest: String
    /// Whether the executor has this digest installed.
    public var installed: Bool
    /// Ended runs by their end: `resolved`, `observed`, `refused`, `escalated`, `cancelled`.
    public var record: [String: Int]

    public init(
        name: String, description: String, when_not: String, mode: String, risk: String, digest: String,
        installed: Bool, record: [String: Int]
    ) {
        self.name = name
        self.description = description
        self.when_not = when_not
        self.mode = mode
        self.risk = risk
        self.digest = digest
        self.installed = installed
        self.record = record
    }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
/// What a person is asked, and what their word is bound to.
public struct ApprovalView: Sendable, Codable {
    public var incident: String
    public var run: String
    public var plan_hash: String
    public var text: String
    public var needs: Int
    /// Whether the word is to be given to the helper on this host, not here.
    public var at_helper: Bool

    public init(incident: String, run: String, plan_hash: String, text: String, needs: Int, at_helper: Bool) {
        self.incident = incident
        self.run = run
        self.plan_hash = plan_hash
        self.text = text
        self.needs = needs
        self.at_helper = at_helper
    }
}
