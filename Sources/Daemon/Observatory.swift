import Detection
import FoundationEssentials
import Incidents
import Journal
import Ledger
import Logging
import Model
import Runbooks
import Scraper
import Series
import Text

/// Whoever is to repair what the observatory finds.
protocol IncidentListener: Sendable {
    /// The incident is committed and wants something done; it may be told again, after a restart or when it opens again.
    func incidentOpened(_ incident: Incident) async
    /// The ledger could not take the incident; it will be told as opened again when it can.
    func incidentUnstored(_ incident: Incident, _ why: Fault) async
    /// Another alert belongs to the incident, which is given here with that alert's labels.
    func incidentJoined(_ incident: Incident) async
    /// No signal of the incident is seen any more.
    func signalEnded(_ incident: String) async
}

/// The one owner of series, rules and incidents: entries and samples in, incidents out.
///
/// What a journal batch changes (cursor, counts, incidents, timeline) goes into one ledger transaction, before anyone acts on it.
actor Observatory {
    var store: SeriesStore
    var engine: RuleEngine
    var book: IncidentBook
    let ledger: Ledger
    let clock: HostClock
    let logger: Logger
    let journalSource: String
    var counts: [CountKey: Int]
    var isCaughtUp = false
    var isSettled = false
    var isRuleStateDirty = false
    var targets: [Labels: Bool] = [:]
    /// Alerts that ended because their rules are gone; told with the next evaluation.
    var restored: [Alert] = []
    var unsaved = Unsaved()
    /// When it was last said that the ledger refuses; nil while it does not.
    var refusedSince: Stamp?
    var metrics = OwnMetrics()
    private(set) var lastBatch: Stamp
    var listener: (any IncidentListener)?
    /// One commit at a time: what one could not store must go before what came after it.
    let committing = Turnstile()

    /// Under which the ledger keeps what the rules remember.
    static let ruleStateName = "rules"

    /// Units and priorities that are counted apart.
    static let countsMax = 4096

    struct CountKey: Hashable, Sendable {
        var unit: String
        var priority: Int
    }

    /// What a refused transaction would have stored; it goes into the next one.
    struct Unsaved {
        var cursor: String?
        var entries = 0
        var counts: [CountKey: Int] = [:]
        var gaps: [GapRow] = []
        var changes: [IncidentChange] = []

        static let changesMax = 10_000

        /// Keeps at most `changesMax` changes and gaps; what opened an incident goes last.
        mutating func bound() {
            var excess = changes.count - Self.changesMax
            if excess > 0 {
                changes.removeAll { change in
                    if case .opened = change { return false }
                    excess -= 1
                    return excess >= 0
                }
            }
            changes.removeFirst(max(0, changes.count - Self.changesMax))
            gaps.removeFirst(max(0, gaps.count - Self.changesMax))
        }
    }

    init(
        settings: Settings, content: Content, ledger: Ledger, clock: HostClock, logger: Logger, book: IncidentBook,
        counts: [JournalCount], ruleState: RuleEngineSnapshot?
    ) {
        store = SeriesStore(retention: settings.metrics.retention, memory: settings.metrics.memory)
        engine = RuleEngine(content.rules, interval: settings.evaluationInterval, elapsed: { clock.now().sinceBoot })
        if let ruleState { restored = engine.restore(ruleState, at: clock.now().wall, afterRestart: true) }
        self.book = book
        self.ledger = ledger
        self.clock = clock
        self.logger = logger
        journalSource = settings.journal.source.description
        self.counts = Dictionary(
            counts.map { (CountKey(unit: $0.unit, priority: $0.priority), $0.entries) }, uniquingKeysWith: +)
        lastBatch = clock.now()
    }

    func setListener(_ listener: any IncidentListener) { self.listener = listener }

    /// Takes on other rules; alerts whose rules did not change go on where they were.
    func reload(_ content: Content, settings: Settings) {
        let state = engine.snapshot()
        engine = RuleEngine(
            content.rules, interval: settings.evaluationInterval, elapsed: { [clock] in clock.now().sinceBoot })
        restored += engine.restore(state, at: clock.now().wall, afterRestart: false)
    }
}

// Observations.
extension Observatory {
    /// Judges a batch of entries; returns when the batch, its cursor and its incidents are on disk.
    ///
    /// A ledger that refuses stops no detection: what it refused is kept in memory and goes with the next batch.
    func take(_ batch: JournalBatch) async {
        let now = clock.now()
        lastBatch = now
        isCaughtUp = batch.isAtEnd
        metrics.journalLag = batch.lag.inSeconds
        metrics.journalBatches += 1
        metrics.journalEntries += batch.entries.count
        metrics.journalGaps += batch.gaps.count
        var changes: [IncidentChange] = []
        for entry in batch.entries {
            let key = countKey(of: entry)
            counts[key, default: 0] += 1
            unsaved.counts[key, default: 0] += 1
            let alerts = engine.observe(entry)
            if !alerts.isEmpty { isRuleStateDirty = true }
            changes += alerts.flatMap { book.take($0, at: now) }
        }
        unsaved.entries += batch.entries.count
        if let cursor = batch.cursor ?? batch.start?.cursor { unsaved.cursor = cursor }
        for gap in batch.gaps {
            logger.warning("\(gap.text)", metadata: ["reason": "\(gap.reason.rawValue)"])
            unsaved.gaps.append(
                GapRow(
                    at: now.wall, source: journalSource, from: gap.from.at, through: gap.to.at,
                    reason: "\(gap.reason.rawValue): \(gap.text)"))
        }
        guard !batch.entries.isEmpty || !unsaved.gaps.isEmpty || batch.start != nil else { return }
        await commit(changes)
    }

