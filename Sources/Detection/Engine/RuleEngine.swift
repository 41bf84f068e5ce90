public import Model
public import Series

/// Judges journal entries and series by a set of rules: observations in, alerts out.
///
/// It reads no clock: `observe` lives by the entries' own times, `evaluate` by the time it is given. What it must not
/// forget across a restart or a reload is in `snapshot`. All that it keeps is bounded: label sets, windows, histories.
public struct RuleEngine: Sendable {
    public let rules: RuleSet
    var states: [[RuleState]]
    var evaluatedAt: [Timestamp?]
    /// Series that rules wrote which are gone; they get their stale marker at the next evaluation.
    var orphans: Set<Labels> = []

    let interval: Duration
    let writer: AlertWriter
    let elapsed: @Sendable () -> Duration
    private let readers: [Reader]

    /// A rule that reads entries: where it stands, and what an entry must match before anything else is asked.
    private struct Reader: Sendable {
        let group: Int
        let rule: Int
        let match: FieldMatch
        let until: FieldMatch?
    }

    /// No rule gives more alerts or series than this, whatever its group's limit says.
    static let resultsMax = 10_000

    /// - `interval`: how often groups are evaluated that do not say so themselves.
    /// - `externalLabels`, `externalURL`: what templates read as `$externalLabels` and `$externalURL`.
    /// - `elapsed`: a clock that only runs forward, to measure how long evaluations take.
    public init(
        _ rules: RuleSet, interval: Duration = .seconds(15), externalLabels: Labels = [:], externalURL: String = "",
        elapsed: @escaping @Sendable () -> Duration = { .zero }
    ) {
        self.rules = rules
        self.interval = max(interval, .milliseconds(1))
        self.elapsed = elapsed
        writer = AlertWriter(externalLabels: externalLabels, externalURL: externalURL)
        states = rules.groups.map { group in group.rules.map { RuleState(RuleHealth(group: group.name, rule: $0)) } }
        evaluatedAt = Array(repeating: nil, count: rules.groups.count)
        readers = rules.groups.indices.flatMap { group in
            rules.groups[group].rules.enumerated().compactMap { index, rule in
                switch rule.kind {
                case .log(let log): Reader(group: group, rule: index, match: log.match, until: log.until)
                case .heartbeat(let heartbeat):
                    heartbeat.match.map { Reader(group: group, rule: index, match: $0, until: nil) }
                case .record, .alert, .anomaly: nil
                }
            }
        }
    }

    /// Every pending and firing alert, rule by rule.
    public var active: [Alert] {
        zip(rules.groups, states).flatMap { group, states in
            zip(group.rules, states).flatMap { rule, state in state.instances.map { writer.alert(rule, $0) } }
        }
    }

    /// Firing alerts of expressions that are known from before a restart only: no evaluation has found them since.
    public var remembered: [Alert] {
        zip(rules.groups, states).flatMap { group, states in
            zip(group.rules, states).flatMap { rule, state in
                state.alerts.sorted.filter { state.alerts.remembered.contains($0.labels) }.map {
                    writer.alert(rule, $0)
                }
            }
        }
    }

    /// Forgets alerts that are only remembered: where the condition holds, it is pending and fires anew.
    public mutating func forget(_ alerts: [Alert]) {
        for labels in alerts.map(\.labels) {
            for group in states.indices {
                for rule in states[group].indices where states[group][rule].alerts.remembered.contains(labels) {
                    states[group][rule].alerts.forget(labels)
                }
            }
        }
    }

    /// How each rule is doing, in the order of the files.
    public var health: [RuleHealth] { states.flatMap { $0.map(\.health) } }

    /// The next time after `time` at which a group is due; nil without rules.
    ///
    /// Groups are evaluated at the multiples of their interval, so that groups of one interval wake the process once.
    public func nextEvaluation(after time: Timestamp) -> Timestamp? {
        rules.groups.map { group in
            let length = (group.interval ?? interval).microseconds
            return Timestamp(microseconds: (slot(time, length) + 1) * length)
        }.min()
    }

    /// Tells what an entry changes, at once: alerts that fire, and those that it ends.
    ///
    /// An alert that is still firing is told again when its threshold is met anew, at most once a second: whoever
    /// has repaired its cause meanwhile must hear of it.
    public mutating func observe(_ entry: LogEntry) -> [Alert] {
        var alerts: [Alert] = []
        for reader in readers {
            if let until = reader.until, until.matches(entry) {
                let rule = rules.groups[reader.group].rules[reader.rule]
                alerts += states[reader.group][reader.rule].end(entry, rule, writer)
            }
            guard reader.match.matches(entry) else { continue }
            let rule = rules.groups[reader.group].rules[reader.rule]
            switch rule.kind {
            case .log(let log):
                alerts += states[reader.group][reader.rule].observe(entry, rule, log, writer)
            case .heartbeat(let heartbeat):
                alerts += states[reader.group][reader.rule].observe(entry, rule, heartbeat, writer)
            case .record, .alert, .anomaly: break
            }
        }
        return alerts
    }

    /// Evaluates every group that is due and gives the alerts that began to fire or ended.
    ///
    /// Record rules, `ALERTS` and `ALERTS_FOR_STATE` go into the store. While `journalCaughtUp` is false, no heartbeat
    /// of entries fires: its beat may be among those not yet read.
    public mutating func evaluate(
        at time: Timestamp, store: inout SeriesStore, journalCaughtUp: Bool = true
    ) -> [Alert] {
        var alerts: [Alert] = []
        for group in rules.groups.indices where isDue(group, time) {
            alerts += evaluate(group, at: time, store: &store, journalCaughtUp: journalCaughtUp)
        }
        return alerts
    }

    private func isDue(_ group: Int, _ time: Timestamp) -> Bool {
        guard let last = evaluatedAt[group] else { return true }
        let length = (rules.groups[group].interval ?? interval).microseconds
        return slot(last, length) != slot(time, length)
    }

    private func slot(_ time: Timestamp, _ length: Int64) -> Int64 {
        let (quotient, remainder) = time.microseconds.quotientAndRemainder(dividingBy: max(length, 1))
        return remainder < 0 ? quotient - 1 : quotient
    }
}
