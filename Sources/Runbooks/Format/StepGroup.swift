public import Model
public import Text

/// Steps that are skipped together, or done again until something holds.
///
/// The steps themselves stand in the runbook's flat list; a group is a range of it.
public struct StepGroup: Sendable {
    /// Unique among the names of steps and groups.
    public let name: String
    public let place: SourcePlace
    /// Its steps' places in the runbook; never empty.
    public let range: Range<Int>
    /// All of it is skipped where this is not true.
    public let condition: Pipeline?
    /// Nil where it runs once.
    public let rounds: Rounds?

    /// How often it is done.
    public struct Rounds: Sendable {
        /// Looked at after each round.
        public let until: Pipeline
        public let atMost: Int
    }

    /// More rounds than any group may have.
    public static let roundsMax = 20

    var roundsMax: Int { rounds?.atMost ?? 1 }
}

extension Runbook {
    func group(ofStepAt index: Int) -> StepGroup? { groups.first { $0.range.contains(index) } }
    func group(beginningAt index: Int) -> StepGroup? { groups.first { $0.range.lowerBound == index } }

    /// Where an effect of a step is found in a run: `restart`, in a group `review-rounds[2].review`.
    public func path(ofStepAt index: Int, round: Int = 1) -> String {
        let name = steps[index].name
        return group(ofStepAt: index).map { "\($0.name)[\(round)].\(name)" } ?? name
    }

    /// The path of each step, in the first round of its group.
    public var paths: [String] { steps.indices.map { path(ofStepAt: $0) } }

    /// The written step that a path leads to; nil for one that no run of it can have.
    public func step(at path: String) -> Step? {
        for index in steps.indices where path.hasSuffix(steps[index].name) {
            let rounds = group(ofStepAt: index)?.roundsMax ?? 1
            if (1...rounds).contains(where: { self.path(ofStepAt: index, round: $0) == path }) { return steps[index] }
        }
        return nil
    }
}
