public import Agents
public import Delivery
public import Escalation
public import Journal
public import Model
public import Scraper
import Series
import Text

/// The settings of one daemon, wholly checked: `docs/settings.md` says what each means.
public struct Settings: Sendable {
    public enum Actuation: String, Sendable, CaseIterable {
        case observe, user, exec
    }

    public struct Access: Sendable, Hashable {
        public var viewers = "systemd-journal"
        public var operators = "nightshift"
        public var approvers = "nightshift-approvers"
    }

    public struct Journal: Sendable, Hashable {
        public enum Start: Sendable, Hashable {
            case now, boot
            case ago(Duration)
        }
        public var source = JournalSource.system
        public var match: [String] = []
        public var start = Start.now
    }

    public struct Metrics: Sendable {
        public var retention = Duration.seconds(6 * 3600)
        public var memory = ByteSize(bytes: 64 << 20)
        public var scrapeConfigs: [ScrapeConfig] = []
    }

    public struct Retention: Sendable, Hashable {
        public var incidents = Duration.seconds(400 * 86_400)
        public var evidence = Duration.seconds(30 * 86_400)
        public var transcripts = Duration.seconds(90 * 86_400)
        public var disk = ByteSize(bytes: 2 << 30)
    }

    public struct Deadman: Sendable, Hashable {
        public var url: String?
        public var every = Duration.seconds(60)
    }

    public struct ActionLimit: Sendable, Hashable {
        public var count = 20
        public var per = Duration.seconds(3600)
    }

    public var state = "/var/lib/nightshift"
    public var runtime = "/run/nightshift"
    public var rules = ["/etc/nightshift/rules"]
    public var runbooks = ["/etc/nightshift/runbooks"]
    public var actuation = Actuation.observe
    public var helperSocket = "/run/nightshift-exec/exec.sock"
    public var helperInstalled = "/etc/nightshift/installed"
    public var runsDirectory = "/var/lib/nightshift-exec/runs"
    public var protectedAdd: [String] = []
    public var protectedRemove: [String] = []
    public var access = Access()
    public var journal = Journal()
    public var metrics = Metrics()
    public var evaluationInterval = Duration.seconds(15)
    public var redaction: [String] = []
    public var retention = Retention()
    public var escalation: EscalationSettings?
    public var deadman = Deadman()
    public var consoleListen: (host: String, port: Int)? = ("127.0.0.1", 9797)
    public var actionLimit = ActionLimit()
    public var agents = AgentsSettings()
    public var projects: [Project] = []

    public init() {}

    public var ledgerPath: String { state + "/ledger.sqlite" }
    public var controlSocket: String { runtime + "/control.sock" }
    public var agentsSocket: String { runtime + "/agents.sock" }
    /// Where this process keeps what it did itself; nil where it never acts itself.
    public var ownExecutor: String? { actuation == .user ? state + "/exec" : nil }
}

extension Settings {
    /// Reads a settings file; every problem in it is reported, with its place.
    public static func parse(_ text: String, file: String) throws(Diagnostics) -> Settings {
        guard let root = try YAML.parse(text, file: file) else { return Settings() }
        let problems = Problems()
        var settings = Settings()
        if let top = mapping(root, "", problems) {
            settings.readPlaces(top, problems)
            settings.readAuthority(top, problems)
            settings.readJournal(top, problems)
            settings.readMetrics(top, problems)
            settings.readKeeping(top, problems)
            settings.readEscalation(top, problems)
            settings.readDevelopment(top, problems)
        }
        try problems.throwIfAny()
        return settings
    }

    private static func mapping(_ node: YAMLNode, _ path: String, _ problems: Problems) -> Mapping? {
        Mapping(
            node, path.isEmpty ? "the settings" : path, keys: SettingsReference.names(in: path),
            notYet: SettingsReference.notYet[path] ?? [], problems)
    }

    private static func inner(_ top: Mapping, _ key: String, _ problems: Problems) -> Mapping? {
        top[key].flatMap { mapping($0, key, problems) }
    }

    private mutating func readPlaces(_ top: Mapping, _ problems: Problems) {
        if let path = top.string("state") { state = path }
        if let path = top.string("runtime") { runtime = path }
        if let paths = top.strings("rules") { rules = paths }
        if let paths = top.strings("runbooks") { runbooks = paths }
        if let interval = top.duration("evaluation_interval") { evaluationInterval = interval }
        if evaluationInterval < .milliseconds(100) {
            problems.add(
                top["evaluation_interval"]?.place ?? top.place, "evaluation_interval must be at least 100ms")
        }
    }

