import Actuation
import ArgumentParser
import Daemon
import FoundationEssentials
import Model
import Runbooks

struct RunbooksInstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Hands runbooks to the helper (as root); it does what is installed and nothing else.",
        discussion: """
            Each NAME is a runbook of the directories --from, copied with what --allow adds; the helper and the daemon then know \
            it by the digest of that copy. With a runbook that deploys come the commands of all projects in the settings. What \
            is not said stays as it was installed. With --diff it shows the change in authority, and changes nothing.
            """)

    @Argument(help: "Names of runbooks, or paths of their files.") var names: [String] = []
    @Option(help: "Where runbooks are looked for by name, in the directory itself and in its pipeline.")
    var from: [String] = ["/etc/nightshift/runbooks", "/usr/share/nightshift/runbooks"]
    @Option(
        help: "PARAMETER=UNIT,UNIT…: the units that a parameter may name; for each runbook that has such a parameter.")
    var allow: [String] = []
    @Option(help: "Take a runbook back.") var remove: [String] = []
    @Option(help: "The user whose daemon gives orders.") var core: String?
    @Option(help: "Groups whose members approve, separated by commas; empty for none.") var approverGroups: String?
    @Option(help: "Users who approve, separated by commas; empty for none.") var approverUsers: String?
    @Option(help: "Units that are protected as well, separated by commas; * stands for any text.") var protect: String?
    @Option(help: "Protected units that are released on this host, separated by commas.") var unprotect: String?
    @Option(help: "How many runs may begin on this host, such as \"20 per 1h\".") var actions: String?
    @Option(
        help: ArgumentHelp(
            "The settings whose projects' commands are installed; where a runbook that deploys is among NAMES, by default "
                + "/etc/nightshift/nightshift.yaml."))
    var settings: String?
    @Option(help: "Take a project's commands back.") var removeProject: [String] = []
    @Option(help: "PROJECT=USER: whose authority a project's commands have, root's until it is said.")
    var deployAs: [String] = []
    @Option(help: "Where the helper looks.") var to = InstalledDirectory.standardPath
    @Flag(help: "Show what would change in what may be done, and change nothing.") var diff = false

    func run() async throws {
        let installation = Installation(directory: to)
        let plan = try installation.plan(try request())
        let changes = plan.diff
        for line in changes { Terminal.say(line) }
        if changes.isEmpty { Terminal.say("nothing changes") }
        for warning in plan.warnings { Terminal.complain("warning: \(warning)") }
        if diff { return }
        try installation.install(plan)
        let names = plan.after.runbooks.keys.sorted()
        Terminal.say("installed in \(to): \(names.isEmpty ? "no runbook" : names.joined(separator: ", "))")
    }

    private func request() throws -> Installation.Request {
        var request = Installation.Request()
        var allowed: [String: [String]] = [:]
        for text in allow {
            guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
                throw ValidationError("--allow needs the form unit=a.service,b.service, not \"\(text)\"")
            }
            allowed[String(text[..<sign])] = Self.list(String(text[text.index(after: sign)...]))
        }
        var deploys = false
        var unused = Set(allowed.keys)
        for name in names {
            let (file, text) = try source(name)
            let runbook = try Runbook.parse(text, file: file)
            let lists = allowed.filter { entry in runbook.unboundUnits.contains(entry.key) }
            request.sources.append((file, text))
            request.allow[runbook.name] = lists
            unused.subtract(lists.keys)
            deploys = deploys || runbook.deploys
        }
        if let name = unused.sorted().first {
            throw Fault(
                "install.allow",
                "None of these runbooks has a unit parameter \"\(name)\" without an allow list of its own",
                hint: "nightshift runbooks show NAME shows its parameters.")
        }
        try readProjects(&request, deploys: deploys)
        request.remove = remove
        request.core = core
        request.approverGroups = approverGroups.map(Self.list)
        request.approverUsers = approverUsers.map(Self.list)
        request.protect = protect.map(Self.list)
        request.unprotect = unprotect.map(Self.list)
        if let actions {
            guard let budget = Budget(parsing: actions) else {
                throw ValidationError("--actions needs a budget such as \"20 per 1h\", not \"\(actions)\"")
            }
            request.actions = budget
        }
        return request
    }

    private func readProjects(_ request: inout Installation.Request, deploys: Bool) throws {
        if deploys || settings != nil { request.projects = try Settings.installedProjects(file: settings) }
        request.removeProjects = removeProject
        for text in deployAs {
            guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
                throw ValidationError("--deploy-as needs the form PROJECT=USER, not \"\(text)\"")
            }
            request.deployAs[String(text[..<sign])] = String(text[text.index(after: sign)...])
        }
    }

    private func source(_ name: String) throws -> (file: String, text: String) {
        let paths =
            name.contains("/") || name.hasSuffix(".yaml")
            ? [name] : from.flatMap { ["\($0)/\(name).yaml", "\($0)/pipeline/\(name).yaml"] }
        for path in paths {
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            guard data.count <= 1 << 20, let text = String(validating: data, as: UTF8.self) else {
                throw Fault("install.source", "\(path) is not a text of at most 1 MiB")
            }
            return (path, text)
        }
        throw Fault(
            "install.source", "There is no runbook \"\(name)\" in \(from.joined(separator: " or "))",
            hint: "--from DIRECTORY looks elsewhere.")
    }

    private static func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }
}
