public import Model
import Text

extension Runbook {
    /// Reads one runbook and checks all that can be known without a host; every problem is reported.
    ///
    /// `file` is what the errors call it. The digest is that of `text`, byte by byte.
    public static func parse(_ text: String, file: String) throws(Diagnostics) -> Runbook {
        let problems = Problems()
        let start = SourcePlace(file: file, line: 1, column: 1)
        guard let root = try YAML.parse(text, file: file) else {
            throw Diagnostics([
                Diagnostic(start, "a runbook needs \"runbook\", \"on\" and \"steps\", not an empty file")
            ])
        }
        let reader = RunbookReader(problems: problems)
        let runbook = reader.read(root, text: text)
        if let runbook { RunbookCheck(runbook: runbook, problems: problems).check() }
        try problems.throwIfAny()
        guard let runbook else { throw Diagnostics([Diagnostic(start, "the runbook cannot be read")]) }
        return runbook
    }
}

/// Turns the nodes of a runbook's file into its values; a nil always comes with a problem.
struct RunbookReader {
    let problems: Problems

    static let keys = [
        "runbook", "description", "when_not", "on", "parameters", "allow", "target", "mode", "risk", "limits",
        "preconditions", "steps", "verify", "otherwise", "escalate",
    ]

    func read(_ root: YAMLNode, text: String) -> Runbook? {
        guard let map = Mapping(root, "the runbook", keys: Self.keys, notYet: ["group", "schedule"], problems) else {
            return nil
        }
        let name = map.string("runbook", required: true)
        if let name, let node = map["runbook"], !Self.isName(name) {
            problems.add(node.place, "\"runbook\" needs a name of lower-case letters, digits and hyphens")
        }
        let description = map.string("description", required: true)
        let on = matchers(map)
        let allow = installedAllow(map)
        let parameters = self.parameters(map, allow, isBegunByName: on?.isEmpty == true)
        let risk = map.choice("risk", as: Risk.self, required: true)
        let limits = self.limits(map)
        let preconditions = map.list("preconditions")?.compactMap { expression($0, "a precondition") } ?? []
        let (steps, groups) = self.steps(map)
        let verify = self.verify(map)
        if map.keyPlace("verify") == nil, let last = steps.last(where: { $0.kind.acts }), !last.kind.isProof {
            problems.add(map.place, "a runbook that acts needs \"verify\": without proof nothing is resolved")
        }
        let undoes = otherwise(map)
        let escalate = self.escalate(map)
        guard let name, let description, let risk, let on, let limits, let escalate else { return nil }
        return Runbook(
            name: name, place: map.place, description: description, whenNot: map.string("when_not"), on: on,
            parameters: parameters, target: target(map, parameters, steps),
            mode: map.choice("mode", as: Mode.self) ?? .observe, risk: risk, limits: limits,
            preconditions: preconditions, steps: steps, groups: groups, verify: verify, undoes: undoes,
            escalate: escalate.clause, escalateShow: escalate.show, text: text, digest: Digest.sha256(text.utf8))
    }

    /// Lower-case letters, digits and hyphens, beginning with a letter, at most 48.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 48 else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }

    /// A name that templates can say after a dot: as `isName`, with underscores for hyphens.
    static func isParameterName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 48 else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    private func matchers(_ map: Mapping) -> [[Matcher]]? {
        guard let items = map.list("on", required: true) else { return nil }
        var lists: [[Matcher]] = []
        for item in items {
            let texts: [YAMLNode] = if case .sequence(let inner) = item.content { inner } else { [item] }
            var list: [Matcher] = []
            for node in texts {
                guard let text = node.string(problems, "a matcher of \"on\"") else { continue }
                do {
                    list += try Matcher.parseList(text)
                } catch {
                    problems.add(node.place, error.description)
                }
            }
            if list.isEmpty { problems.add(item.place, "a list without matchers would match every incident") }
            if !list.isEmpty, list.allSatisfy({ $0.matches(value: "") }) {
                problems.add(item.place, "one matcher of each list must not match an absent label")
            }
            lists.append(list)
        }
        return lists
    }

