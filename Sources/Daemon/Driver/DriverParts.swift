import Actuation
import Escalation
import HTTPClient
import Ledger
import Logging
import Model
import Runbooks
import Text

/// What the driver asks of whoever sees the host's signals.
protocol Observations: Sendable {
    /// Whether a condition holds now, over samples newer than `newerThan`; nil where it has no value.
    func holds(_ condition: String, newerThan: Timestamp?) async throws(Fault) -> Bool?
    /// Follows a state that the driver set on an incident's timeline.
    func set(_ state: IncidentState, of incident: String) async
}

/// Everything outside that the driver works with; all of it can be simulated.
struct DriverParts: Sendable {
    var ledger: Ledger
    /// Nil where nobody acts (`actuation: observe`).
    var executor: (any Executor)?
    /// The runbooks as whoever acts has them, read anew for each incident.
    var runbooks: @Sendable () -> [Runbook]
    var observations: any Observations
    var send: @Sendable (HTTPRequest) async throws(Fault) -> HTTPResponse
    var pager: Pager
    /// Called after each commit that put something into the outbox.
    var wakeOutbox: @Sendable () -> Void
    /// Sends messages that the ledger could not take.
    var sendFromMemory: @Sendable ([OutboxRow]) -> Void
    var clock: HostClock
    var masking: Masking
    var protectedUnits: ProtectedUnits
    var actionLimit: Budget
    /// Where the executor keeps a directory for each run.
    var runsDirectory: String
    var logger: Logger
    /// What a person is to see of logs and metrics when an incident is escalated, as lines of its timeline.
    var evidence: @Sendable (Incident, EscalateClause) async -> [TimelineLine] = { _, _ in [] }

    /// Nil where no provider of a model is set.
    var development: Development?

    var observesOnly: Bool { executor == nil }
}

/// A run that has not ended, as the driver holds it between two events.
struct OpenRun {
    let header: RunHeader
    /// The incidents that it answers: the one that began it, and those that joined.
    var incidents: [String: Incident]
    var state: RunState
    /// The number of the last row of its history.
    var number = 0
    var lastEvent: Stamp?
    /// Since when something could not be stored: the run is taken up again as after a restart.
    var stalledSince: Stamp?
    /// Evaluations in which the watched condition has held, one after the other.
    var held = 0
    /// The incidents as alerts describe them that joined since it began.
    var joining: [Incident] = []
    /// One event at a time.
    let turnstile = Turnstile()

    var order: Order {
        Order(
            run: header.id, runbook: header.runbook, digest: header.digest,
            parameters: state.facts?.parameters ?? Parameters())
    }

    /// The run whose step began it; its incident's pages and ends are that one's affair.
    var parent: EffectKey? { state.facts?.parent }

    /// Whether it was allowed to act and has not ended.
    var isActing: Bool {
        switch state.phase {
        case .step, .verifying: true
        case .new, .guarding, .waiting, .awaitingApproval, .ended: false
        }
    }
}

/// What limits are kept by: a run that was created, and what became of it. Every run counts, however it ended.
struct RunRecord: Sendable, Hashable {
    let id: String
    let runbook: String
    let target: String
    let created: Stamp
    /// When its first step was allowed.
    var acted: Stamp?
    var ended: Stamp?

    /// How long records are looked back at; no limit of a runbook may ask for more.
    static let memory = Duration.seconds(31 * 86_400)
}
