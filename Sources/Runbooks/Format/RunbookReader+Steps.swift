import Model
import Text

extension RunbookReader {
    static let kinds = [
        "systemd", "run", "http", "wait", "check", "approve", "notify", "agent", "repository", "forge", "deploy",
        "runbook",
    ]
    static let laterKinds = ["parallel", "ci", "group"]
    static let modifiers = ["name", "timeout", "retry", "retry_safe", "on_error", "probe", "undo", "if", "as"]

    func step(_ node: YAMLNode, _ number: Int) -> Step? {
        guard
            let map = Mapping(
                node, "step \(number)", keys: Self.modifiers + Self.kinds, notYet: Self.laterKinds, problems)
        else { return nil }
        let name = self.name(map, "a step's name")
        guard let kind = kind(node, map, "step \"\(name ?? String(number))\"", Self.kinds), let name else { return nil }
        let retrySafe = map.bool("retry_safe")
        return Step(
            name: name, place: map.place, kind: kind, timeout: timeout(map, kind), retry: retry(map),
            retrySafe: retrySafe ?? kind.isRetrySafeByDefault,
            onError: map.choice("on_error", as: OnError.self) ?? .stop, probe: probe(map, kind), undo: undo(map, kind),
            condition: condition(map))
    }

    func name(_ map: Mapping, _ what: String) -> String? {
        let name = map.string("name", required: true)
        if let name, !Self.isName(name) {
            problems.add(
                map["name"]?.place ?? map.place,
                "\(what) needs lower-case letters, digits and hyphens, not \"\(name)\"")
        }
        return name
    }

    private func timeout(_ map: Mapping, _ kind: StepKind) -> Duration {
        guard let timeout = map.duration("timeout") else { return kind.defaultTimeout }
        if timeout <= .zero || timeout > .seconds(86400) {
            problems.add(map["timeout"]?.place ?? map.place, "\"timeout\" needs to be above zero and at most 1d")
        }
        switch kind {
        case .wait, .notify, .approve:
            problems.add(map.keyPlace("timeout") ?? map.place, "a \(kind.word) step has no \"timeout\"")
        default: break
        }
        return timeout
    }

    private func retry(_ map: Mapping) -> Retry {
        guard let node = map["retry"],
            let map = Mapping(node, "\"retry\"", keys: ["attempts", "backoff"], problems)
        else { return .once }
        return Retry(
            attempts: map.integer("attempts", in: 1...10, required: true) ?? 1,
            backoff: map.duration("backoff") ?? .seconds(1))
    }

    func condition(_ map: Mapping) -> Pipeline? { map["if"].flatMap { pipeline($0, "\"if\"") } }

    private func undo(_ map: Mapping, _ kind: StepKind) -> Undo? {
        guard let node = map["undo"] else { return nil }
        guard kind.acts else {
            problems.add(
                map.keyPlace("undo") ?? map.place, "a \(kind.word) step changes nothing, so it has no \"undo\"")
            return nil
        }
        let kinds = ["systemd", "run", "http", "deploy"]
        guard let map = Mapping(node, "\"undo\"", keys: kinds + ["timeout", "as"], notYet: Self.laterKinds, problems),
            let undo = self.kind(node, map, "\"undo\"", kinds)
        else { return nil }
        return Undo(kind: undo, timeout: timeout(map, undo))
    }

    private func probe(_ map: Mapping, _ kind: StepKind) -> StepProbe? {
        guard let node = map["probe"] else { return nil }
        guard ["systemd", "run", "http", "deploy"].contains(kind.word) else {
            problems.add(map.keyPlace("probe") ?? map.place, "the outcome of a \(kind.word) step is always known")
            return nil
        }
        guard let map = Mapping(node, "\"probe\"", keys: ["expr", "unit", "http"], problems) else { return nil }
        let present = ["expr", "unit", "http"].filter { map.keyPlace($0) != nil }
        guard present.count == 1 else {
            problems.add(map.place, "\"probe\" needs exactly one of expr, unit, http")
            return nil
        }
        if let node = map["expr"] { return expression(node, "\"expr\"").map { .expr($0) } }
        if let node = map["unit"] { return unit(node).map { .unit($0) } }
        guard let step = map["http"].flatMap({ http($0) }) else { return nil }
        if !step.isSafe { problems.add(map.place, "a probe changes nothing: its method needs to be GET or HEAD") }
        return .http(step)
    }

    private func kind(_ node: YAMLNode, _ map: Mapping, _ what: String, _ kinds: [String]) -> StepKind? {
        let present = kinds.filter { map.keyPlace($0) != nil }
        guard present.count == 1, let word = present.first else {
            // A kind of a later version has been refused by its name already.
            if !node.hasKey(among: Self.laterKinds) {
                let found = present.isEmpty ? "none" : present.joined(separator: " and ")
                problems.add(map.place, "\(what) needs exactly one of \(kinds.joined(separator: ", ")), not \(found)")
            }
            return nil
        }
        if map.keyPlace("as") != nil, word != "run" {
            problems.add(map.keyPlace("as") ?? map.place, "\"as\" belongs to run steps only")
        }
        guard let node = map.required(word) else { return nil }
        switch word {
        case "systemd": return systemd(node)
        case "run": return run(node, map)
        case "http": return http(node).map { .http($0) }
        case "wait": return wait(node)
        case "check": return expression(node, "\"check\"").map { .check($0) }
        case "approve": return approve(node)
        case "notify": return notify(node)
        case "agent": return agent(node).map { .agent($0) }
        case "repository": return repository(node).map { .repository($0) }
        case "forge": return forge(node).map { .forge($0) }
        case "deploy": return deploy(node).map { .deploy($0) }
        default: return subrun(node).map { .runbook($0) }
        }
    }

