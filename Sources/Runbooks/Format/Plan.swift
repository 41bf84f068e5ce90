public import Model
import Text

extension Runbook {
    /// What a person approves: every effect in order, the proof, what follows otherwise, and the limits.
    ///
    /// Steps that read earlier results cannot be rendered beforehand; they are shown as written.
    public func planText(
        parameters: Parameters, run: RunContext, labels: Labels = Labels(), project: JSONValue? = nil
    ) throws(Fault) -> String {
        let scope = TemplateScope(parameters: parameters, run: run, labels: labels, project: project)
        let subject = targetValue(parameters).map { " on \($0)" } ?? ""
        var lines = ["\(name)\(subject): \(description)"]
        for (index, step) in steps.enumerated() {
            let group = group(ofStepAt: index)
            if let group, group.range.lowerBound == index { lines.append("  \(group.planned):") }
            var line = group == nil ? "  " : "    "
            line += "\(index + 1). \(try planned(step.kind, step.timeout, scope, parameters))"
            if step.condition != nil { line += " (only if its condition holds)" }
            if step.onError == .continue { line += " (goes on if it fails)" }
            lines.append(line)
        }
        if let verify {
            // As written where a label or a result is not known here; the digest binds the text all the same.
            let expr = try? verify.expr.render(scope)
            lines.append(
                "  then proven by \(expr ?? verify.expr.source) for \(verify.holdsFor.literal) "
                    + "within \(verify.within.literal)"
            )
        }
        var undos: [String] = []
        for step in steps.reversed() {
            guard let undo = step.undo else { continue }
            undos.append(try planned(undo.kind, undo.timeout, scope, parameters))
        }
        if !undos.isEmpty, undoes || steps.contains(where: { $0.onError == .undo }) {
            lines.append("  otherwise \(undos.joined(separator: ", then ")), and escalate")
        } else {
            lines.append("  otherwise escalate")
        }
        lines.append(
            "  risk \(risk.rawValue), needs \(risk.approvers == 1 ? "one approver" : "\(risk.approvers) approvers"); "
                + "at most \(limits.attempts), cooldown \(limits.cooldown.literal)")
        return lines.joined(separator: "\n")
    }

    private func planned(
        _ kind: StepKind, _ timeout: Duration, _ scope: TemplateScope, _ parameters: Parameters
    ) throws(Fault) -> String {
        do {
            return try render(kind, timeout, scope, parameters).summary
        } catch {
            guard !kind.isExecutors else { throw error }
            return kind.asWritten
        }
    }

    /// Binds an approval: 64 hexadecimal digits over run, digest, parameters, plan and the target's InvocationID.
    ///
    /// Equal for equal content whatever the order of the parameters; different as soon as any of them is.
    public func planHash(
        parameters: Parameters, run: RunContext, invocation: String?, labels: Labels = Labels(),
        project: JSONValue? = nil
    ) throws(Fault) -> String {
        let parts = [
            "nightshift plan 1", run.id, digest, JSONValue.object(parameters.values).canonical,
            try planText(parameters: parameters, run: run, labels: labels, project: project), invocation ?? "",
        ]
        return Digest.sha256(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8)
    }
}

extension StepGroup {
    fileprivate var planned: String {
        let times = rounds.map { ", at most \($0.atMost) times, until \($0.until.source)" } ?? ""
        return name + times + (condition.map { " (only if \($0.source))" } ?? "")
    }
}

extension StepKind {
    var asWritten: String {
        switch self {
        case .http(let step): "http \(step.method) \(step.url.source)"
        case .check(let expr): "check \(expr.source)"
        case .approve(let step): "ask \(step.by ?? "an approver"), for at most \(step.expires.literal)"
        case .notify(let step): "notify \(step.to)"
        case .wait(let duration): "wait \(duration.literal)"
        case .agent(let step): "agent \(step.role)"
        case .repository(let step): "repository \(step.action.word) \(step.project.source)"
        case .forge(let step): "forge \(step.action.word) \(step.project.source)"
        case .runbook(let step): "runbook \(step.name.source)"
        case .systemd, .run, .deploy: word
        }
    }
}

extension JSONValue {
    /// One text for one value: members sorted by name, no spaces.
    var canonical: String {
        switch self {
        case .null: "null"
        case .bool, .number: argument
        case .string(let text): text.quotedForPrometheus
        case .array(let items): "[\(items.map(\.canonical).joined(separator: ","))]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { "\($0.key.quotedForPrometheus):\($0.value.canonical)" }
                .joined(separator: ",") + "}"
        }
    }
}