    private mutating func readAuthority(_ top: Mapping, _ problems: Problems) {
        if let chosen = top.choice("actuation", as: Actuation.self) { actuation = chosen }
        if let helper = Self.inner(top, "helper", problems) {
            if let path = helper.string("socket") { helperSocket = path }
            if let path = helper.string("installed") { helperInstalled = path }
            if let path = helper.string("runs") { runsDirectory = path }
        }
        if let units = Self.inner(top, "protected_units", problems) {
            protectedAdd = units.strings("add") ?? []
            protectedRemove = units.strings("remove") ?? []
        }
        if let groups = Self.inner(top, "access", problems) {
            if let name = groups.string("viewers") { access.viewers = name }
            if let name = groups.string("operators") { access.operators = name }
            if let name = groups.string("approvers") { access.approvers = name }
        }
        if let limits = Self.inner(top, "limits", problems), let text = limits.string("actions") {
            let words = text.split(separator: " ")
            if words.count == 3, words[1] == "per", let count = Int(words[0]), count > 0,
                let per = Duration(parsing: String(words[2])), per > .zero
            {
                actionLimit = ActionLimit(count: count, per: per)
            } else {
                problems.add(
                    limits["actions"]?.place ?? limits.place,
                    "limits.actions must be like \"20 per 1h\", not \"\(text)\"; it cannot be zero")
            }
        }
    }

    private mutating func readDevelopment(_ top: Mapping, _ problems: Problems) {
        if let node = top["agents"], let read = AgentsSettings(node, problems) { agents = read }
        if let node = top["projects"] { projects = Project.parse(node, problems) }
        for project in projects {
            guard let expression = project.production?.watch else { continue }
            do {
                _ = try Expression(parsing: expression)
            } catch {
                let place = top["projects"]?.place ?? top.place
                problems.add(place, "projects.\(project.name).production.watch.expr: \(error.message)")
            }
        }
    }

    private mutating func readJournal(_ top: Mapping, _ problems: Problems) {
        guard let section = Self.inner(top, "journal", problems) else { return }
        if let matches = section.strings("match") {
            journal.match = matches
            for match in matches where match != "+" && match.split(separator: "=", maxSplits: 1).count != 2 {
                problems.add(
                    section["match"]?.place ?? section.place, "\"\(match)\" is not a match of the form FIELD=value")
            }
        }
        if let source = section["source"] {
            if case .scalar(let word, _) = source.content {
                switch word {
                case "system": journal.source = .system
                case "user": journal.source = .user
                default:
                    problems.add(
                        source.place, "journal.source must be system, user, {files: […]} or {directory: PATH}")
                }
            } else if let place = Mapping(source, "journal.source", keys: ["files", "directory"], problems) {
                if let files = place.strings("files"), !files.isEmpty {
                    journal.source = .files(files)
                } else if let directory = place.string("directory") {
                    journal.source = .directory(directory)
                } else {
                    problems.add(source.place, "journal.source needs files or directory")
                }
            }
        }
        if let start = section.string("start") {
            switch start {
            case "now": journal.start = .now
            case "boot": journal.start = .boot
            default:
                if let ago = Duration(parsing: start) {
                    journal.start = .ago(ago)
                } else {
                    problems.add(
                        section["start"]?.place ?? section.place,
                        "journal.start must be now, boot or a duration such as 1h, not \"\(start)\"")
                }
            }
        }
    }

    private mutating func readMetrics(_ top: Mapping, _ problems: Problems) {
        guard let section = Self.inner(top, "metrics", problems) else { return }
        if let retention = section.duration("retention") { metrics.retention = retention }
        if let memory = section.size("memory") { metrics.memory = memory }
        metrics.scrapeConfigs = ScrapeConfig.parse(section.list("scrape_configs") ?? [], problems)
    }

    private mutating func readKeeping(_ top: Mapping, _ problems: Problems) {
        if let section = Self.inner(top, "redaction", problems), let patterns = section.strings("patterns") {
            redaction = patterns
            do {
                _ = try Masking(extra: patterns)
            } catch {
                problems.add(section["patterns"]?.place ?? section.place, error.description)
            }
        }
        if let section = Self.inner(top, "retention", problems) {
            if let age = section.duration("incidents") { retention.incidents = age }
            if let age = section.duration("evidence") { retention.evidence = age }
            if let age = section.duration("transcripts") { retention.transcripts = age }
            if let size = section.size("disk") { retention.disk = size }
            if retention.disk < ByteSize(bytes: 16 << 20) {
                problems.add(section["disk"]?.place ?? section.place, "retention.disk must be at least 16MiB")
            }
        }
    }

    private mutating func readEscalation(_ top: Mapping, _ problems: Problems) {
        if let node = top["escalation"] { escalation = EscalationSettings(node, problems) }
        if let section = Self.inner(top, "deadman", problems) {
            if let every = section.duration("every") { deadman.every = every }
            if let url = section.string("url"), url != "null", !url.isEmpty {
                deadman.url = url
                if !url.hasPrefix("http://") && !url.hasPrefix("https://") {
                    problems.add(
                        section["url"]?.place ?? section.place, "deadman.url must begin with http:// or https://")
                }
            }
        }
        if let section = Self.inner(top, "console", problems), let listen = section.string("listen") {
            let parts = listen.split(separator: ":").map(String.init)
            if listen == "null" || listen.isEmpty {
                consoleListen = nil
            } else if parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) {
                consoleListen = (parts[0], port)
            } else {
                problems.add(
                    section["listen"]?.place ?? section.place,
                    "console.listen must be host:port, such as 127.0.0.1:9797, not \"\(listen)\"")
            }
        }
    }
}
