public import Agents
public import Model

/// What the agents' process asks of the daemon, each request answered by one `WorkAnswer`.
///
/// The daemon never asks: it hands out tasks when it is polled, so that the process that talks to models listens nowhere.
public enum WorkRequest: Sendable, Codable {
    /// Which tasks are under way; answered at once when there is news, else after `WorkRules.pollPatience`.
    case poll(running: [EffectKey])
    /// What a tool of the daemon's says, masked and capped.
    case tool(EffectKey, name: String, arguments: JSONValue)
    /// The exchanges that are stored for a task's step.
    case exchanges(EffectKey)
    /// May a request go out that costs so much at worst? It is booked with the answer, before anything is sent.
    case hold(EffectKey, WorkHold)
    /// An exchange that must be stored before the agent goes on, and what its request took in place of what was held for
    /// it; `number` counts from 1.
    case exchange(EffectKey, number: Int, body: String, spent: WorkSpending, request: String)
    /// What was counted for a request that is in no exchange, in place of what was held for it.
    case lost(EffectKey, request: String, spent: WorkSpending)
    /// What was seen by all agents of the task's run: what citations may refer to.
    case seen(EffectKey)
    /// The commit of a task's step, to be taken in as the item's branch.
    case offer(EffectKey, BranchOffer)
    case finished(EffectKey, Outcome)
    /// A review by itself begins; its exchanges come under the name of the review.
    case review(WorkReview)
}

/// A review that somebody began by hand.
public struct WorkReview: Sendable, Hashable, Codable {
    /// `review-` and 16 hexadecimal digits.
    public var id: String
    public var project: String
    public var range: String
    public var by: String
    /// The role's file.
    public var role: String

    public init(id: String, project: String, range: String, by: String, role: String) {
        self.id = id
        self.project = project
        self.range = range
        self.by = by
        self.role = role
    }

    /// A name that no other review has.
    public static func newID() -> String { "review-" + WorkHold.newID() }

    /// Its one step.
    public static func key(_ id: String) -> EffectKey { EffectKey(run: id, path: "review", attempt: 1) }

    /// Whether a name is one of a review.
    public static func isID(_ text: String) -> Bool {
        text.hasPrefix("review-") && WorkHold.isID(text.utf8.dropFirst(7))
    }
}

public enum WorkAnswer: Sendable, Codable {
    case tasks(start: [WorkTask], cancel: [EffectKey])
    case tool(text: String, isError: Bool)
    /// The bodies, in order.
    case exchanges([String])
    /// Nothing was booked; a sentence says which budget it does not fit.
    case refused(String)
    case done
}

public enum WorkRules {
    /// How long a poll without news is held.
    public static let pollPatience = Duration.seconds(10)
    /// Without a poll for so long the agents' process counts as gone, and its tasks are given out again.
    public static let silenceMax = Duration.seconds(30)
    /// Bytes of one message.
    public static let messageMax = 8 << 20
    /// Bytes of a step's exchanges, which must come back in one message.
    public static let transcriptMax = 6 << 20
    /// Times that a step may have something held: each request of the longest role, with each of its tries.
    public static let holdsMax = Role.Budget.turnsMax * 4
    /// Reviews by hand that are kept of one day.
    public static let reviewsMax = 50
    /// Bytes of a review's role, and of each other word about it.
    public static let (reviewRoleMax, reviewWordMax) = (256 << 10, 1 << 10)
}

/// What a request may cost before it goes out.
public struct WorkHold: Sendable, Hashable, Codable {
    /// A name that no other request of the step has, 16 hexadecimal digits, for all of its tries.
    public var request: String
    /// From 0; each further try holds what it may cost besides.
    public var part: Int
    /// Of the exchange that it is to become.
    public var number: Int
    public var most: WorkSpending

    public init(request: String, part: Int, number: Int, most: WorkSpending) {
        self.request = request
        self.part = part
        self.number = number
        self.most = most
    }

    /// 16 hexadecimal digits, by chance.
    public static func newID() -> String {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    public static func isID(_ text: some Collection<UInt8>) -> Bool {
        text.count == 16
            && text.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}

/// What one exchange took.
public struct WorkSpending: Sendable, Hashable, Codable {
    public var model: String
    public var tokens: Int
    /// Millionths of a US dollar.
    public var cost: Int

    public init(model: String, tokens: Int, cost: Int) {
        self.model = model
        self.tokens = tokens
        self.cost = cost
    }

    /// A vendor's counts are a stranger's numbers: no sum of them may overflow, here or in the ledger.
    public init(model: String, usage tokens: Int, cost: Money) {
        self.init(
            model: model, tokens: min(max(0, tokens), Self.tokensMax),
            cost: Int(min(max(0, cost.microdollars), Int64(Self.costMax))))
    }

    /// Whether it can be what one request took.
    public var isSane: Bool {
        (0...Self.tokensMax).contains(tokens) && (0...Self.costMax).contains(cost) && model.utf8.count <= 256
    }

    /// A billion tokens and ten thousand dollars.
    static let (tokensMax, costMax) = (1_000_000_000, 10_000_000_000)
}

/// One step of a run for the agents' process to perform.
public struct WorkTask: Sendable, Codable {
    public enum Step: Sendable, Codable {
        /// The role's file as the daemon has it, and its inputs.
        case agent(role: String, file: String, text: String, inputs: [String: JSONValue])
        case repository(RepositoryWork)
    }

    public var key: EffectKey
    public var step: Step
    public var incident: WorkIncident
    public var project: Project?
    /// Names branch and worktree: letters, digits and hyphens.
    public var item: String
    /// What is deployed now, where it is known.
    public var revision: String?
    public var timeout: Duration

    public init(
        key: EffectKey, step: Step, incident: WorkIncident, project: Project?, item: String, revision: String?,
        timeout: Duration
    ) {
        self.key = key
        self.step = step
        self.incident = incident
        self.project = project
        self.item = item
        self.revision = revision
        self.timeout = timeout
    }
}

/// What is to be done with a project's repository.
public enum RepositoryWork: Sendable, Codable {
    public enum Part: String, Sendable, Codable {
        case test, fix
    }
    public enum Expectation: String, Sendable, Codable {
        case fails, passes
    }

    case checkout
    /// `edits`: a list of `{path, search, replace}`.
    case apply(edits: JSONValue, as: Part)
    case test(expect: Expectation, times: Int)
    case commit(message: String)
}

/// The incident as agents are told of it.
public struct WorkIncident: Sendable, Hashable, Codable {
    public var id: String
    public var name: String
    public var severity: String
    public var summary: String
    public var labels: [String: String]
    public var openedAt: Timestamp
    /// The timeline so far, a line each, masked.
    public var timeline: [String]

    public init(
        id: String, name: String, severity: String, summary: String, labels: [String: String], openedAt: Timestamp,
        timeline: [String]
    ) {
        self.id = id
        self.name = name
        self.severity = severity
        self.summary = summary
        self.labels = labels
        self.openedAt = openedAt
        self.timeline = timeline
    }
}
