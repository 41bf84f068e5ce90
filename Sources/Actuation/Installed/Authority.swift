import Model
public import Runbooks
import Text

extension Runbook {
    /// What installing it allows beside these projects, a line each: what a person reads before they hand it over.
    public func authority(_ projects: [String: InstalledProject]) -> [String] {
        var lines = ["\(effectiveMode.rawValue), \(risk.rawValue) risk: \(approvalWords)"]
        for parameter in parameters {
            if case .unit(let allow) = parameter.type {
                lines.append(
                    "\(parameter.name): \(allow?.joined(separator: ", ") ?? "no unit, until installed with --allow")")
            }
        }
        for step in steps {
            lines += step.kind.authority(projects).map { "\(step.name): \($0)" }
            lines += step.undo?.kind.authority(projects).map { "undo.\(step.name): \($0)" } ?? []
        }
        lines.append("at most \(limits.attempts) on a target, \(limits.cooldown.literal) apart")
        return lines
    }

    /// Whether a step of it, or what takes one back, runs a project's command.
    public var deploys: Bool {
        steps.flatMap { [$0.kind, $0.undo?.kind] }.contains { if case .deploy? = $0 { true } else { false } }
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
    /// Empty for steps that need no authority on the host.
    fileprivate func authority(_ projects: [String: InstalledProject]) -> [String] {
        switch self {
        case .systemd(let verb, .literal(let unit)): ["systemd \(verb.rawValue) \(unit)"]
        case .systemd(let verb, .parameter(let name)): ["systemd \(verb.rawValue) {\(name)}"]
        case .run(let step):
            ["run\(step.asRoot ? " AS ROOT" : "") \(step.arguments.map(\.source).joined(separator: " "))"]
        case .approve: ["asks a person, by the core's word alone (mode: approve binds the helper)"]
        case .deploy(let step): step.authority(projects)
        case .http, .wait, .check, .notify, .agent, .repository, .forge, .runbook: []
        }
    }
}

extension DeployStep {
    /// The command of each project that it may be about.
    fileprivate func authority(_ projects: [String: InstalledProject]) -> [String] {
        let action: RenderedDeploy.Action =
            switch self.action {
            case .to(let stage, _): .to(stage, revision: "REVISION")
            case .test(let stage): .test(stage)
            case .rollback(let stage): .rollback(stage)
            }
        let lines = projects.sorted { $0.key < $1.key }.compactMap { name, installed -> String? in
            guard !project.isLiteral || project.source == name, let command = installed.command(action) else {
                return nil
            }
            return "deploy: \(installed.authority(command))"
        }
        guard lines.isEmpty else { return lines }
        return ["deploy: nothing, until a project with such a command is installed (--settings)"]
    }
}
