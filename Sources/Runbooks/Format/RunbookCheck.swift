import Model
import Series
import Text

/// Checks what only the whole runbook shows: names that templates read, expressions, and rules between its parts.
struct RunbookCheck {
    let runbook: Runbook
    let problems: Problems

    func check() {
        for parameter in runbook.parameters {
            if let from = parameter.from { names(from, Readable(roots: ["labels", "project"])) }
        }
        let early = Readable(
            roots: ["params", "run", "labels", "project"], run: RunContext.keys, parameters: parameterNames)
        for expr in runbook.preconditions { expression(expr, early) }
        if let expr = runbook.limits.notWhen { expression(expr, early) }
        var readable = early
        readable.roots.append("steps")
        for (index, step) in runbook.steps.enumerated() {
            if let condition = runbook.group(beginningAt: index)?.condition { references(condition.reads, readable) }
            check(step, readable)
            readable.steps[step.name] = .some(step.kind.resultKeys)
            guard let group = runbook.group(ofStepAt: index), group.range.upperBound == index + 1 else { continue }
            if let rounds = group.rounds { references(rounds.until.reads, readable) }
        }
        if let verify = runbook.verify { expression(verify.expr, readable) }
        if let show = runbook.escalateShow { names(show, readable) }
    }

    private var parameterNames: [String] { runbook.parameters.map(\.name) }

    private func check(_ step: Step, _ readable: Readable) {
        kind(step.kind, step.place, readable)
        if let condition = step.condition { references(condition.reads, readable) }
        if let undo = step.undo {
            var later = readable
            later.steps[step.name] = .some(step.kind.resultKeys)
            kind(undo.kind, step.place, later)
        }
        switch step.probe {
        case .expr(let expr)?: expression(expr, readable)
        case .unit(let reference)?: unit(reference, step.place)
        case .http(let request)?: http(request, readable)
        case nil: break
        }
    }

    private func kind(_ kind: StepKind, _ place: SourcePlace, _ readable: Readable) {
        let executors = Readable(
            roots: ["params", "run"], run: RunContext.executorKeys, parameters: parameterNames, isExecutors: true)
        switch kind {
        case .systemd(_, let reference): unit(reference, place)
        case .run(let step): for argument in step.arguments { names(argument, executors) }
        case .http(let step): http(step, readable)
        case .check(let expr): expression(expr, readable)
        case .approve(let step): names(step.show, readable)
        case .notify(let step): names(step.text, readable)
        case .wait: break
        case .deploy(let step): references(step.reads, executors)
        case .agent(let step): references(step.reads, readable)
        case .repository(let step): references(step.reads, readable)
        case .forge(let step):
            references(step.reads, readable)
            policy(step, place)
        case .runbook(let step): references(step.reads, readable)
        }
    }

    /// No word of a model or of a log may stand for a person: only the forge's own finding about the change.
    private func policy(_ step: ForgeStep, _ place: SourcePlace) {
        guard case .merge(let merge) = step.action, let policy = merge.policy else { return }
        let opens = runbook.steps.filter { step in
            guard case .forge(let forge) = step.kind, case .open = forge.action else { return false }
            return true
        }
        if !opens.contains(where: { policy.source == "$steps.\($0.name).result.low_risk" }) {
            problems.add(
                policy.reads.first?.place ?? place,
                "\"policy\" needs to be $steps.NAME.result.low_risk of a step that opens the pull request")
        }
    }

    private func http(_ step: HTTPStep, _ readable: Readable) {
        for template in [step.url] + step.headers.map(\.value) + (step.body.map { [$0] } ?? []) {
            names(template, readable)
        }
    }

    private func unit(_ reference: UnitReference, _ place: SourcePlace) {
        guard case .parameter(let name) = reference else { return }
        guard let parameter = runbook.parameters.first(where: { $0.name == name }) else {
            problems.add(place, unknown("parameter", name, parameterNames))
            return
        }
        guard case .unit = parameter.type else {
            problems.add(
                place, "a systemd step needs a parameter of type unit; \"\(name)\" has type \(parameter.type.word)")
            return
        }
    }

    // MARK: - Names that templates read

    /// What can be read at one place of the runbook.
    private struct Readable {
        var roots: [String]
        var run: [String] = []
        var parameters: [String] = []
        /// Earlier steps and the keys of their results; nil where a role's schema says them.
        var steps: [String: [String]?] = [:]
        var isExecutors = false
    }

    private func names(_ template: Template, _ readable: Readable) { references(template.reads, readable) }

