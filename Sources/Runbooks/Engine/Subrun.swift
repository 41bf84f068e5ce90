public import Model
import Text

// Runs that runs begin: their IDs, what is known of them, and what their end means to the step that began them.

extension EffectKey {
    /// The ID of the sub-run that an attempt begins: the same whenever it is asked for.
    public var subrunID: String { String(Digest.sha256("subrun \(self)".utf8).prefix(16)) }
}

extension RunState {
    /// What is known of the sub-run that a step of this run begins; nil where this is no run yet.
    ///
    /// It answers the same incident for the same project, in the stricter of the two modes. `claims` are the labels
    /// whose sender is not trusted, as when an incident begins a run. What an agent chose can only be a runbook that
    /// answers incidents, never a part of the pipeline, and above low risk a person is asked: its target may come from
    /// text that anybody can write.
    public func factsOfSubrun(
        _ key: EffectKey, _ step: RenderedSubrun, _ runbook: Runbook, claims: Set<String>, directory: String
    ) -> RunFacts? {
        guard let facts else { return nil }
        var binding = runbook.bind(
            labels: facts.labels, claims: claims, given: step.parameters, project: facts.project)
        if step.isChosen, runbook.isBegunByName {
            binding = .refused(
                guard: "parameters", text: "\(runbook.name) is begun only where its name is written out")
        }
        var mode = min(facts.mode, runbook.effectiveMode)
        if step.isChosen, runbook.risk > .low { mode = min(mode, .approve) }
        var target = facts.fingerprint
        if case .bound(let parameters) = binding, let value = runbook.targetValue(parameters) { target = value }
        return RunFacts(
            id: key.subrunID, runbook: runbook.name, digest: runbook.digest, incident: facts.incident,
            fingerprint: facts.fingerprint, labels: facts.labels, binding: binding,
            mode: mode, target: target, occurrence: key.attempt,
            directory: directory, parent: key, depth: (facts.depth ?? 1) + 1, project: facts.project)
    }
}

extension RunEnd {
    /// How the step that began a sub-run ends with it: only what was proven is done.
    public func outcome(ofSubrun id: String) -> Outcome {
        switch kind {
        case .resolved: .done(["run": .string(id), "end": .string(kind.rawValue), "text": .string(text)])
        case .refused: .refused(guard: `guard` ?? "subrun", text: text)
        case .observed, .escalated, .cancelled: .failed(text)
        }
    }
}
