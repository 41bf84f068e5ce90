import Glibc
public import Model
public import Runbooks

/// Hands runbooks to the helper: checked copies, and root's settings, in one directory.
///
/// Nothing is half done: new files come first, and replacing `installed.yaml` replaces the whole set at once.
public struct Installation: Sendable {
    /// What is asked for; what is nil or empty stays as it was installed.
    public struct Request: Sendable {
        /// Files of runbooks, as text, with the names that errors call them by.
        public var sources: [(file: String, text: String)] = []
        /// By runbook's name: units to allow, by parameter.
        public var allow: [String: [String: [String]]] = [:]
        public var remove: [String] = []
        public var core: String?
        public var approverGroups: [String]?
        public var approverUsers: [String]?
        public var protect: [String]?
        public var unprotect: [String]?
        public var actions: Budget?
        /// All projects that there shall be; each keeps the user that it had.
        public var projects: [InstalledProject]?
        public var removeProjects: [String] = []
        /// By project's name: the user whose authority its commands have.
        public var deployAs: [String: String] = [:]

        public init() {}
    }

    /// What will be, beside what is.
    public struct Plan: Sendable {
        public let before: InstalledSet
        public let after: InstalledSet

        /// The change in authority, a line each with `+`, `-` or a space before it; empty when nothing changes.
        public var diff: [String] {
            var lines = Self.changes(Self.words(before.settings), Self.words(after.settings), "settings")
            lines += Self.changes(Self.projects(before.settings), Self.projects(after.settings), "projects")
            for name in Set(before.runbooks.keys).union(after.runbooks.keys).sorted() {
                let (old, new) = (before.runbooks[name], after.runbooks[name])
                lines += Self.changes(Self.words(old, before.settings), Self.words(new, after.settings), name)
            }
            return lines
        }

        /// What a person should know of the programs that may be run, a sentence each: who else could change them.
        public var warnings: [String] {
            var programs: [String: String] = [:]
            for project in after.settings.projects.values {
                for command in project.commands { programs[command.words.first ?? ""] = project.user }
            }
            return programs.sorted { $0.key < $1.key }.compactMap { path, user in
                ProgramPath.weakness(path, user: user).map { why in
                    let who = user == InstalledProject.root ? "root" : "\(user) or root"
                    return "\(path) will have the authority of \(user), and not only \(who) decides what it is: \(why)"
                }
            }
        }

        private static func words(_ settings: InstalledSettings) -> [String] {
            [
                "orders come from the user \(settings.core)",
                "approvers: groups \(settings.approvers.groups), users \(settings.approvers.users)",
                "also protected: \(settings.protected.add)", "released: \(settings.protected.remove)",
                "at most \(settings.actions) on this host",
            ]
        }

        private static func projects(_ settings: InstalledSettings) -> [String] {
            settings.projects.values.sorted { $0.name < $1.name }.flatMap { project in
                project.commands.map { "\(project.name) \($0.what): \(project.authority($0.words))" }
            }
        }

        private static func words(_ runbook: Runbook?, _ settings: InstalledSettings) -> [String] {
            runbook.map { $0.authority(settings.projects) + ["digest \($0.digest.prefix(12))"] } ?? []
        }

        private static func changes(_ old: [String], _ new: [String], _ title: String) -> [String] {
            guard old != new else { return [] }
            let gone = old.filter { !new.contains($0) }.map { "  - \($0)" }
            let kept = old.filter { new.contains($0) }.map { "    \($0)" }
            let come = new.filter { !old.contains($0) }.map { "  + \($0)" }
            return [title] + kept + gone + come
        }
    }

    public let directory: String

    public init(directory: String = InstalledDirectory.standardPath) { self.directory = directory }

    /// Checks the request against what is installed; nothing is written.
    public func plan(_ request: Request) throws -> Plan {
        let before = try InstalledDirectory(path: directory).current()
        var after = before
        for (file, text) in request.sources {
            let source = try Runbook.parse(text, file: file)
            let copy = try source.allowing(request.allow[source.name] ?? [:])
            after.runbooks[copy.name] = copy
        }
        for name in request.remove {
            guard after.runbooks.removeValue(forKey: name) != nil else {
                throw Fault("install.unknown", "No runbook \"\(name)\" is installed")
            }
        }
        try apply(request, to: &after.settings)
        try applyProjects(request, to: &after.settings)
        after.settings.runbooks = after.runbooks.mapValues(\.digest)
        try check(after)
        return Plan(before: before, after: after)
    }

