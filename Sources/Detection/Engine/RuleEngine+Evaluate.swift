import Model
import Series

extension RuleEngine {
    /// Evaluates all rules of a group in order; the failure of one is noted in its health and stops no other.
    mutating func evaluate(
        _ index: Int, at time: Timestamp, store: inout SeriesStore, journalCaughtUp: Bool
    ) -> [Alert] {
        let group = rules.groups[index]
        let written = time - group.queryOffset
        var alerts: [Alert] = []
        evaluatedAt[index] = time
        for (place, rule) in group.rules.enumerated() {
            let began = elapsed()
            var evaluation = Evaluation(
                rule: rule, state: take(index, place), writer: writer, at: time, queried: written,
                limit: min(group.limit ?? Self.resultsMax, Self.resultsMax), journalCaughtUp: journalCaughtUp)
            evaluation.run(store)
            alerts += evaluation.alerts
            evaluation.write(to: &store)
            evaluation.state.health.lastDuration = elapsed() - began
            states[index][place] = evaluation.state
        }
        for labels in orphans { store.append(labels, .stale(at: written)) }
        orphans = []
        return alerts
    }

    /// Takes a rule's state out, so that changing it copies nothing; the caller puts it back.
    private mutating func take(_ group: Int, _ rule: Int) -> RuleState {
        var state = RuleState(states[group][rule].health)
        swap(&state, &states[group][rule])
        return state
    }
}
