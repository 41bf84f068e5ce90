import Model
import Text

extension Runbook {
    /// Every label that something after the parameters reads; the run is refused where the incident lacks one.
    var labelsRead: [String] { names(under: "labels") }
    /// The same for the settings of the project.
    var projectNamesRead: [String] {
        var names = names(under: "project")
        for name in [verify?.holdsFor.projectName, verify?.within.projectName] {
            if let name, !names.contains(name) { names.append(name) }
        }
        return names
    }

    private func names(under root: String) -> [String] {
        var names: [String] = []
        for path in references where path.first == root && path.count > 1 && !names.contains(path[1]) {
            names.append(path[1])
        }
        return names
    }

    private var references: [[String]] {
        var templates = preconditions.map(\.template)
        if let template = limits.notWhen?.template { templates.append(template) }
        if let template = verify?.expr.template { templates.append(template) }
        var references = templates.flatMap(\.references)
        for group in groups {
            references += (group.condition?.references ?? []) + (group.rounds?.until.references ?? [])
        }
        for step in steps {
            references += step.kind.references + (step.undo?.kind.references ?? [])
            references += step.condition?.references ?? []
            switch step.probe {
            case .expr(let expr)?: references += expr.template.references
            case .http(let request)?: references += StepKind.http(request).references
            case .unit?, nil: break
            }
        }
        return references
    }
}

extension StepKind {
    var references: [[String]] {
        switch self {
        case .systemd, .wait: []
        case .run(let step): step.arguments.flatMap(\.references)
        case .http(let step):
            step.url.references + step.headers.flatMap(\.value.references) + (step.body?.references ?? [])
        case .check(let expr): expr.template.references
        case .approve(let step): step.show.references
        case .notify(let step): step.text.references
        case .agent(let step): step.reads.map(\.path)
        case .repository(let step): step.reads.map(\.path)
        case .forge(let step): step.reads.map(\.path)
        case .deploy(let step): step.reads.map(\.path)
        case .runbook(let step): step.reads.map(\.path)
        }
    }
}

extension AgentStep {
    var reads: [TemplateReference] { inputs.flatMap(\.value.reads) }
}

extension RepositoryStep {
    var reads: [TemplateReference] {
        switch action {
        case .checkout, .test: project.reads
        case .apply(let edits, _): project.reads + edits.reads
        case .commit(let message): project.reads + message.reads
        }
    }

    var resultKeys: [String] {
        switch action {
        case .checkout: ["revision", "branch"]
        case .apply: ["files", "lines", "diff"]
        case .test: ["passed", "failed", "tests", "new_tests", "output"]
        case .commit: ["commit", "branch", "files", "lines", "diff"]
        }
    }
}

extension ForgeStep {
    var reads: [TemplateReference] {
        switch action {
        case .open(let commit, let title, let body): project.reads + commit.reads + title.reads + body.reads
        case .merge(let step):
            project.reads + step.pr.reads + (step.show?.reads ?? []) + (step.policy?.reads ?? [])
        }
    }

    var resultKeys: [String] {
        switch action {
        case .open: ["id", "head", "base", "branch", "lines", "low_risk"]
        case .merge: ["commit", "by"]
        }
    }
}

extension DeployStep {
    var reads: [TemplateReference] {
        if case .to(_, let revision) = action { project.reads + revision.reads } else { project.reads }
    }
}

extension SubrunStep {
    var reads: [TemplateReference] {
        switch parameters {
        case .each(let pairs): name.reads + pairs.flatMap(\.value.reads)
        case .all(let pipeline): name.reads + pipeline.reads
        }
    }
}