    /// Writes what was planned. Files that nothing names any more are removed.
    public func install(_ plan: Plan) throws(Fault) {
        try makeDirectory()
        for runbook in plan.after.runbooks.values {
            try write(runbook.text, as: InstalledDirectory.fileName(runbook.name, runbook.digest))
        }
        try write(plan.after.settings.text, as: InstalledDirectory.indexName)
        for runbook in plan.before.runbooks.values where plan.after.runbooks[runbook.name]?.digest != runbook.digest {
            unlink(directory + "/" + InstalledDirectory.fileName(runbook.name, runbook.digest))
        }
    }

    // MARK: Checks

    private func apply(_ request: Request, to settings: inout InstalledSettings) throws(Fault) {
        settings.core = request.core ?? settings.core
        settings.approvers.groups = request.approverGroups ?? settings.approvers.groups
        settings.approvers.users = request.approverUsers ?? settings.approvers.users
        settings.protected.add = request.protect ?? settings.protected.add
        settings.protected.remove = request.unprotect ?? settings.protected.remove
        settings.actions = request.actions ?? settings.actions
        let names = [settings.core] + settings.approvers.groups + settings.approvers.users
        for name in names where !AccountName.isValid(name) {
            throw Fault("install.name", "\"\(name)\" is not the name of a user or a group")
        }
        for name in settings.protected.remove where !UnitName.isValid(name) {
            throw Fault("install.unit", "\"\(name)\" is not the full name of one unit; releasing takes no pattern")
        }
        for name in settings.protected.add where !Self.isPattern(name) {
            throw Fault("install.unit", "\"\(name)\" is not a unit's name, with at most one * in it")
        }
    }

    private func applyProjects(_ request: Request, to settings: inout InstalledSettings) throws(Fault) {
        if let projects = request.projects {
            let before = settings.projects
            settings.projects = [:]
            for var project in projects {
                if let known = before[project.name] { project.user = known.user }
                settings.projects[project.name] = project
            }
        }
        for name in request.removeProjects {
            guard settings.projects.removeValue(forKey: name) != nil else {
                throw Fault("install.project", "No project \"\(name)\" is installed")
            }
        }
        for (name, user) in request.deployAs.sorted(by: { $0.key < $1.key }) {
            guard settings.projects[name] != nil else {
                throw Fault(
                    "install.project", "No project \"\(name)\" is installed, so nothing of it runs as \(user)",
                    hint: "--settings FILE installs the commands of the projects in it.")
            }
            settings.projects[name]?.user = user
        }
        for (name, project) in settings.projects.sorted(by: { $0.key < $1.key }) {
            guard let problem = project.problems.first else { continue }
            throw Fault("install.project", "The project \"\(name)\" cannot be installed: \(problem)")
        }
    }

    /// A protected unit is refused at every order; allowing one is a mistake that is told now.
    private func check(_ set: InstalledSet) throws(Fault) {
        for runbook in set.runbooks.values {
            for unit in runbook.unitsInReach {
                if let name = set.settings.protected.protection(id: unit) {
                    throw Fault(
                        "install.protected", "\(runbook.name) would act on \(name), which is a protected unit",
                        hint: "--unprotect \(unit) releases it on this host.")
                }
            }
        }
    }

    private static func isPattern(_ text: String) -> Bool {
        (2...255).contains(text.utf8.count) && text.count { $0 == "*" } <= 1
            && text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "*") || ":\\@".utf8.contains($0) }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "._-@".utf8.contains(byte)
        }
    }

    // MARK: Files

    private func makeDirectory() throws(Fault) {
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
            throw failure("\(directory) cannot be made")
        }
        guard chmod(directory, 0o755) == 0 else { throw failure("\(directory) cannot be opened to readers") }
    }

    /// Whole or not at all: a new file, synced, then renamed.
    private func write(_ text: String, as name: String) throws(Fault) {
        let path = directory + "/" + name
        let fresh = path + ".new"
        unlink(fresh)
        let file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else { throw failure("\(fresh) cannot be created") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("\(fresh) cannot be written") }
            written += count
        }
        guard fchmod(file, 0o644) == 0, fsync(file) == 0, rename(fresh, path) == 0 else {
            throw failure("\(path) cannot be replaced")
        }
        let handle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { throw failure("\(directory) cannot be synced") }
        defer { close(handle) }
        guard fsync(handle) == 0 else { throw failure("\(directory) cannot be synced") }
    }

    private func failure(_ what: String) -> Fault {
        let hint = errno == EACCES || errno == EPERM ? "Installing is root's: use sudo." : nil
        return Fault("install.write", "\(what): \(String(cString: strerror(errno)))", hint: hint)
    }
}
