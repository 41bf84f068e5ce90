import Model
public import Text

extension Project {
    /// The `projects` of the settings: names and what is under them. Two projects with one unit are a problem.
    public static func parse(_ node: YAMLNode, _ problems: Problems) -> [Project] {
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "\"projects\" needs to be a mapping of names")
            return []
        }
        var owners: [String: String] = [:]
        return pairs.compactMap { name, value in
            guard let project = ProjectReader(name, problems).project(value) else { return nil }
            for unit in project.units {
                if let other = owners.updateValue(project.name, forKey: unit) {
                    problems.add(value.place, "the unit \(unit) belongs to the projects \(other) and \(project.name)")
                }
            }
            return project
        }
    }
}

/// Reads one project; every problem is reported with its place.
private struct ProjectReader {
    let name: String
    let place: SourcePlace
    let problems: Problems

    private static let keys = [
        "units", "repository", "revision", "paths", "test", "report", "sandbox", "forge", "staging", "production",
        "approve", "egress",
    ]

    init(_ name: YAMLNode, _ problems: Problems) {
        self.name = name.text ?? ""
        place = name.place
        self.problems = problems
        let isPlain = self.name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x2D: true
            default: false
            }
        }
        if self.name.isEmpty || !isPlain || self.name.hasPrefix("-") {
            problems.add(place, "a project's name needs lower-case letters, digits and hyphens, not \"\(self.name)\"")
        }
    }

    func project(_ node: YAMLNode) -> Project? {
        guard let map = Mapping(node, "the project", keys: Self.keys, problems) else { return nil }
        let units = map.strings("units", required: true) ?? []
        for unit in units where !unit.contains(".") {
            problems.add(map["units"]?.place ?? place, "\"\(unit)\" is not the full name of a unit")
        }
        guard let repository = repository(map), let revision = revision(map), let paths = paths(map),
            let test = command(map, "test", required: true), let report = report(map)
        else { return nil }
        if let forge = map["forge"], forge.string(problems, "\"forge\"") != "local" {
            problems.add(forge.place, "\"forge\" can only be local: other forges are not in this version")
        }
        var project = Project(
            name: name, units: units, repository: repository, revision: revision, paths: paths, test: test,
            report: report, sandbox: sandbox(map), staging: staging(map), production: production(map))
        if let approve = inner(map, "approve", ["plan", "production"]) {
            if let plan = approve["plan"], plan.string(problems, "\"plan\"") != "always" {
                problems.add(plan.place, "\"plan\" can only be always: a policy for plans is not in this version")
            }
            project.approveProduction = approval(approve, "production")
        }
        if let egress = inner(map, "egress", ["code", "logs"]) {
            project.sendsCode = egress.bool("code") ?? false
            project.sendsLogs = egress.bool("logs") ?? false
        }
        return project
    }

    private func inner(_ map: Mapping, _ key: String, _ keys: [String], required: Bool = false) -> Mapping? {
        let node = required ? map.required(key) : map[key]
        return node.flatMap { Mapping($0, "\"\(key)\"", keys: keys, problems) }
    }

    private func repository(_ map: Mapping) -> Project.Repository? {
        guard let map = inner(map, "repository", ["url", "branch"], required: true),
            let url = map.string("url", required: true)
        else { return nil }
        return Project.Repository(url: url, branch: map.string("branch") ?? "main")
    }

    private func revision(_ map: Mapping) -> Project.Revision? {
        guard let map = inner(map, "revision", ["from", "path", "run", "label"], required: true) else { return nil }
        switch map.string("from", required: true) {
        case "file"?: return map.string("path", required: true).map { .file(path: $0) }
        case "command"?: return command(map, "run", required: true).map { .command($0) }
        case "label"?: return map.string("label", required: true).map { .label($0) }
        case let word?:
            problems.add(
                map["from"]?.place ?? map.place, "\"from\" needs to be file, command or label, not \"\(word)\"")
            return nil
        case nil: return nil
        }
    }

    private func paths(_ map: Mapping) -> Project.Paths? {
        guard let map = inner(map, "paths", ["allow", "tests", "deny"], required: true),
            let allow = map.strings("allow", required: true), let tests = map.strings("tests", required: true)
        else { return nil }
        return Project.Paths(allow: allow, tests: tests, deny: map.strings("deny") ?? [])
    }

    private func report(_ map: Mapping) -> Project.Report? {
        guard let map = inner(map, "report", ["junit", "tap"], required: true) else { return nil }
        switch (map.string("junit"), map.string("tap")) {
        case (let path?, nil): return .junit(path)
        case (nil, let path?): return .tap(path)
        default:
            problems.add(
                map.place, "\"report\" needs exactly one of junit, tap: without names of tests nothing is proven")
            return nil
        }
    }

    private func sandbox(_ map: Mapping) -> Project.Sandbox {
        var sandbox = Project.Sandbox()
        guard let map = inner(map, "sandbox", ["memory", "processes", "wall", "network"]) else { return sandbox }
        if let memory = map.size("memory") {
            sandbox.memory = memory
            if memory < ByteSize(bytes: 16 << 20) {
                problems.add(map["memory"]?.place ?? map.place, "\"memory\" needs to be at least 16MiB")
            }
        }
        sandbox.processes = map.integer("processes", in: 8...4096) ?? sandbox.processes
        if let wall = map.duration("wall") {
            sandbox.wall = wall
            if wall < .seconds(1) || wall > .seconds(3600) {
                problems.add(map["wall"]?.place ?? map.place, "\"wall\" is 1s to 1h")
            }
        }
        if let network = map["network"], network.string(problems, "\"network\"") != "none" {
            problems.add(network.place, "\"network\" can only be none")
        }
        return sandbox
    }

    private func staging(_ map: Mapping) -> Project.Staging? {
        guard let map = inner(map, "staging", ["deploy", "test"]),
            let deploy = command(map, "deploy", required: true), let test = command(map, "test", required: true)
        else { return nil }
        return Project.Staging(deploy: deploy, test: test)
    }

    private func production(_ map: Mapping) -> Project.Production? {
        guard let map = inner(map, "production", ["deploy", "rollback", "watch"]),
            let deploy = command(map, "deploy", required: true),
            let rollback = command(map, "rollback", required: true),
            let watch = inner(map, "watch", ["expr", "for"], required: true),
            let expr = watch.string("expr", required: true)
        else { return nil }
        let holds = watch.duration("for") ?? .seconds(300)
        if holds > .seconds(86_400) { problems.add(watch.place, "\"for\" is at most 1d") }
        return Project.Production(deploy: deploy, rollback: rollback, watch: expr, watchFor: holds)
    }

    private func approval(_ map: Mapping, _ key: String) -> Project.Approval {
        guard let node = map[key] else { return .always }
        if case .scalar("always", _) = node.content { return .always }
        guard let outer = Mapping(node, "\"\(key)\"", keys: ["low-risk"], problems),
            let inner = inner(outer, "low-risk", ["paths", "lines"], required: true),
            let paths = inner.strings("paths", required: true),
            let lines = inner.integer("lines", in: 1...10_000, required: true)
        else { return .always }
        return .lowRisk(paths: paths, lines: lines)
    }

    /// A program by its absolute path (in a repository's sandbox also by name) and its arguments; never a shell line.
    private func command(_ map: Mapping, _ key: String, required: Bool) -> [String]? {
        guard let words = map.strings(key, required: required) else { return nil }
        if words.isEmpty || words[0].isEmpty {
            problems.add(map[key]?.place ?? map.place, "\"\(key)\" needs a program and its arguments")
        } else if key != "test" || map["deploy"] != nil, !words[0].hasPrefix("/") {
            problems.add(map[key]?.place ?? map.place, "\"\(words[0])\" needs to be an absolute path")
        }
        return words
    }
}
