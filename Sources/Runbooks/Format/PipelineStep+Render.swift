import Model
import Text

extension AgentStep {
    func render(_ scope: TemplateScope) throws(Fault) -> RenderedAgent {
        var values: [String: JSONValue] = [:]
        for (name, value) in inputs { values[name] = try value.evaluate(scope) }
        return RenderedAgent(role: role, inputs: values)
    }
}

extension RepositoryStep {
    func render(_ scope: TemplateScope) throws(Fault) -> RenderedRepository {
        let rendered: RenderedRepository.Action
        switch action {
        case .checkout: rendered = .checkout
        case .apply(let edits, let kind):
            guard let edits = try edits.evaluate(scope).array else {
                throw Fault("apply.edits", "apply: the edits are no list")
            }
            rendered = .apply(edits: edits, kind: kind)
        case .test(let expect, let times): rendered = .test(expect: expect, times: times)
        case .commit(let message): rendered = .commit(message: try message.render(scope))
        }
        return RenderedRepository(project: try project.projectName(scope), action: rendered)
    }
}

extension ForgeStep {
    /// `opened` is what the forge said of each change that the run opened.
    func render(_ scope: TemplateScope, opened: [JSONValue]) throws(Fault) -> RenderedForge {
        let name = try project.projectName(scope)
        switch action {
        case .open(let commit, let title, let body):
            return RenderedForge(
                project: name,
                action: .open(
                    commit: try commit.render(scope), title: try title.render(scope), body: try body.render(scope)))
        case .merge(let step):
            return RenderedForge(project: name, action: .merge(try step.render(scope, name, opened)))
        }
    }
}

extension MergeStep {
    fileprivate func render(
        _ scope: TemplateScope, _ project: String, _ opened: [JSONValue]
    ) throws(Fault) -> RenderedMerge {
        let pr = try pr.render(scope)
        guard let change = opened.first(where: { $0["id"]?.argument == pr }), let head = change["head"]?.string,
            let base = change["base"]?.string
        else { throw Fault("forge.pr", "forge: this run opened no pull request \"\(pr)\"") }
        var text = "Merge pull request \(pr) of \(project): \(change["branch"]?.string ?? head)"
        if let lines = change["lines"] { text += ", \(lines.argument) lines" }
        text += "\nhead \(head)\nbase \(base)"
        if let show { text += "\n" + (try show.render(scope)) }
        let isByPolicy = try policy.map { (policy) throws(Fault) in try policy.evaluate(scope) == .bool(true) } ?? false
        return RenderedMerge(
            pr: pr, head: head, base: base, text: text, expires: expires, group: by,
            by: isByPolicy ? RenderedMerge.policy : nil)
    }
}

extension DeployStep {
    func render(_ scope: TemplateScope) throws(Fault) -> RenderedDeploy {
        let rendered: RenderedDeploy.Action
        switch action {
        case .to(let stage, let revision):
            let revision = try revision.render(scope)
            guard !revision.isEmpty, !revision.utf8.contains(0) else {
                throw Fault("deploy.revision", "the revision is empty, or no text")
            }
            rendered = .to(stage, revision: revision)
        case .test(let stage): rendered = .test(stage)
        case .rollback(let stage): rendered = .rollback(stage)
        }
        return RenderedDeploy(project: try project.projectName(scope), action: rendered)
    }
}

extension SubrunStep {
    func render(_ scope: TemplateScope) throws(Fault) -> RenderedSubrun {
        let isChosen = !name.isLiteral
        let name = try name.render(scope)
        guard RunbookReader.isName(name) else {
            throw Fault("runbook.name", "\"\(name.prefix(64))\" is not the name of a runbook")
        }
        switch parameters {
        case .each(let pairs):
            var values: [String: JSONValue] = [:]
            for (name, value) in pairs { values[name] = .string(try value.render(scope)) }
            return RenderedSubrun(name: name, parameters: values, isChosen: isChosen)
        case .all(let pipeline):
            guard let values = try pipeline.evaluate(scope).object else {
                throw Fault("runbook.parameters", "what is given to \(name) is no object of parameters")
            }
            return RenderedSubrun(
                name: name, parameters: values.filter { $0.value != .null }, isChosen: isChosen)
        }
    }
}

extension Template {
    fileprivate func projectName(_ scope: TemplateScope) throws(Fault) -> String {
        let name = try render(scope)
        guard RunbookReader.isName(name) else {
            throw Fault("project.name", "\"\(name.prefix(64))\" is not the name of a project")
        }
        return name
    }
}