    private func target(_ map: Mapping, _ parameters: [Parameter], _ steps: [Step]) -> String? {
        if let name = map.string("target") {
            if let parameter = parameters.first(where: { $0.name == name }) {
                if case .list = parameter.type {
                    problems.add(
                        map["target"]?.place ?? map.place, "a list cannot be the target: a run has exactly one")
                }
                return name
            }
            let near = nearest(name, among: parameters.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(
                map["target"]?.place ?? map.place, "\"target\" needs the name of a parameter, not \"\(name)\"\(near)")
            return nil
        }
        let candidates = parameters.filter {
            if case .list = $0.type { return false }
            return $0.type.isLocator
        }
        if candidates.count == 1 { return candidates[0].name }
        if steps.contains(where: { $0.kind.acts }) {
            let names = candidates.map(\.name).joined(separator: ", ")
            problems.add(
                map.place,
                candidates.isEmpty
                    ? "the runbook acts but has no target: it needs a parameter of type unit, path, host or url"
                    : "the runbook needs \"target\": it could be any of \(names)")
        }
        return nil
    }

    private func limits(_ map: Mapping) -> Limits? {
        guard let node = map["limits"] else { return .defaults }
        guard
            let map = Mapping(
                node, "\"limits\"", keys: ["cooldown", "attempts", "concurrent", "not_when"], problems)
        else { return nil }
        var attempts = Limits.defaults.attempts
        if let text = map.string("attempts") {
            if let budget = Budget(parsing: text) {
                attempts = budget
            } else {
                problems.add(
                    map["attempts"]?.place ?? map.place, "\"attempts\" needs a budget such as 3 per 1h, not \"\(text)\""
                )
            }
        }
        let cooldown = map.duration("cooldown") ?? Limits.defaults.cooldown
        if cooldown <= .zero || cooldown > Limits.longest {
            problems.add(map["cooldown"]?.place ?? map.place, "\"cooldown\" needs to be above zero and at most 30d")
        }
        if attempts.per > Limits.longest {
            problems.add(map["attempts"]?.place ?? map.place, "\"attempts\" can look back at most 30d")
        }
        var concurrent = Limits.defaults.concurrentOnHost
        if let node = map["concurrent"],
            let inner = Mapping(node, "\"concurrent\"", keys: ["host"], notYet: ["fleet", "group"], problems)
        {
            concurrent = inner.integer("host", in: 1...100) ?? concurrent
        }
        return Limits(
            cooldown: cooldown, attempts: attempts, concurrentOnHost: concurrent,
            notWhen: map["not_when"].flatMap { expression($0, "\"not_when\"") })
    }

    private func verify(_ map: Mapping) -> Verify? {
        guard let node = map["verify"],
            let map = Mapping(node, "\"verify\"", keys: ["expr", "for", "within"], problems)
        else { return nil }
        let expr = map.required("expr").flatMap { expression($0, "\"expr\"") }
        let holdsFor = span(map, "for") ?? .literal(.zero)
        // How long to wait follows from `for` where only the project knows that.
        let isOpen = holdsFor.projectName != nil && map.keyPlace("within") == nil
        let within = isOpen ? .twice : map.required("within").flatMap { _ in span(map, "within") }
        guard let expr, let within else { return nil }
        if case .literal(let within) = within {
            var least = Duration.zero
            if case .literal(let written) = holdsFor { least = written }
            if within < least || within <= .zero {
                problems.add(
                    map["within"]?.place ?? map.place, "\"within\" needs to be above zero and at least \"for\"")
            }
        }
        return Verify(expr: expr, holdsFor: holdsFor, within: within)
    }

    private func span(_ map: Mapping, _ key: String) -> Verify.Span? {
        guard let node = map[key] else { return nil }
        if node.text?.contains("{{") == true {
            guard let template = template(node, "\"\(key)\"") else { return nil }
            if let name = template.soleProjectName { return .project(name) }
            problems.add(
                node.place, "\"\(key)\" needs a duration, or exactly one setting such as '{{ $project.watch_for }}'")
            return nil
        }
        return map.duration(key).map { .literal($0) }
    }

    /// `escalate` comes last whether it is written or not, so only `undo` makes a difference.
    private func otherwise(_ map: Mapping) -> Bool {
        guard let words = map.strings("otherwise") else { return false }
        if !["undo escalate", "undo", "escalate"].contains(words.joined(separator: " ")) {
            problems.add(
                map["otherwise"]?.place ?? map.place, "\"otherwise\" needs [escalate] or [undo, escalate], not \(words)"
            )
        }
        return words.contains("undo")
    }

    private func escalate(_ map: Mapping) -> (clause: EscalateClause, show: Template?)? {
        guard let node = map["escalate"] else { return (EscalateClause(), nil) }
        guard let map = Mapping(node, "\"escalate\"", keys: ["to", "with", "agents", "show"], problems) else {
            return nil
        }
        let agents = map.choice("agents", as: EscalateClause.Agents.self)
        var spans: [String: Duration] = [:]
        for item in map.list("with") ?? [] {
            guard let text = item.string(problems, "an item of \"with\"") else { continue }
            let words = text.split(separator: " ").map(String.init)
            if words.first == "changes" {
                problems.add(item.place, "\"changes\" is not in this version")
            } else if words.count == 2, let span = Duration(parsing: words[1]), ["logs", "metrics"].contains(words[0]) {
                spans[words[0]] = span
            } else {
                problems.add(item.place, "an item of \"with\" needs the form logs 15m or metrics 1h, not \"\(text)\"")
            }
        }
        let clause = EscalateClause(
            to: map.string("to"), logs: spans["logs"], metrics: spans["metrics"], agents: agents)
        return (clause, map["show"].flatMap { template($0, "\"show\"") })
    }

    func expression(_ node: YAMLNode, _ what: String) -> ExpressionTemplate? {
        template(node, what).map { ExpressionTemplate(template: $0, node: node) }
    }

    func template(_ node: YAMLNode, _ what: String) -> Template? {
        guard node.string(problems, what) != nil else { return nil }
        do {
            return try Template(node)
        } catch {
            problems.add(error)
            return nil
        }
    }

    func pipeline(_ node: YAMLNode, _ what: String) -> Pipeline? {
        guard node.string(problems, what) != nil else { return nil }
        do {
            return try Pipeline(node)
        } catch {
            problems.add(error)
            return nil
        }
    }
}
