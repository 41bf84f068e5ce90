public import Model

/// A run as it was created; its course is its events.
public struct RunHeader: Sendable, Hashable {
    public var id: String
    public var incident: String?
    public var runbook: String
    public var digest: String
    /// Counts the runs of one runbook for one incident, from 1.
    public var occurrence: Int
    public var target: String?
    public var mode: String
    /// What began it, as JSON.
    public var trigger: String
    /// The typed parameters, as JSON.
    public var parameters: String
    public var stamp: Stamp

    public init(
        id: String, incident: String?, runbook: String, digest: String, occurrence: Int, target: String?, mode: String,
        trigger: String, parameters: String, stamp: Stamp
    ) {
        self.id = id
        self.incident = incident
        self.runbook = runbook
        self.digest = digest
        self.occurrence = occurrence
        self.target = target
        self.mode = mode
        self.trigger = trigger
        self.parameters = parameters
        self.stamp = stamp
    }
}

/// One event of a run's history; `body` is its JSON. The event of kind `ended` closes the run.
public struct StoredEvent: Sendable, Hashable {
    public var run: String
    public var number: Int
    public var kind: String
    public var body: String
    public var stamp: Stamp

    public init(run: String, number: Int, kind: String, body: String, stamp: Stamp) {
        self.run = run
        self.number = number
        self.kind = kind
        self.body = body
        self.stamp = stamp
    }
}

/// A checked runbook, stored whole so that old histories can always be folded.
public struct StoredDefinition: Sendable, Hashable {
    public var digest: String
    public var name: String
    public var text: String

    public init(digest: String, name: String, text: String) {
        self.digest = digest
        self.name = name
        self.text = text
    }
}

/// What a run took from a limit, and when: `scope` names the limit, such as `host` or
/// `restart-crashed-unit/nginx.service`.
public struct Reservation: Sendable, Hashable {
    public var scope: String
    public var run: String
    public var stamp: Stamp

    public init(scope: String, run: String, stamp: Stamp) {
        self.scope = scope
        self.run = run
        self.stamp = stamp
    }
}

/// A message that must reach a receiver; `key` is its deduplication key.
public struct OutboxRow: Sendable, Hashable {
    public var key: String
    public var incident: String?
    /// The order of an incident's messages, from 1; the ledger gives it.
    public var sequence: Int
    public var receiver: String
    public var body: String
    public var at: Timestamp

    public init(key: String, incident: String?, sequence: Int = 0, receiver: String, body: String, at: Timestamp) {
        self.key = key
        self.incident = incident
        self.sequence = sequence
        self.receiver = receiver
        self.body = body
        self.at = at
    }
}

/// One attempt to deliver a message.
public struct Delivery: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        case delivered
        /// Not now: tried again at `nextAt`.
        case failed
        /// The receiver will not have it as it is; tried again, rarely.
        case refused
    }

    public var key: String
    /// From 1.
    public var attempt: Int
    public var at: Timestamp
    public var outcome: Outcome
    public var text: String
    public var nextAt: Timestamp?

    public init(key: String, attempt: Int, at: Timestamp, outcome: Outcome, text: String, nextAt: Timestamp? = nil) {
        self.key = key
        self.attempt = attempt
        self.at = at
        self.outcome = outcome
        self.text = text
        self.nextAt = nextAt
    }
}

/// A message that was not delivered yet, with the last recorded try.
public struct PendingMessage: Sendable, Hashable {
    public var key: String
    public var incident: String?
    public var receiver: String
    public var last: Delivery?
}

/// A stretch of the journal that was not seen, and why.
public struct GapRow: Sendable, Hashable {
    public var at: Timestamp
    public var source: String
    public var from: Timestamp?
    public var through: Timestamp?
    public var reason: String

    public init(at: Timestamp, source: String, from: Timestamp? = nil, through: Timestamp? = nil, reason: String) {
        self.at = at
        self.source = source
        self.from = from
        self.through = through
        self.reason = reason
    }
}

/// A person's word on one step of a run, bound to the hash of the plan that they saw.
public struct ApprovalRow: Sendable, Hashable {
    public enum Decision: String, Sendable {
        case approved, rejected
    }

    public var run: String
    public var path: String
    public var plan: String
    public var person: String
    public var decision: Decision
    public var why: String
    public var stamp: Stamp

    public init(
        run: String, path: String, plan: String, person: String, decision: Decision, why: String, stamp: Stamp
    ) {
        self.run = run
        self.path = path
        self.plan = plan
        self.person = person
        self.decision = decision
        self.why = why
        self.stamp = stamp
    }
}

/// The kill switch, thrown or released.
public struct HaltRow: Sendable, Hashable {
    public var halted: Bool
    public var person: String
    public var why: String
    public var stamp: Stamp

    public init(halted: Bool, person: String, why: String, stamp: Stamp) {
        self.halted = halted
        self.person = person
        self.why = why
        self.stamp = stamp
    }
}

/// How many journal entries a unit has logged at a priority.
public struct JournalCount: Sendable, Hashable {
    public var unit: String
    public var priority: Int
    public var entries: Int

    public init(unit: String, priority: Int, entries: Int) {
        self.unit = unit
        self.priority = priority
        self.entries = entries
    }
}

/// Up to where a source has been read, and how many of its entries were counted so far.
public struct JournalPositionRow: Sendable, Hashable {
    public var source: String
    public var cursor: String
    public var counted: Int
    public var at: Timestamp

    public init(source: String, cursor: String, counted: Int, at: Timestamp) {
        self.source = source
        self.cursor = cursor
        self.counted = counted
        self.at = at
    }
}

/// An incident with what its timeline makes of it.
public struct IncidentRecord: Sendable, Hashable {
    /// As it opened, but with the severity that it has by now.
    public var incident: Incident
    public var state: IncidentState
    /// When the first step started.
    public var actedAt: Timestamp?
    /// When it was proven healthy, where it is resolved now.
    public var resolvedAt: Timestamp?
    /// When it was first escalated.
    public var escalatedAt: Timestamp?
    /// When it ended, where it is resolved or closed now.
    public var endedAt: Timestamp?
    /// The last runbook that its timeline names.
    public var runbook: String?
}
