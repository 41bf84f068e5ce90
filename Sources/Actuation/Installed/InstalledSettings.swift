public import Model
public import Runbooks
import Text

/// What root says to the helper, beside the runbooks: one strict YAML file.
public struct InstalledSettings: Hashable, Sendable {
    /// The user whose daemon may ask for steps.
    public var core: String
    public var approvers: Approvers
    public var protected: ProtectedUnits
    /// How many runs may begin on this host, over all runbooks.
    public var actions: Budget
    /// Names of the installed runbooks, with the digests of their copies.
    public var runbooks: [String: String]
    /// What deploy steps may run, by the project's name.
    public var projects: [String: InstalledProject]

    /// Who may approve, reject, halt and resume, besides root.
    public struct Approvers: Hashable, Sendable {
        public var groups: [String]
        public var users: [String]

        public init(groups: [String] = ["nightshift-approvers"], users: [String] = []) {
            self.groups = groups
            self.users = users
        }
    }

    public init(
        core: String = "nightshift", approvers: Approvers = Approvers(), protected: ProtectedUnits = ProtectedUnits(),
        actions: Budget = Budget(count: 20, per: .seconds(3600)), runbooks: [String: String] = [:],
        projects: [InstalledProject] = []
    ) {
        self.core = core
        self.approvers = approvers
        self.protected = protected
        self.actions = actions
        self.runbooks = runbooks
        self.projects = Dictionary(projects.map { ($0.name, $0) }) { first, _ in first }
    }
}

extension InstalledSettings {
    public static func parse(_ text: String, file: String) throws(Diagnostics) -> InstalledSettings {
        let problems = Problems()
        var settings = InstalledSettings()
        guard let root = try YAML.parse(text, file: file) else { return settings }
        let keys = ["core", "approvers", "protected_units", "limits", "runbooks", "projects"]
        if let map = Mapping(root, "the installed settings", keys: keys, problems) {
            settings.core = map.string("core") ?? settings.core
            if let node = map["approvers"],
                let inner = Mapping(node, "\"approvers\"", keys: ["groups", "users"], problems)
            {
                settings.approvers = Approvers(
                    groups: inner.strings("groups") ?? [], users: inner.strings("users") ?? [])
            }
            if let node = map["protected_units"],
                let inner = Mapping(node, "\"protected_units\"", keys: ["add", "remove"], problems)
            {
                settings.protected = ProtectedUnits(
                    add: inner.strings("add") ?? [], remove: inner.strings("remove") ?? [])
            }
            if let node = map["limits"], let inner = Mapping(node, "\"limits\"", keys: ["actions"], problems),
                let text = inner.string("actions", required: true)
            {
                if let budget = Budget(parsing: text) {
                    settings.actions = budget
                } else {
                    problems.add(inner.place, "\"actions\" needs a budget such as 20 per 1h, not \"\(text)\"")
                }
            }
            for (name, digest) in map.stringMap("runbooks") ?? [] {
                settings.runbooks[name.text ?? ""] = digest.text ?? ""
            }
            if let node = map["projects"] { settings.projects = InstalledProject.read(node, problems) }
        }
        try problems.throwIfAny()
        return settings
    }

    /// The file that `parse` reads back.
    public var text: String {
        var lines = [
            "# Written by `nightshift runbooks install`: all that nightshift-exec believes.",
            "core: \(core.inYAML)",
            "approvers: {groups: \(approvers.groups.inYAML), users: \(approvers.users.inYAML)}",
            "protected_units: {add: \(protected.add.inYAML), remove: \(protected.remove.inYAML)}",
            "limits: {actions: \(actions)}",
            "runbooks:" + (runbooks.isEmpty ? " {}" : ""),
        ]
        for (name, digest) in runbooks.sorted(by: { $0.key < $1.key }) { lines.append("  \(name): \(digest.inYAML)") }
        lines.append("projects:" + (projects.isEmpty ? " {}" : ""))
        for (_, project) in projects.sorted(by: { $0.key < $1.key }) { lines += project.lines }
        return lines.joined(separator: "\n") + "\n"
    }
}
