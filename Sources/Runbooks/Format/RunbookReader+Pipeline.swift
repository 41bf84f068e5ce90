import Model
import Text

// The kinds of step that the development pipeline is made of.
extension RunbookReader {
    func agent(_ node: YAMLNode) -> AgentStep? {
        guard let map = Mapping(node, "\"agent\"", keys: ["role", "inputs"], problems) else { return nil }
        let role = map.string("role", required: true)
        if let role, !Self.isName(role) {
            problems.add(
                map["role"]?.place ?? map.place,
                "\"role\" needs lower-case letters, digits and hyphens, not \"\(role)\"")
        }
        var inputs: [(name: String, value: Pipeline)] = []
        for (node, value) in map.stringMap("inputs") ?? [] {
            let name = node.text ?? ""
            if !Self.isParameterName(name) {
                problems.add(
                    node.place,
                    "an input's name needs lower-case letters, digits and underscores, not \"\(name)\"")
            }
            if let value = pipeline(value, "an input") { inputs.append((name, value)) }
        }
        return role.map { AgentStep(role: $0, inputs: inputs) }
    }

    func repository(_ node: YAMLNode) -> RepositoryStep? {
        let verbs: KeyValuePairs = [
            "checkout": [], "apply": ["edits", "as"], "test": ["expect", "times"], "commit": ["message"],
        ]
        guard let (map, verb) = verb(node, "\"repository\"", verbs), let project = project(map, verb) else {
            return nil
        }
        switch verb {
        case "checkout": return RepositoryStep(project: project, action: .checkout)
        case "apply":
            let edits = map.required("edits").flatMap { pipeline($0, "\"edits\"") }
            let kind = map.choice("as", as: EditKind.self, required: true)
            guard let edits, let kind else { return nil }
            return RepositoryStep(project: project, action: .apply(edits: edits, kind: kind))
        case "test":
            let times = map.integer("times", in: 1...100) ?? 1
            return map.choice("expect", as: TestExpectation.self, required: true).map {
                RepositoryStep(project: project, action: .test(expect: $0, times: times))
            }
        default:
            return map.required("message").flatMap { template($0, "\"message\"") }.map {
                RepositoryStep(project: project, action: .commit(message: $0))
            }
        }
    }

    func forge(_ node: YAMLNode) -> ForgeStep? {
        let verbs: KeyValuePairs = [
            "open": ["commit", "title", "body"], "merge-when-approved": ["pr", "expires", "by", "show", "policy"],
        ]
        guard let (map, verb) = verb(node, "\"forge\"", verbs, notYet: ["update"]), let project = project(map, verb)
        else { return nil }
        if verb == "open" {
            let commit = map.required("commit").flatMap { template($0, "\"commit\"") }
            let title = map.required("title").flatMap { template($0, "\"title\"") }
            let body = map.required("body").flatMap { template($0, "\"body\"") }
            guard let commit, let title, let body else { return nil }
            return ForgeStep(project: project, action: .open(commit: commit, title: title, body: body))
        }
        let expires = map.duration("expires") ?? .seconds(7 * 86_400)
        if expires <= .zero { problems.add(map["expires"]?.place ?? map.place, "\"expires\" needs to be above zero") }
        guard let pr = map.required("pr").flatMap({ template($0, "\"pr\"") }) else { return nil }
        return ForgeStep(
            project: project,
            action: .merge(
                MergeStep(
                    pr: pr, expires: expires, by: map.string("by"),
                    show: map["show"].flatMap { template($0, "\"show\"") },
                    policy: map["policy"].flatMap { pipeline($0, "\"policy\"") })))
    }

    func deploy(_ node: YAMLNode) -> DeployStep? {
        let verbs: KeyValuePairs = ["to": ["project", "revision"], "test": ["project"], "rollback": ["project"]]
        guard let (map, verb) = verb(node, "\"deploy\"", verbs) else { return nil }
        let stage = map.choice(verb, as: DeployStage.self, required: true)
        guard let project = project(map, "project"), let stage else { return nil }
        switch (verb, stage) {
        case ("to", _):
            return map.required("revision").flatMap { template($0, "\"revision\"") }.map {
                DeployStep(project: project, action: .to(stage, revision: $0))
            }
        case ("test", .staging): return DeployStep(project: project, action: .test(stage))
        case ("rollback", .production): return DeployStep(project: project, action: .rollback(stage))
        default:
            let only = verb == "test" ? DeployStage.staging : .production
            problems.add(map[verb]?.place ?? map.place, "\"\(verb)\" needs \(only.rawValue): a project has no other")
            return nil
        }
    }

    func subrun(_ node: YAMLNode) -> SubrunStep? {
        guard let map = Mapping(node, "\"runbook\"", keys: ["name", "parameters"], problems),
            let name = map.required("name").flatMap({ template($0, "\"name\"") })
        else { return nil }
        if name.isLiteral, !Self.isName(name.source) {
            problems.add(map["name"]?.place ?? map.place, "\"\(name.source)\" is not the name of a runbook")
        }
        guard let parameters = map["parameters"] else { return SubrunStep(name: name, parameters: .each([])) }
        if parameters.text != nil {
            return pipeline(parameters, "\"parameters\"").map { SubrunStep(name: name, parameters: .all($0)) }
        }
        guard let pairs = map.stringMap("parameters") else { return nil }
        var given: [(name: String, value: Template)] = []
        for (name, value) in pairs {
            guard let value = template(value, "a parameter") else { continue }
            given.append((name.text ?? "", value))
        }
        return SubrunStep(name: name, parameters: .each(given))
    }

    /// The one verb that a step's mapping says, without the keys that belong to another.
    private func verb(
        _ node: YAMLNode, _ what: String, _ verbs: KeyValuePairs<String, [String]>, notYet: [String] = []
    ) -> (map: Mapping, verb: String)? {
        let others = Set(verbs.flatMap(\.value)).sorted()
        guard let map = Mapping(node, what, keys: verbs.map(\.key) + others, notYet: notYet, problems) else {
            return nil
        }
        let present = verbs.filter { map.keyPlace($0.key) != nil }
        guard present.count == 1, let (verb, own) = present.first else {
            if !node.hasKey(among: notYet) {
                problems.add(map.place, "\(what) needs exactly one of \(verbs.map(\.key).joined(separator: ", "))")
            }
            return nil
        }
        for key in others where !own.contains(key) {
            if let place = map.keyPlace(key) { problems.add(place, "\"\(verb)\" has no \"\(key)\"") }
        }
        return (map, verb)
    }

    private func project(_ map: Mapping, _ key: String) -> Template? {
        map.required(key).flatMap { template($0, "\"\(key)\"") }
    }
}