    private func systemd(_ node: YAMLNode) -> StepKind? {
        let verbs = SystemdVerb.allCases.map(\.rawValue)
        guard let map = Mapping(node, "\"systemd\"", keys: verbs, problems) else { return nil }
        let present = verbs.filter { map.keyPlace($0) != nil }
        guard present.count == 1, let verb = present.first.flatMap({ SystemdVerb(rawValue: $0) }) else {
            problems.add(map.place, "\"systemd\" needs exactly one of \(verbs.joined(separator: ", "))")
            return nil
        }
        return map.required(verb.rawValue).flatMap { unit($0) }.map { .systemd(verb, unit: $0) }
    }

    /// A unit is written out, or is exactly one parameter: a name put together from pieces could be any unit.
    private func unit(_ node: YAMLNode) -> UnitReference? {
        guard let template = template(node, "a unit") else { return nil }
        if let name = template.soleParameter { return .parameter(name) }
        if template.isLiteral, UnitName.isValid(template.source) { return .literal(template.source) }
        problems.add(
            node.place,
            template.isLiteral
                ? "\"\(template.source)\" is not the full name of one systemd unit, such as nginx.service"
                : "a unit needs to be exactly one parameter, such as '{{ $params.unit }}', or a full name")
        return nil
    }

    private func run(_ node: YAMLNode, _ map: Mapping) -> StepKind? {
        var asRoot = false
        if let user = map.string("as") {
            asRoot = user == "root"
            if !asRoot {
                problems.add(
                    map["as"]?.place ?? map.place, "\"as\" needs root, not \"\(user)\"; leave it out otherwise")
            }
        }
        guard case .sequence(let items) = node.content, let first = items.first else {
            problems.add(node.place, "\"run\" needs a list: the program's path, then its arguments")
            return nil
        }
        let templates = items.map { template($0, "an argument of \"run\"") }
        let program = first.text ?? ""
        if program.contains("{{") || program == "/" || !AbsolutePath.isPlain(program) {
            problems.add(first.place, "\"run\" needs an absolute path as its program, not \"\(program)\"")
        }
        let arguments = templates.compactMap { $0 }
        return arguments.count == items.count ? .run(RunStep(arguments: arguments, asRoot: asRoot)) : nil
    }

    func http(_ node: YAMLNode) -> HTTPStep? {
        guard let map = Mapping(node, "\"http\"", keys: ["method", "url", "headers", "body", "expect"], problems) else {
            return nil
        }
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        let method = map.string("method") ?? "GET"
        if !methods.contains(method) {
            problems.add(
                map["method"]?.place ?? map.place,
                "\"method\" needs one of \(methods.joined(separator: ", ")), not \"\(method)\"")
        }
        var headers: [(name: String, value: Template)] = []
        for (name, value) in map.stringMap("headers") ?? [] {
            guard let value = template(value, "a header") else { continue }
            headers.append((name: name.text ?? "", value: value))
            if !HTTPHeader.isValidName(name.text ?? "") || HTTPHeader.isOurs(name.text ?? "") {
                problems.add(name.place, "\"\(name.text ?? "")\" cannot be set as a header")
            }
        }
        guard let url = map.required("url").flatMap({ template($0, "\"url\"") }) else { return nil }
        return HTTPStep(
            method: method, url: url, headers: headers, body: map["body"].flatMap { template($0, "\"body\"") },
            expect: expectation(map))
    }

    private func expectation(_ map: Mapping) -> HTTPStep.Expectation {
        guard let node = map["expect"],
            let map = Mapping(node, "\"expect\"", keys: ["status", "pattern"], problems)
        else { return HTTPStep.Expectation() }
        let nodes: [YAMLNode] =
            map["status"].map { if case .sequence(let items) = $0.content { items } else { [$0] } } ?? []
        let pattern = map.string("pattern")
        if let pattern {
            do {
                _ = try Pattern(pattern)
            } catch {
                problems.add(map["pattern"]?.place ?? map.place, error.description)
            }
        }
        return HTTPStep.Expectation(
            statuses: nodes.compactMap { $0.integer(problems, "\"status\"", in: 100...599) }, pattern: pattern)
    }

    private func wait(_ node: YAMLNode) -> StepKind? {
        guard let duration = node.duration(problems, "\"wait\"") else { return nil }
        if duration <= .zero || duration > .seconds(86400) {
            problems.add(node.place, "\"wait\" needs to be above zero and at most 1d")
        }
        return .wait(duration)
    }

    private func approve(_ node: YAMLNode) -> StepKind? {
        guard let map = Mapping(node, "\"approve\"", keys: ["by", "expires", "show"], problems) else { return nil }
        let expires = map.duration("expires") ?? .seconds(1800)
        if expires <= .zero { problems.add(map["expires"]?.place ?? map.place, "\"expires\" needs to be above zero") }
        guard let show = map.required("show").flatMap({ template($0, "\"show\"") }) else { return nil }
        return .approve(ApproveStep(by: map.string("by"), expires: expires, show: show))
    }

    private func notify(_ node: YAMLNode) -> StepKind? {
        guard let map = Mapping(node, "\"notify\"", keys: ["to", "text"], problems) else { return nil }
        let to = map.string("to", required: true)
        guard let text = map.required("text").flatMap({ template($0, "\"text\"") }), let to else { return nil }
        return .notify(NotifyStep(to: to, text: text))
    }
}
