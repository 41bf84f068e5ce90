import Model
import Runbooks

// Runs that runs begin, and what the pipeline's steps bring.
extension SimulatedHost {
    /// In one breath with the START of its parent's step, as in one transaction.
    mutating func begin(_ step: RenderedSubrun, _ key: EffectKey, _ parent: String) {
        let id = key.subrunID
        guard let runbook = named[step.name], subruns[id] == nil,
            let facts = runs[parent]?.state.factsOfSubrun(key, step, runbook, claims: [], directory: "/runs/\(id)")
        else {
            broken.append("\(parent): a sub-run is begun twice, or there is none")
            return
        }
        if facts.depth ?? 0 > RunbookSet.depthMax { broken.append("\(id): too deep") }
        subruns[id] = .some(nil)
        let run = Run(state: RunState(definition: runbook), target: facts.target)
        runs[id] = run
        records[run.scope, default: []].append(Record(run: id, created: stamp))
        open.append(id)
        feed(.created(facts), to: id)
    }

    /// Its parent hears of it, unless the driver dies before.
    mutating func ended(_ id: String, _ parent: EffectKey?, _ end: RunEnd) {
        guard let parent else {
            ends[end.kind, default: 0] += 1
            return
        }
        subruns[id] = .some(end)
        later(.result(key: parent, outcome: end.outcome(ofSubrun: id)), parent.run, 0...50)
    }

    func outcome(_ key: EffectKey) -> Outcome {
        if case .some(.some(let end)) = subruns[key.subrunID] { return end.outcome(ofSubrun: key.subrunID) }
        return deeds[key] ?? .failed("void")
    }

    /// A sub-run shares the locks of those that began it, and they share its.
    func ancestors(of state: RunState) -> Set<String> {
        var above: Set<String> = []
        var next = state.facts?.parent?.run
        while let id = next, above.insert(id).inserted { next = runs[id]?.state.facts?.parent?.run }
        return above
    }

    /// How often a step ends well: long chains are to reach their end now and then.
    func likelihood(of step: RenderedStep) -> Double {
        switch step {
        case .agent, .repository, .forge: 0.93
        case .deploy: 0.8
        default: 0.6
        }
    }

    mutating func result(of step: RenderedStep) -> JSONValue {
        switch step {
        case .agent: return ["blocking": .number(random.isTrue(0.5) ? 1 : 0)]
        case .forge(let forge):
            guard case .open(let commit, _, _) = forge.action else { return ["commit": "d00d1e", "by": "p1"] }
            return ["id": 1, "head": .string(commit), "base": "ba5e", "low_risk": .bool(random.isTrue(0.2))]
        default: return [:]
        }
    }

    /// A run ends after those that it began, at the depth and in the rounds that it may have.
    mutating func checkSubruns(_ id: String) {
        for other in open where runs[other]?.state.facts?.parent?.run == id {
            broken.append("\(id): it ended before \(other), which it began")
        }
        guard let state = runs[id]?.state else { return }
        if state.ended.contains(where: { $0.path.contains("[4]") }) { broken.append("\(id): a fourth round") }
        if Set(state.ended.map(\.path)).count != state.ended.count { broken.append("\(id): a path occurs twice") }
    }

    /// Nothing is merged that nobody approved: neither a person of this run nor the forge's finding.
    mutating func checkMerge(_ key: EffectKey, _ step: RenderedStep, _ id: String) {
        guard case .forge(let forge) = step, case .merge(let merge) = forge.action else { return }
        let isApproved = runs[id]?.history.contains {
            if case .approved(key.path, _, _, _) = $0.event { true } else { false }
        }
        if merge.by == nil || (merge.by != RenderedMerge.policy && isApproved != true) {
            broken.append("\(id): merged without approval")
        }
        merges[id, default: 0] += 1
    }
}
