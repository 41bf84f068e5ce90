import Model
import Series

/// One evaluation of one rule.
struct Evaluation {
    let rule: Rule
    var state: RuleState
    let writer: AlertWriter
    let at: Timestamp
    /// The time that expressions are asked for and results are written at: `at` less the group's query offset.
    let queried: Timestamp
    let limit: Int
    let journalCaughtUp: Bool

    private(set) var alerts: [Alert] = []
    /// What the rule says to write; nil where it failed, and then the series of the last evaluation stay as they are.
    private var series: [(Labels, Double)]?

    init(
        rule: Rule, state: RuleState, writer: AlertWriter, at: Timestamp, queried: Timestamp, limit: Int,
        journalCaughtUp: Bool
    ) {
        self.rule = rule
        self.state = state
        self.writer = writer
        self.at = at
        self.queried = queried
        self.limit = limit
        self.journalCaughtUp = journalCaughtUp
    }

    mutating func run(_ store: SeriesStore) {
        state.health.evaluations += 1
        state.health.lastEvaluation = at
        do {
            try judge(store)
            state.health.lastError = nil
        } catch {
            state.health.lastError = error
            state.health.failures += 1
        }
    }

    private mutating func judge(_ store: SeriesStore) throws(Fault) {
        switch rule.kind {
        case .record(let expression):
            series = try record(vector(expression, store))
        case .alert(let condition):
            let found = try vector(condition.expression, store).map { element in
                writer.instance(rule, finding(element, condition.expression, describe(element)))
            }
            try update(found, hold: condition.hold, keepFiring: condition.keepFiring)
        case .anomaly(let condition):
            let found = anomalies(condition, try vector(condition.expression, store))
            try update(found, hold: condition.hold, keepFiring: condition.keepFiring)
        case .log(let log):
            alerts = state.windows.expire(at: at, keep: log.keepFiring, log.threshold).map { writer.alert(rule, $0) }
            series = alertSeries()
        case .heartbeat(let condition):
            try listen(condition, store)
            series = alertSeries()
        }
    }

    private mutating func update(_ found: [AlertInstance], hold: Duration, keepFiring: Duration) throws(Fault) {
        let change = state.alerts.update(found, at: at, hold: hold, keepFiring: keepFiring, limit: limit)
        alerts = change.transitions.map { writer.alert(rule, $0) }
        if let failure = change.failure { throw failure }
        series = alertSeries()
    }

    private func record(_ elements: [VectorElement]) throws(Fault) -> [(Labels, Double)] {
        var seen: Set<Labels> = []
        var series: [(Labels, Double)] = []
        for element in elements {
            var labels = element.labels
            labels["__name__"] = rule.name
            for label in rule.labels { labels[label.name] = label.source }
            guard seen.insert(labels).inserted else { throw .sameLabels(labels) }
            series.append((labels, element.value))
        }
        guard series.count <= limit else {
            throw Fault("rule.limit", "the rule gives \(series.count) series, more than its limit of \(limit)")
        }
        return series
    }

    private mutating func anomalies(_ condition: AnomalyCondition, _ elements: [VectorElement]) -> [AlertInstance] {
        var found: [AlertInstance] = []
        for element in elements {
            guard let score = state.history.judge(element.labels, element.value, at: at),
                condition.isAnomaly(score.score)
            else { continue }
            let text =
                "\(describe(element)); the past hour's median is \(score.median), the robust z-score \(score.score)"
            found.append(writer.instance(rule, finding(element, condition.expression, text)))
        }
        state.health.note = state.history.tidy(at: at)
        state.health.dropped = state.history.dropped
        return found
    }

    private mutating func listen(_ condition: HeartbeatCondition, _ store: SeriesStore) throws(Fault) {
        var mayFire = journalCaughtUp
        if case .sample(let expression) = condition.beat {
            mayFire = true
            let newest = try vector(expression, store).map(\.milliseconds).max()
            if let newest, state.heartbeat.beat(at: Timestamp(milliseconds: newest)) {
                let evidence = Evidence(.metric, expression.text, "there is a sample again")
                alerts = state.endSilence(rule, at: at, evidence, writer)
            }
        }
        let silence = state.heartbeat.silence(at: at)
        guard mayFire, state.heartbeat.firing == nil, silence > condition.every else { return }
        let seen = state.heartbeat.seen.map { "last seen \($0)" } ?? "never seen since \(at - silence)"
        let finding = AlertWriter.Finding(
            labels: ["unit": condition.unit ?? ""], value: silence.inSeconds, at: at,
            evidence: [Evidence(.rule, rule.place.short, "absent for \(silence.literal); \(seen)")])
        let instance = writer.instance(rule, finding, state: .firing)
        state.heartbeat.firing = instance
        alerts.append(writer.alert(rule, instance))
    }

    /// A number counts as one element without labels, as in Prometheus.
    private func vector(_ expression: Expression, _ store: SeriesStore) throws(Fault) -> [VectorElement] {
        switch try expression.evaluate(in: store, at: queried, options: EvaluationOptions()) {
        case .vector(let elements): return elements
        case .scalar(let value): return [VectorElement(labels: [:], value: value, milliseconds: queried.milliseconds)]
        case .matrix, .string: throw Fault("rule.type", "the expression gives neither a vector nor a number")
        }
    }

    private func finding(_ element: VectorElement, _ expression: Expression, _ text: String) -> AlertWriter.Finding {
        AlertWriter.Finding(
            labels: element.labels, value: element.value, at: at, evidence: [Evidence(.metric, expression.text, text)])
    }

    private func describe(_ element: VectorElement) -> String { "\(element.labels) = \(element.value)" }

    private func alertSeries() -> [(Labels, Double)] {
        state.instances.flatMap { instance -> [(Labels, Double)] in
            var marker = instance.labels
            marker["__name__"] = "ALERTS"
            marker["alertstate"] = instance.state.rawValue
            var since = instance.labels
            since["__name__"] = "ALERTS_FOR_STATE"
            return [(marker, 1), (since, Double(instance.activeAt.milliseconds / 1000))]
        }
    }

    /// Writes what the rule said, and a stale marker for each series that it no longer says anything of.
    mutating func write(to store: inout SeriesStore) {
        guard let series else { return }
        for (labels, value) in series { store.append(labels, Sample(milliseconds: queried.milliseconds, value: value)) }
        let names = Set(series.map(\.0))
        for labels in state.written.subtracting(names) { store.append(labels, .stale(at: queried)) }
        state.written = names
    }
}

extension Sample {
    static func stale(at time: Timestamp) -> Sample {
        Sample(milliseconds: time.milliseconds, value: StaleMarker.value)
    }
}

extension Fault {
    static func sameLabels(_ labels: Labels) -> Fault {
        Fault(
            "rule.labels", "two results have the same labels once the rule's are applied: \(labels)",
            hint: "Let the rule's labels keep apart what the expression keeps apart")
    }
}
