import Model
import Text

extension InstalledProject {
    /// Reads the `projects` of the installed settings; nothing in it is forgiven.
    static func read(_ node: YAMLNode, _ problems: Problems) -> [String: InstalledProject] {
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "\"projects\" needs a mapping of names, not \(node.kind)")
            return [:]
        }
        var projects: [String: InstalledProject] = [:]
        for (key, value) in pairs {
            let keys = ["user", "staging", "production"]
            guard let name = key.text, let map = Mapping(value, "the project", keys: keys, problems),
                let user = map.string("user", required: true)
            else { continue }
            var project = InstalledProject(name: name, user: user)
            if let (deploy, test) = pair(map, "staging", "test", problems) {
                project.staging = Staging(deploy: deploy, test: test)
            }
            if let (deploy, rollback) = pair(map, "production", "rollback", problems) {
                project.production = Production(deploy: deploy, rollback: rollback)
            }
            for problem in project.problems { problems.add(key.place, problem) }
            projects[name] = project
        }
        return projects
    }

    private static func pair(
        _ map: Mapping, _ stage: String, _ other: String, _ problems: Problems
    ) -> (deploy: [String], other: [String])? {
        guard let node = map[stage], let inner = Mapping(node, "\"\(stage)\"", keys: ["deploy", other], problems),
            let deploy = inner.strings("deploy", required: true), let second = inner.strings(other, required: true)
        else { return nil }
        return (deploy, second)
    }

    /// The lines that `read` reads back.
    var lines: [String] {
        var lines = ["  \(name):", "    user: \(user.inYAML)"]
        if let staging {
            lines.append("    staging: {deploy: \(staging.deploy.inYAML), test: \(staging.test.inYAML)}")
        }
        if let production {
            lines.append(
                "    production: {deploy: \(production.deploy.inYAML), rollback: \(production.rollback.inYAML)}")
        }
        return lines
    }
}

extension String {
    /// In single quotes, where YAML knows nothing but the quote itself.
    var inYAML: String { "'" + replacing("'", with: "''") + "'" }
}

extension [String] {
    var inYAML: String { "[" + map(\.inYAML).joined(separator: ", ") + "]" }
}
