import Model
import Runbooks
import Synchronization
import Testing

@testable import Daemon

@Suite("A reload is all or nothing")
struct ReloaderTests {
    let folder: Folder
    let log = LogLines()
    let applied = Applied()
    let reloader: Reloader

    init() throws {
        folder = try Written.folder()
        reloader = Reloader(
            settingsPath: folder.file("nightshift.yaml"),
            settings: try SettingsFile.load(folder.file("nightshift.yaml")),
            logger: log.logger
        ) { [applied] settings, content in applied.note(settings, content) }
    }

    final class Applied: Sendable {
        private let all = Mutex<[(settings: Settings, content: Content)]>([])

        func note(_ settings: Settings, _ content: Content) { all.withLock { $0.append((settings, content)) } }
        var count: Int { all.withLock { $0.count } }
        var last: (settings: Settings, content: Content)? { all.withLock { $0.last } }
    }

    @Test("what is right takes effect, and is logged")
    func right() async throws {
        try folder.write("runbooks/b.yaml", Written.runbook("restart-db"))
        try folder.write("nightshift.yaml", Written.settings(folder, more: "evaluation_interval: 5s"))
        #expect(await reloader.reload() == "reloaded: 1 rules, 2 runbooks")
        #expect(applied.last?.settings.evaluationInterval == .seconds(5))
        #expect(applied.last?.content.runbooks.map(\.name) == ["restart-db", "restart-web"])
        #expect(log.all.contains("notice: reloaded: 1 rules, 2 runbooks"))
    }

    @Test(
        "a wrong file of any kind changes nothing, and the log names its place",
        arguments: [
            ("rules/a.yaml", "groups:\n  - name: x\n    rules:\n      - alert: A\n        exprr: up\n", "a.yaml:5:9"),
            (
                "rules/a.yaml", "groups:\n  - name: x\n    rules:\n      - {alert: A, expr: 'up ==', for: 1m}\n",
                "a.yaml:4:"
            ),
            ("runbooks/restart-web.yaml", "runbook: x\n", "restart-web.yaml:1:"),
            ("runbooks/second.yaml", Written.runbook("restart-web"), "second.yaml:1:1"),
            ("nightshift.yaml", "actuatoin: exec\n", "nightshift.yaml:1:1"),
            ("nightshift.yaml", "rules: [/nowhere]\n", "cannot change"),
        ])
    func wrong(file: String, text: String, place: String) async throws {
        try folder.write(file, text)
        #expect(await reloader.reload() == "reload refused: see the journal")
        #expect(applied.count == 0)
        let error = try #require(log.all.last)
        #expect(error.hasPrefix("error: nothing was reloaded, what ran before goes on:"))
        #expect(error.contains(place), "\(error)")
        // And the next one that is right is taken.
        try folder.write("rules/a.yaml", Written.rules)
        try folder.write("runbooks/restart-web.yaml", Written.runbook())
        try folder.write("nightshift.yaml", Written.settings(folder))
        if file.contains("second") { try folder.remove(file) }
        #expect(await reloader.reload().hasPrefix("reloaded: "))
        #expect(applied.count == 1)
    }

    @Test("a directory or a settings file that is gone changes nothing")
    func gone() async throws {
        try folder.remove("rules")
        #expect(await reloader.reload() == "reload refused: see the journal")
        try folder.write("rules/a.yaml", Written.rules)
        try folder.remove("nightshift.yaml")
        #expect(await reloader.reload() == "reload refused: see the journal")
        #expect(log.all.last?.contains("There is no settings file \(folder.path)") == true)
        #expect(applied.count == 0)
    }

    @Test(
        "a key that needs a restart is refused by its name",
        arguments: [
            ("actuation: exec", "actuation"), ("helper: {socket: /other.sock}", "helper"),
            ("helper: {installed: /other}", "helper"), ("helper: {runs: /other}", "helper"),
            ("protected_units: {add: [a.service]}", "protected_units"), ("access: {viewers: v}", "access"),
            ("journal: {source: user}", "journal"), ("journal: {match: [A=b]}", "journal"),
            ("metrics: {retention: 1h}", "metrics.retention"), ("metrics: {memory: 8MiB}", "metrics.memory"),
            ("redaction: {patterns: [a]}", "redaction"), ("retention: {incidents: 1d}", "retention"),
            (
                "escalation: {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'http://h/'}]}]}",
                "escalation"
            ),
            ("deadman: {every: 2m}", "deadman"), ("console: {listen: '127.0.0.1:1'}", "console"),
            ("limits: {actions: 1 per 1h}", "limits"),
        ])
    func needsRestart(more: String, key: String) async throws {
        try folder.write("nightshift.yaml", Written.settings(folder, more: more))
        #expect(await reloader.reload() == "reload refused: see the journal")
        #expect(applied.count == 0)
        let error = try #require(log.all.last)
        #expect(error.contains(key) && error.contains("cannot change while Nightshift runs"), "\(error)")
    }

    @Test("state and runtime need a restart, too; scrape targets, rules and the interval do not")
    func places() throws {
        let settings = reloader.settings
        var other = settings
        other.state = "/s"
        other.runtime = "/r"
        #expect(settings.needingRestart(for: other) == ["state", "runtime"])
        let reloadable = try Settings.parse(
            Written.settings(
                folder,
                more: """
                    evaluation_interval: 1s
                    metrics: {scrape_configs: [{job_name: a, static_configs: [{targets: ['h:1']}]}]}
                    """), file: "n.yaml")
        #expect(settings.needingRestart(for: reloadable).isEmpty)
    }
}
