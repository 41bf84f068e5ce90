import Model

/// What the core asks over exec.sock.
enum ExecRequest: Codable, Sendable, Hashable {
    case hello
    case propose(order: Order)
    case perform(key: EffectKey, order: Order)
    case probe(key: EffectKey)
    case cancel(key: EffectKey)
    case collect(key: EffectKey)
    case halt(why: String)
    case unit(name: String)
}

/// What a person asks over approve.sock.
enum ApproveRequest: Codable, Sendable, Hashable {
    case show(run: String)
    case approve(run: String, planHash: String)
    case reject(run: String, why: String)
    case halt(why: String)
    case resume
    case status
}

/// Every answer of the helper.
enum Reply: Codable, Sendable {
    case hello(ExecutorHello)
    case proposal(ProposalAnswer)
    case acceptance(Acceptance)
    case probe(ProbeAnswer)
    case unit(UnitState)
    case approval(ApprovalAnswer)
    case done
    /// No answer could be had; nothing is known.
    case fault(code: String, message: String, hint: String?)
    /// Comes unasked, under the ID 0.
    case notice(ExecutorNotice)
    /// The last word before the helper closes the connection.
    case closed(reason: String)

    static func fault(_ fault: Fault) -> Reply {
        .fault(code: fault.code, message: fault.message, hint: fault.hint)
    }
}