    private func references(_ references: [TemplateReference], _ readable: Readable) {
        for read in references {
            let (reference, place) = (read.path, read.place)
            guard let root = reference.first else { continue }
            guard readable.roots.contains(root) else {
                let known = ["params", "run", "labels", "steps", "project"].contains(root)
                let can = readable.roots.map { "$\($0)" }.joined(separator: ", ")
                problems.add(
                    place,
                    known && readable.isExecutors
                        ? "a step that the helper performs reads only \(can), not $\(root)"
                        : "a template here reads \(can), not $\(root)")
                continue
            }
            guard reference.count > 1 else { continue }
            let name = reference[1]
            switch root {
            case "params" where !readable.parameters.contains(name):
                problems.add(place, unknown("parameter", name, readable.parameters))
            case "run" where !readable.run.contains(name):
                problems.add(place, unknown("$run name", name, readable.run))
            case "steps": result(reference, place, readable)
            default: break
            }
        }
    }

    private func result(_ reference: [String], _ place: SourcePlace, _ readable: Readable) {
        let name = reference[1]
        guard let keys = readable.steps[name] else {
            let isLater = runbook.steps.contains { $0.name == name }
            problems.add(
                place,
                isLater
                    ? "the result of step \"\(name)\" is not there yet: only earlier steps can be read"
                    : unknown("step", name, readable.steps.keys.sorted()))
            return
        }
        guard reference.count > 2 else { return }
        guard ["result", "outcome"].contains(reference[2]) else {
            problems.add(place, "a step has \"result\" and \"outcome\", not \"\(reference[2])\"")
            return
        }
        if let keys, reference[2] == "result", reference.count > 3, !keys.contains(reference[3]) {
            problems.add(place, unknown("key \"\(reference[3])\" in the result of", name, keys, word: reference[3]))
        }
    }

    private func unknown(_ what: String, _ name: String, _ names: [String], word: String? = nil) -> String {
        let near = nearest(word ?? name, among: names).map { "; did you mean \"\($0)\"?" }
        return "there is no \(what) \"\(name)\""
            + (near ?? (names.isEmpty ? "" : "; there is \(names.joined(separator: ", "))"))
    }

    // MARK: - Expressions

    private func expression(_ expr: ExpressionTemplate, _ readable: Readable) {
        let before = problems.all.count
        references(expr.template.reads, readable)
        guard problems.all.count == before else { return }
        let text: String
        do {
            // What is wholly the project's is checked when the project is known.
            guard expr.template.soleProjectName == nil else { return }
            text = try expr.render(sampleScope(expr.template.references))
        } catch {
            problems.add(expr.node.place, error.description)
            return
        }
        do {
            let expression = try Expression(parsing: text)
            if expression.type != .vector && expression.type != .scalar {
                let type = expression.type.rawValue
                problems.add(expr.node.place, "a condition needs a value or a vector, not a \(type)")
            }
        } catch {
            let prefix = expr.source.prefix(error.offset)
            let place = text.hasPrefix(prefix) ? expr.node.place(ofOffset: error.offset) : expr.node.place
            problems.add(place, error.message)
        }
    }

    /// Harmless values for everything that a template can read; `read` says what is read where no shape is declared.
    private func sampleScope(_ read: [[String]]) -> TemplateScope {
        let parameters = Parameters(
            Dictionary(uniqueKeysWithValues: runbook.parameters.map { ($0.name, $0.type.sample) }))
        let context = RunContext(id: "0", runbook: runbook.name, target: "x", directory: "/x", incident: "0")
        var labels = Labels()
        for name in runbook.labelsRead { labels[name] = "x" }
        var results: [String: JSONValue] = [:]
        for step in runbook.steps {
            let keys = (step.kind.resultKeys ?? []).map { ($0, JSONValue.number(0)) }
            results[step.name] = ["outcome": "done", "result": .object(Dictionary(uniqueKeysWithValues: keys))]
        }
        var open: JSONValue = .object(["steps": .object(results), "project": [:]])
        for path in read where path.first == "steps" || path.first == "project" { open.plant(path[...]) }
        return TemplateScope(
            parameters: parameters, run: context, labels: labels, results: open["steps"]?.object ?? [:],
            project: open["project"])
    }
}

extension JSONValue {
    /// Sees to it that there is something at the path.
    fileprivate mutating func plant(_ path: ArraySlice<String>) {
        guard let key = path.first else { return }
        var members = object ?? [:]
        var member = members[key] ?? (path.count > 1 ? .object([:]) : .number(0))
        member.plant(path.dropFirst())
        members[key] = member
        self = .object(members)
    }
}

extension StepKind {
    /// The shape of `$steps.NAME.result`; nil where a role's schema says it.
    var resultKeys: [String]? {
        switch self {
        case .agent: nil
        case .repository(let step): step.resultKeys
        case .forge(let step): step.resultKeys
        case .deploy: ["exit", "signal", "result", "invocation", "unit"]
        case .runbook: ["run", "end", "text"]
        case .systemd: ["job", "job_result", "active_state", "invocation_before", "invocation_after"]
        case .run: ["exit", "signal", "result", "invocation", "unit"]
        case .http: ["status", "body"]
        case .approve: ["by"]
        case .check: ["value"]
        case .wait, .notify: []
        }
    }
}
