import Model
import Text

// Groups: a range of the steps that is skipped as a whole, or done again until something holds.
extension Decision {
    mutating func begin(_ group: StepGroup) {
        do {
            if let condition = group.condition, !Pipeline.isTrue(try condition.evaluate(state.scope)) {
                state.ended.append(RunState.EndedStep(name: group.name, path: group.name, outcome: nil))
                return begin(stepAt: group.range.upperBound)
            }
        } catch {
            return otherwise("whether \(group.name) is needed cannot be told: \(error.message)")
        }
        begin(round: 1, of: group)
    }

    private mutating func begin(round: Int, of group: StepGroup) {
        state.round = round
        perform(stepAt: group.range.lowerBound)
    }

    /// After a step that did not end the run: the next of its round, another round, or what stands behind the group.
    mutating func goOn(after index: Int) {
        guard let group = state.definition.group(ofStepAt: index) else { return begin(stepAt: index + 1) }
        guard index + 1 == group.range.upperBound else { return perform(stepAt: index + 1) }
        guard let rounds = group.rounds else { return begin(stepAt: index + 1) }
        do {
            if Pipeline.isTrue(try rounds.until.evaluate(state.scope)) { return begin(stepAt: index + 1) }
        } catch {
            return otherwise("whether \(group.name) is done cannot be told: \(error.message)")
        }
        guard state.round < rounds.atMost else {
            return otherwise(
                "rounds: \(rounds.until.source) was not reached after \(rounds.atMost) rounds of \(group.name)")
        }
        begin(round: state.round + 1, of: group)
    }
}

extension RunState {
    /// Whether a step has ended well that left something a person should hear of, though the host is as it was.
    var hasWorked: Bool {
        ended.contains { ended in
            guard case .done? = ended.outcome else { return false }
            return definition.steps.contains { $0.name == ended.name && $0.kind.isWork }
        }
    }
}

extension RenderedStep {
    /// A unit of the executor's, kept until its result is stored.
    var isUnit: Bool {
        switch self {
        case .run, .deploy: true
        default: false
        }
    }

    var isSubrun: Bool { if case .runbook = self { true } else { false } }
}
