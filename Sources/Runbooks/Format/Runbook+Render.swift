public import Model
public import Text

extension Runbook {
    /// What the step at `path` (`NAME`, `GROUP[2].NAME`, or either behind `undo.`) will do, exactly.
    ///
    /// systemd, run and deploy steps read only parameters and `$run`, so the helper and the core render them alike.
    public func renderedStep(
        path: String, parameters: Parameters, run: RunContext, labels: Labels = Labels(),
        results: [String: JSONValue] = [:], project: JSONValue? = nil
    ) throws(Fault) -> RenderedStep {
        let (kind, timeout) = try kindAndTimeout(of: path)
        let scope = TemplateScope(
            parameters: parameters, run: run, labels: labels, results: results, project: project)
        return try render(kind, timeout, scope, parameters)
    }

    /// The written step at `path` and what bounds it.
    public func kindAndTimeout(of path: String) throws(Fault) -> (StepKind, Duration) {
        if path.hasPrefix("undo."), let undo = step(at: String(path.dropFirst(5)))?.undo {
            return (undo.kind, undo.timeout)
        }
        guard let step = step(at: path) else {
            throw Fault("runbook.step", "runbook \"\(name)\" has no step \"\(path)\"")
        }
        return (step.kind, step.timeout)
    }

    func render(
        _ kind: StepKind, _ timeout: Duration, _ scope: TemplateScope, _ parameters: Parameters
    ) throws(Fault) -> RenderedStep {
        switch kind {
        case .systemd(let verb, let unit): .systemd(verb: verb, unit: try self.unit(unit, parameters))
        case .run(let step):
            .run(arguments: try arguments(step, scope, parameters), asRoot: step.asRoot)
        case .http(let step): .http(try request(step, timeout, scope, parameters))
        case .wait(let duration): .wait(duration)
        case .check(let expr): .check(expr: try expr.render(scope))
        case .approve(let step): .approve(by: step.by, expires: step.expires, show: try step.show.render(scope))
        case .notify(let step): .notify(to: step.to, text: try step.text.render(scope))
        case .agent(let step): .agent(try step.render(scope))
        case .repository(let step): .repository(try step.render(scope))
        case .forge(let step): .forge(try step.render(scope, opened: opened(scope)))
        case .deploy(let step): .deploy(try step.render(scope))
        case .runbook(let step): .runbook(try step.render(scope))
        }
    }

    /// What the forge said of the changes that this run opened.
    private func opened(_ scope: TemplateScope) -> [JSONValue] {
        steps.compactMap { step in
            guard case .forge(let forge) = step.kind, case .open = forge.action else { return nil }
            return scope.variables["steps"]?[step.name]?["result"]
        }
    }

    /// The unit's name; a Fault where the parameter names none.
    public func unit(_ reference: UnitReference, _ parameters: Parameters) throws(Fault) -> String {
        switch reference {
        case .literal(let name): return name
        case .parameter(let name):
            guard let unit = parameters.values[name]?.string, UnitName.isValid(unit) else {
                throw Fault("runbook.unit", "parameter \"\(name)\" names no unit")
            }
            return unit
        }
    }

    private func arguments(
        _ step: RunStep, _ scope: TemplateScope, _ parameters: Parameters
    ) throws(Fault) -> [String] {
        var arguments: [String] = []
        for template in step.arguments {
            if let name = template.soleParameter, let items = parameters.values[name]?.array {
                for item in items { arguments.append(item.argument) }
            } else {
                arguments.append(try template.render(scope))
            }
        }
        guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw Fault("runbook.argument", "an argument holds a NUL character")
        }
        return arguments
    }

    public func request(
        _ step: HTTPStep, _ timeout: Duration, _ scope: TemplateScope, _ parameters: Parameters
    ) throws(Fault) -> RenderedRequest {
        let whole = self.parameters.compactMap { parameter -> String? in
            if case .url = parameter.type { parameters.values[parameter.name]?.string } else { nil }
        }
        var headers: [RenderedRequest.Header] = []
        for (name, value) in step.headers {
            headers.append(.init(name: name, value: try value.render(scope, placing: Placement.line)))
        }
        var body: String?
        if let template = step.body { body = try template.render(scope, placing: Placement.body) }
        let url = try step.url.render(scope, placing: Placement.url(whole: whole))
        guard WebAddress.isPlain(url) else {
            throw Fault("runbook.url", "\"\(url)\" is not an http or https address")
        }
        return RenderedRequest(
            method: step.method, url: url, headers: headers, body: body, expect: step.expect, timeout: timeout)
    }

    /// Every unit that the steps and their undos name, each once, in the order of the steps.
    public func unitsNamed(_ parameters: Parameters) throws(Fault) -> [String] {
        var units: [String] = []
        for step in steps {
            for kind in [step.kind, step.undo?.kind] {
                guard case .systemd(_, let reference)? = kind else { continue }
                let unit = try self.unit(reference, parameters)
                if !units.contains(unit) { units.append(unit) }
            }
        }
        return units
    }

    /// The target's value as text; nil where the runbook has none or it is not bound.
    public func targetValue(_ parameters: Parameters) -> String? {
        target.flatMap { parameters.values[$0] }.map(\.argument)
    }
}

extension JSONValue {
    /// As one argument of a command: text as it is, numbers without a fraction where they have none.
    var argument: String {
        switch self {
        case .null: ""
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): Int64(exactly: number).map { String($0) } ?? String(number)
        case .string(let text): text
        case .array(let items): items.map(\.argument).joined(separator: ",")
        case .object: ""
        }
    }
}
