/// Every key of the settings file: the parser accepts these and no others, and `docs/settings.md` is made from them.
public struct SettingKey: Sendable, Hashable {
    /// Dotted: `journal.source`.
    public let path: String
    public let type: String
    public let fallback: String
    public let text: String
}

public enum SettingsReference {
    public static let keys: [SettingKey] = [
        key(
            "state", "path", "/var/lib/nightshift", "Where ledger.sqlite lies. On a real disk: every commit is synced."),
        key("runtime", "path", "/run/nightshift", "Where control.sock lies."),
        key("rules", "list of paths", "[/etc/nightshift/rules]", "Files, or directories whose *.yaml are read."),
        key("runbooks", "list of paths", "[/etc/nightshift/runbooks]", "Files, or directories whose *.yaml are read."),
        key(
            "actuation", "observe, user, exec", "observe",
            "Who acts: nobody (each run says what it would do), this process on the user's own systemd, or the helper."),
        key("helper", "mapping", "", "Where the helper listens; read with `actuation: exec`."),
        key("helper.socket", "path", "/run/nightshift-exec/exec.sock", "The helper's socket for the core."),
        key(
            "helper.installed", "path", "/etc/nightshift/installed",
            "Where `runbooks install` wrote the helper's copies."),
        key("helper.runs", "path", "/var/lib/nightshift-exec/runs", "Where the helper keeps a directory for each run."),
        key(
            "protected_units", "mapping", "", "Units that are never a target, on top of or taken off the built-in list."
        ),
        key("protected_units.add", "list of units", "[]", "More units to protect."),
        key("protected_units.remove", "list of units", "[]", "Built-in protected units that may be targets here."),
        key("access", "mapping", "", "Which groups may use the control socket. root always may."),
        key("access.viewers", "group", "systemd-journal", "May read incidents and status."),
        key("access.operators", "group", "nightshift", "May halt, resume and close."),
        key("access.approvers", "group", "nightshift-approvers", "May approve and reject."),
        key("journal", "mapping", "", "What is read of the journal."),
        key(
            "journal.source", "system, user, {files: […]}, {directory: PATH}", "system",
            "The running system's journal, the user's own, or files."),
        key(
            "journal.match", "list of FIELD=value", "[]", "Only entries that match; journalctl's rules for and and or."),
        key("journal.start", "now, boot, a duration", "now", "Where a first start begins; later ones resume exactly."),
        key("metrics", "mapping", "", "What is scraped, and how much of it is kept."),
        key("metrics.retention", "duration", "6h", "How long samples stay in memory."),
        key("metrics.memory", "size", "64MiB", "Beyond it the oldest samples go first, and are counted."),
        key("metrics.scrape_configs", "list", "[]", "As in Prometheus."),
        key("evaluation_interval", "duration", "15s", "How often rule groups without an interval are evaluated."),
        key("redaction", "mapping", "", "What is masked before anything is stored or sent."),
        key("redaction.patterns", "list of patterns", "[]", "RE2 patterns on top of the built-in set."),
        key("retention", "mapping", "", "How long the ledger keeps what has ended."),
        key("retention.incidents", "duration", "400d", "Ended incidents and their timelines."),
        key(
            "retention.transcripts", "duration", "90d",
            "What was said to models and by them; what it cost is kept longer."),
        key("retention.evidence", "duration", "30d", "Evidence texts of ended incidents; the lines stay."),
        key("retention.disk", "size", "2GiB", "Beyond it the oldest ended incidents go first."),
        key("escalation", "mapping", "", "Who is told; nobody by default, and doctor warns of it."),
        key("escalation.route", "mapping", "", "As in Alertmanager: `receiver`."),
        key("escalation.receivers", "list", "[]", "As in Alertmanager: `name`, `webhook_configs`."),
        key("deadman", "mapping", "", "Somebody outside who notices that we died."),
        key("deadman.url", "URL or null", "null", "Is asked for at each beat while all is well."),
        key("deadman.every", "duration", "1m", "Time between two beats."),
        key("console", "mapping", "", "The read-only page."),
        key("console.listen", "host:port or null", "127.0.0.1:9797", "Serves /metrics as well."),
        key("limits", "mapping", "", "What Nightshift may do and use."),
        key("limits.actions", "N per DURATION", "20 per 1h", "Actions on this host over all runbooks."),
        key("agents", "mapping", "", "Language-model agents: a process of their own, which holds the model's key."),
        key(
            "agents.provider", "none, {anthropic: …}, {openai: …}, {ollama: …}", "none",
            "`url`, `model`, `key_file`, `prices`. Without a provider, what no runbook covers goes to a person only."),
        key(
            "agents.budget", "mapping", "1 USD, 10 USD, 100 USD, 200k",
            "`incident`, `day`, `month` in USD, and `tokens` such as `200k per incident`: checked before each request."),
        key("agents.user", "user", "nightshift-agents", "Who runs `nightshift agents` besides the daemon's own user."),
        key("agents.state", "path", "/var/lib/nightshift-agents", "Where the agents keep mirrors and worktrees."),
        key(
            "projects", "mapping of names", "",
            "Services to repositories: where a fix is written, tested, reviewed and deployed."
        ),
    ]

    /// Keys of the plan whose code is not there yet, by the mapping that they stand in ("" for the file).
    public static let notYet: [String: [String]] = [
        "limits": ["cpu", "memory"]
    ]

    /// The names that may stand directly in a mapping; "" is the file itself.
    public static func names(in mapping: String) -> [String] {
        keys.compactMap { key in
            let prefix = mapping.isEmpty ? "" : mapping + "."
            guard key.path.hasPrefix(prefix) else { return nil }
            let rest = key.path.dropFirst(prefix.count)
            return rest.contains(".") ? nil : String(rest)
        }
    }

    /// The text of `docs/settings.md`.
    public static var document: String {
        var out = """
            # Settings

            One strict YAML file: `nightshift run --settings FILE`, or `/etc/nightshift/nightshift.yaml`. Unknown keys are errors
            with their place; `nightshift check FILE` validates. Durations are `500ms`, `15s`, `1h30m`, `7d`; sizes `64KiB`,
            `200MiB`. SIGHUP reads everything anew, and changes nothing where anything is wrong.

            This page is made from `Sources/Daemon/SettingsReference.swift`; a test holds it to the code.

            | key | type | default | meaning |
            |---|---|---|---|

            """
        for key in keys {
            let type = key.type.replacing("|", with: "\\|")
            out += "| `\(key.path)` | \(type) | \(key.fallback.isEmpty ? "" : "`\(key.fallback)`") | \(key.text) |\n"
        }
        let later = notYet.flatMap { mapping, names in names.map { mapping.isEmpty ? $0 : "\(mapping).\($0)" } }
        out += "\nRefused as \"not in this version\": \(later.sorted().map { "`\($0)`" }.joined(separator: ", ")).\n"
        return out
    }

    private static func key(_ path: String, _ type: String, _ fallback: String, _ text: String) -> SettingKey {
        SettingKey(path: path, type: type, fallback: fallback, text: text)
    }
}
