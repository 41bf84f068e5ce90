import Model

// Approval: persons' words on exactly what they were shown.
extension Decision {
    mutating func ask(_ request: ApprovalRequest) {
        state.approvers = []
        state.phase = .awaitingApproval(request, since: now)
        effects.append(.ask(request))
    }

    mutating func approved(_ path: String, _ plan: String, _ by: Approver, _ remaining: Int?) {
        guard let request = state.question, request.path == path, request.plan == plan else { return }
        if Self.counts(by, after: state.approvers) { state.approvers.append(by) }
        guard remaining.map({ $0 == 0 }) ?? (state.approvers.count >= request.needs) else { return }
        switch state.phase {
        case .awaitingApproval(_, let since):
            state.grant = RunState.Grant(request: request, asked: since, by: state.approvers)
            guards()
        case .step(var attempt):
            let by = state.approvers.map(\.name).joined(separator: ", ")
            guard let merge = attempt.step.approved(by: by) else {
                return finish(stepAt: attempt.index, .done(["by": .string(by)]))
            }
            attempt.step = merge
            attempt.status = .intended
            state.phase = .step(attempt)
            effects.append(.perform(key: attempt.key, step: merge))
        default: break
        }
    }

    /// Nobody counts twice, and root is never the second of two: whoever is root could be the first as well.
    static func counts(_ person: Approver, after others: [Approver]) -> Bool {
        !others.contains { $0.uid == person.uid } && (others.isEmpty || person.uid != 0)
    }

    mutating func rejected(_ path: String, _ by: Approver, _ why: String) {
        guard let request = state.question, request.path == path else { return }
        let text = "\(by.name) rejected it\(why.isEmpty ? "" : ": \(why)")"
        switch state.phase {
        case .awaitingApproval: end(RunEnd(.refused, guard: "approval", text))
        case .step(let attempt): finish(stepAt: attempt.index, .failed(attempt.step.approvalGate + text))
        default: break
        }
    }
}
