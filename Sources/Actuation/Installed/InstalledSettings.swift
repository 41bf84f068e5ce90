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
        actions: Budget = Budget(count: 20, per: .seconds(3600)), runbooks: [String: String] = [:]
    ) {
        self.core = core
        self.approvers = approvers
        self.protected = protected
        self.actions = actions
        self.runbooks = runbooks
    }
}

extension InstalledSettings {
    public static func parse(_ text: String, file: String) throws(Diagnostics) -> InstalledSettings {
        let problems = Problems()
        var settings = InstalledSettings()
        guard let root = try YAML.parse(text, file: file) else { return settings }
        let keys = ["core", "approvers", "protected_units", "limits", "runbooks"]
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
        }
        try problems.throwIfAny()
        return settings
    }

    /// The file that `parse` reads back.
    public var text: String {
        func list(_ words: [String]) -> String { "[" + words.map { "'\($0)'" }.joined(separator: ", ") + "]" }
        var lines = [
            "# Written by `nightshift runbooks install`: all that nightshift-exec believes.",
            "core: '\(core)'",
            "approvers: {groups: \(list(approvers.groups)), users: \(list(approvers.users))}",
            "protected_units: {add: \(list(protected.add)), remove: \(list(protected.remove))}",
            "limits: {actions: \(actions)}",
            "runbooks:" + (runbooks.isEmpty ? " {}" : ""),
        ]
        for (name, digest) in runbooks.sorted(by: { $0.key < $1.key }) { lines.append("  \(name): '\(digest)'") }
        return lines.joined(separator: "\n") + "\n"
    }
}
