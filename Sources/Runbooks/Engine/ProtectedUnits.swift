/// The units that are never a target, whatever a runbook says: PID 1's own, the ways into the host, and Nightshift.
public struct ProtectedUnits: Hashable, Sendable {
    /// A name, with at most one `*` for any text.
    public static let builtIn = [
        "init.scope", "-.slice", "-.mount", "system.slice", "user.slice", "machine.slice", "*.target", "*.device",
        "systemd-*", "user@*", "user-runtime-dir@*", "session-*.scope", "getty@*", "serial-getty@*",
        "dbus*", "ssh.*", "sshd.*", "ssh@*", "sshd@*", "polkit*", "nightshift*",
        "networking.service", "NetworkManager*", "ifup@*",
    ]

    /// Names or patterns that a host's settings protect as well.
    public var add: [String]
    /// Full names of units that a host's settings release.
    public var remove: [String]

    public init(add: [String] = [], remove: [String] = []) {
        self.add = add
        self.remove = remove
    }

    /// The name by which a unit is protected, of all those that it has; nil when it may be acted upon.
    ///
    /// A unit is released by its own name (`id`), not by an alias.
    public func protection(id: String, names: [String] = []) -> String? {
        let all = [id] + names
        if let name = all.first(where: { Self.matches(add, $0) }) { return name }
        if remove.contains(id) { return nil }
        return all.first { Self.matches(Self.builtIn, $0) }
    }

    private static func matches(_ patterns: [String], _ name: String) -> Bool {
        patterns.contains { pattern in
            guard let star = pattern.firstIndex(of: "*") else { return pattern == name }
            let prefix = pattern[..<star]
            let suffix = pattern[pattern.index(after: star)...]
            return name.hasPrefix(prefix) && name.hasSuffix(suffix) && name.utf8.count >= pattern.utf8.count - 1
        }
    }
}
