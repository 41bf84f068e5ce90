public import Model

extension Outcome {
    /// How a step ended, for a person: `done; active, InvocationID 51c0…9b (was 0fe2…31)`.
    func told(_ step: RenderedStep) -> String {
        guard case .done(let result) = self else {
            return switch self {
            case .failed: "failed; \(why)"
            case .timedOut: "timed out"
            case .refused(let name, let text): "refused by \(name); \(text)"
            case .unknown(let text): "its outcome is unknown; \(text)"
            case .cancelled(let text): "cancelled; \(text)"
            case .done: "done"
            }
        }
        var parts: [String] = []
        switch step {
        case .systemd:
            if let state = result["active_state"]?.string { parts.append(state) }
            if let invocation = result["invocation_after"]?.string, !invocation.isEmpty {
                let before = result["invocation_before"]?.string ?? ""
                let was = before.isEmpty || before == invocation ? "" : " (was \(before.shortened))"
                parts.append("InvocationID \(invocation.shortened)\(was)")
            }
        case .run:
            if let exit = result["exit"] { parts.append("exit status \(exit.argument)") }
        case .http:
            if let status = result["status"] { parts.append("status \(status.argument)") }
        case .approve:
            if let by = result["by"]?.string { parts.append("by \(by)") }
        case .agent: parts += result.agentWords
        case .repository(let repository): parts += result.words(of: repository.action)
        case .forge(let forge): parts += result.words(of: forge.action)
        case .deploy:
            if let exit = result["exit"] { parts.append("exit status \(exit.argument)") }
        case .runbook:
            if let run = result["run"]?.string { parts.append("run \(run)") }
            if let text = result["text"]?.string { parts.append(text) }
        case .wait, .check, .notify: break
        }
        return parts.isEmpty ? "done" : "done; \(parts.joined(separator: ", "))"
    }

    func evidence(_ key: EffectKey, _ step: RenderedStep) -> [Evidence] {
        guard case .done(let result) = self else {
            let shown = proof.prefix(Self.proofMax).map { $0.count > 200 ? $0.prefix(199) + "…" : $0 }
            let block = shown.isEmpty ? [] : [Evidence(.gate, key.path, shown.joined(separator: "\n"))]
            return [Evidence(.ledger, key.description)] + block
        }
        switch step {
        case .systemd(_, let unit):
            return [Evidence(.unit, result["invocation_after"]?.string ?? "", unit)]
        case .run, .deploy:
            return [Evidence(.unit, result["invocation"]?.string ?? "", result["unit"]?.string ?? "")]
        case .http(let request): return [Evidence(.http, "\(request.method) \(request.url)")]
        case .runbook: return [Evidence(.ledger, key.description), Evidence(.ledger, "run \(key.subrunID)")]
        case .agent: return [Evidence(.ledger, key.description)] + result.causes
        default: return [Evidence(.ledger, key.description)]
        }
    }
}

extension Outcome {
    /// Of a failure its sentence; what a gate tells below it is `proof`.
    var why: Substring {
        guard case .failed(let text) = self else { return "" }
        return text.prefix { !$0.isNewline }
    }

    /// The lines below a failure's sentence, which prove it: names of tests, places, the end of an output.
    public var proof: [Substring] {
        guard case .failed(let text) = self else { return [] }
        return Array(text.split(whereSeparator: \.isNewline).dropFirst())
    }

    /// So many lines of it stand on the timeline; the history has all.
    private static let proofMax = 10
}

extension RenderedStep {
    /// Done by the agents' process, in their own kind of line.
    var isAgents: Bool {
        switch self {
        case .agent, .repository: true
        default: false
        }
    }
}

extension String {
    /// The ends of a long hexadecimal ID: `51c0…9b`.
    var shortened: String { count > 8 ? "\(prefix(4))…\(suffix(2))" : self }
}
