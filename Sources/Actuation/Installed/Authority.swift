import Model
public import Runbooks
import Text

extension Runbook {
    /// What installing it allows, a line each: what a person reads before they hand it over.
    public var authority: [String] {
        var lines = ["\(effectiveMode.rawValue), \(risk.rawValue) risk: \(approvalWords)"]
        for parameter in parameters {
            if case .unit(let allow) = parameter.type {
                lines.append(
                    "\(parameter.name): \(allow?.joined(separator: ", ") ?? "no unit, until installed with --allow")")
            }
        }
        for step in steps {
            if let line = step.kind.authority { lines.append("\(step.name): \(line)") }
            if let line = step.undo?.kind.authority { lines.append("undo.\(step.name): \(line)") }
        }
        lines.append("at most \(limits.attempts) on a target, \(limits.cooldown.literal) apart")
        return lines
    }

    /// The units that its parameters allow and its steps name.
    public var unitsInReach: [String] {
        let allowed = parameters.flatMap { parameter -> [String] in
            switch parameter.type {
            case .unit(let allow), .list(.unit(let allow), _): allow ?? []
            default: []
            }
        }
        let named = steps.flatMap { [$0.kind, $0.undo?.kind] }.compactMap { kind -> String? in
            if case .systemd(_, .literal(let unit))? = kind { unit } else { nil }
        }
        return allowed + named
    }

    private var approvalWords: String {
        switch effectiveMode {
        case .observe: "does nothing, says what it would do"
        case .approve: risk.approvers == 1 ? "asks one person each time" : "asks \(risk.approvers) persons each time"
        case .auto: "acts by itself"
        }
    }
}

extension StepKind {
    /// Nil for steps that need no authority on the host.
    fileprivate var authority: String? {
        switch self {
        case .systemd(let verb, .literal(let unit)): "systemd \(verb.rawValue) \(unit)"
        case .systemd(let verb, .parameter(let name)): "systemd \(verb.rawValue) {\(name)}"
        case .run(let step):
            "run\(step.asRoot ? " AS ROOT" : "") \(step.arguments.map(\.source).joined(separator: " "))"
        case .approve: "asks a person, by the core's word alone (mode: approve binds the helper)"
        case .http, .wait, .check, .notify, .agent, .repository, .forge, .deploy, .runbook: nil
        }
    }
}
