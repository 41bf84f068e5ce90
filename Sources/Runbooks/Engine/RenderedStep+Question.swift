import Model
import Text

extension RenderedStep {
    /// What a person is asked before the step; nil where nobody is, or somebody has approved it already.
    func question(_ key: EffectKey, mergeNeeds: Int) -> ApprovalRequest? {
        switch self {
        case .approve(let by, let expires, let show):
            let plan = Digest.sha256("\(key)\u{0}\(show)".utf8)
            return ApprovalRequest(path: key.path, plan: plan, text: show, needs: 1, by: by, expires: expires)
        case .forge(let forge):
            guard case .merge(let merge) = forge.action, merge.by == nil else { return nil }
            let bound = [key.description, forge.project, merge.pr, merge.head, merge.base, merge.text]
            let plan = Digest.sha256(bound.map { "\($0.utf8.count):\($0)" }.joined().utf8)
            return ApprovalRequest(
                path: key.path, plan: plan, text: merge.text, needs: mergeNeeds, by: merge.group, expires: merge.expires
            )
        default: return nil
        }
    }

    /// The merge with the persons who approved it; nil for any other step.
    func approved(by persons: String) -> RenderedStep? {
        guard case .forge(var forge) = self, case .merge(var merge) = forge.action else { return nil }
        merge.by = persons
        forge.action = .merge(merge)
        return .forge(forge)
    }

    /// Begins the sentence of a merge that was not approved, so that its gate has a name.
    var approvalGate: String { if case .forge = self { "approval: " } else { "" } }
}