    /// Names of transient units are without end: past so many the ledger and we count new ones as one.
    private func countKey(of entry: LogEntry) -> CountKey {
        let key = CountKey(unit: entry.unit ?? "", priority: entry.priority)
        return counts.count < Self.countsMax || counts[key] != nil
            ? key : CountKey(unit: "(other)", priority: entry.priority)
    }

    func take(_ scrape: Scrape) {
        metrics.scrapes += 1
        if !scrape.up { metrics.scrapesFailed += 1 }
        targets[scrape.target] = scrape.up
        for (labels, sample) in scrape.samples { store.append(labels, sample) }
        for labels in scrape.stale {
            store.append(labels, Sample(milliseconds: scrape.began.milliseconds, value: StaleMarker.value))
        }
    }

    /// Takes samples of the host itself, all of one time.
    func take(_ samples: [(Labels, Double)], at time: Timestamp) {
        for (labels, value) in samples { store.append(labels, Sample(milliseconds: time.milliseconds, value: value)) }
    }

    func nextEvaluation(after time: Timestamp) -> Timestamp? { engine.nextEvaluation(after: time) }

    /// Evaluates the rule groups that are due.
    func evaluate() async {
        let now = clock.now()
        for (key, count) in counts {
            store.append(
                ["__name__": "journal_entries_total", "unit": key.unit, "priority": String(key.priority)],
                Sample(milliseconds: now.wall.milliseconds, value: Double(count)))
        }
        let failedBefore = engine.health.reduce(0) { $0 + $1.failures }
        let alerts = engine.evaluate(at: now.wall, store: &store, journalCaughtUp: isCaughtUp)
        metrics.evaluations += 1
        let failures = engine.health.reduce(0) { $0 + $1.failures } - failedBefore
        metrics.evaluationFailures += failures
        if failures > 0, let sick = engine.health.first(where: { $0.lastError != nil }), let error = sick.lastError {
            logger.warning("the rule \(sick.name) cannot be evaluated: \(error)", metadata: ["rule": "\(sick.place)"])
        }
        store.prune(now: now.wall)
        var changes = (restored + alerts).flatMap { book.take($0, at: now) }
        restored = []
        changes += settling(at: now) + book.review(at: now)
        if !alerts.isEmpty { isRuleStateDirty = true }
        if !changes.isEmpty || isRuleStateDirty { await commit(changes) }
    }

    /// After a start the first evaluation says what fires: incidents of which nothing does any more end here.
    private func settling(at now: Stamp) -> [IncidentChange] {
        guard !isSettled, isCaughtUp else { return [] }
        isSettled = true
        engine.forget(engine.remembered.filter { !book.knows($0, at: now) })
        return book.settle(firing: engine.active, at: now)
    }

    /// Follows a state that somebody else has set on an incident's timeline.
    func set(_ state: IncidentState, of incident: String) {
        book.set(state, of: incident, at: clock.now())
    }

    func signalStands(_ incident: String) -> Bool { book.signalStands(incident) }

    var unitsInTrouble: Set<String> { book.unitsInTrouble }

    /// Stores the state of the rules, so that a clean stop forgets nothing.
    func flush() async {
        isRuleStateDirty = true
        await commit([])
    }
}

// What it tells.
extension Observatory {
    /// Whether the journal has been reached; nothing is noticed before.
    var hasBegun: Bool { metrics.journalBatches > 0 }

    /// What hangs; nil when all is well.
    var trouble: String? {
        let quiet = clock.now().since(lastBatch)
        return quiet > .seconds(60) ? "nothing was read from the journal for \(quiet.literal)" : nil
    }

    /// Begins to count targets anew: others are scraped from now on.
    func forgetTargets() { targets = [:] }

    /// The JSON of Prometheus' `/api/v1/query`; an expression that fails is an answer, too.
    func query(_ text: String, at: Timestamp?) -> String {
        let time = at ?? clock.now().wall
        do {
            return try Series.Expression(parsing: text).query(in: store, at: time).json(at: time)
        } catch let error as ExpressionError {
            return QueryResult.errorJSON(type: "bad_data", error.description)
        } catch {
            return QueryResult.errorJSON(type: "execution", "\(error)")
        }
    }

    /// The same for agents: a wrong expression is thrown, for it proves nothing, and what rules say of alerts is not seen.
    func told(_ text: String, at: Timestamp?) throws(Fault) -> String {
        let time = at ?? clock.now().wall
        let expression: Series.Expression
        do throws(ExpressionError) {
            expression = try Series.Expression(parsing: text)
        } catch {
            throw Fault("tool.expression", error.description)
        }
        return try expression.query(in: WithoutAlerts(of: store), at: time).json(at: time)
    }

    struct Summary: Sendable {
        var metrics: OwnMetrics
        var series: Int
        var dropped: Int
        var targets: Int
        var up: Int
        var rules: Int
        var firing: Int
        var ruleErrors: [String]
    }

    var summary: Summary {
        Summary(
            metrics: metrics, series: store.statistics.series,
            dropped: store.statistics.outOfOrder + store.statistics.duplicates + store.statistics.evicted
                + store.statistics.noRoom,
            targets: targets.count, up: targets.values.count(where: { $0 }), rules: engine.rules.count,
            firing: engine.active.count(where: { $0.state == .firing }),
            ruleErrors: engine.health.compactMap { health in
                health.lastError.map { "the rule \(health.name) (\(health.place.short)) cannot be evaluated: \($0)" }
            })
    }
}

extension Observatory: Observations {
    func holds(_ condition: String, newerThan: Timestamp?) throws(Fault) -> Bool? {
        try Condition.holds(condition, in: store, at: clock.now().wall, newerThan: newerThan)
    }
}
