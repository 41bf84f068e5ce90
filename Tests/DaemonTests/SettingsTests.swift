import Agents
import Delivery
import FoundationEssentials
import Journal
import Model
import Testing

@testable import Daemon

@Suite struct SettingsTests {
    @Test func anEmptyFileIsTheDefaults() throws {
        let settings = try Settings.parse("", file: "n.yaml")
        #expect(settings.actuation == .observe)
        #expect(settings.ledgerPath == "/var/lib/nightshift/ledger.sqlite")
        #expect(settings.actionLimit == .init(count: 20, per: .seconds(3600)))
    }

    @Test func everyKeyIsRead() throws {
        let settings = try Settings.parse(
            """
            state: /s
            runtime: /r
            rules: [/a, /b]
            runbooks: [/c]
            actuation: exec
            helper: {socket: /h.sock}
            protected_units: {add: [db.service], remove: [ssh.service]}
            access: {viewers: v, operators: o, approvers: a}
            journal:
              source: {files: [/j1, /j2]}
              match: [_SYSTEMD_UNIT=nginx.service]
              start: 1h
            metrics:
              retention: 2h
              memory: 8MiB
              scrape_configs:
                - job_name: node
                  scrape_interval: 5s
                  static_configs: [{targets: ['127.0.0.1:9100']}]
            evaluation_interval: 5s
            redaction: {patterns: ['secret-\\d+']}
            retention: {incidents: 10d, evidence: 5d, disk: 1GiB}
            escalation:
              route: {receiver: on-call}
              receivers: [{name: on-call, webhook_configs: [{url: 'http://127.0.0.1:9999/hook'}]}]
            deadman: {url: 'http://127.0.0.1:1/x', every: 30s}
            console: {listen: '127.0.0.1:9000'}
            limits: {actions: 5 per 10m}
            agents: {provider: none}
            """, file: "n.yaml")
        #expect(settings.state == "/s" && settings.controlSocket == "/r/control.sock")
        #expect(settings.rules == ["/a", "/b"] && settings.runbooks == ["/c"])
        #expect(settings.actuation == .exec && settings.helperSocket == "/h.sock")
        #expect(settings.protectedAdd == ["db.service"] && settings.protectedRemove == ["ssh.service"])
        #expect(settings.access == .init(viewers: "v", operators: "o", approvers: "a"))
        #expect(settings.journal.source == .files(["/j1", "/j2"]))
        #expect(settings.journal.start == .ago(.seconds(3600)))
        #expect(settings.metrics.memory.bytes == 8 << 20 && settings.metrics.scrapeConfigs.count == 1)
        #expect(settings.evaluationInterval == .seconds(5))
        #expect(settings.redaction == ["secret-\\d+"])
        let day = Duration.seconds(86_400)
        #expect(settings.retention == .init(incidents: day * 10, evidence: day * 5, disk: .init(bytes: 1 << 30)))
        #expect(settings.escalation != nil)
        #expect(settings.deadman == .init(url: "http://127.0.0.1:1/x", every: .seconds(30)))
        #expect(settings.consoleListen?.port == 9000)
        #expect(settings.actionLimit == .init(count: 5, per: .seconds(600)))
    }

    private static func project(_ production: String) -> String {
        """
        projects:
          payments:
            units: [payments.service]
            repository: {url: /srv/git/payments.git}
            revision: {from: file, path: /srv/payments/REVISION}
            paths: {allow: ['**'], tests: ['tests/**']}
            test: [make, test]
            report: {tap: -}
            forge: local
            production: {deploy: [/bin/deploy], rollback: [/bin/back], \(production)}
        """
    }

    @Test func aProjectIsReadWithItsDefaults() throws {
        let settings = try Settings.parse(Self.project("watch: {expr: up == 1, for: 2m}"), file: "n.yaml")
        let project = try #require(settings.projects.first)
        #expect(project.name == "payments" && project.repository.branch == "main")
        #expect(project.production?.watch == "up == 1" && project.production?.watchFor == .seconds(120))
        #expect(project.approveProduction == .always && !project.sendsCode && !project.sendsLogs)
        #expect(project.report == .tap("-") && project.staging == nil)
        let spoken = Self.project("watch: {expr: up == 1, for: 2m}") + "\n    approve: {plan: always}"
        #expect(try Settings.parse(spoken, file: "n.yaml").projects == settings.projects, "a plan is always approved")
        #expect(settings.agents.provider == nil, "nothing goes to a model")
    }

    @Test(arguments: [
        ("actuatoin: exec", "n.yaml:1:1", "actuation"),
        ("journal:\n  sorce: system", "n.yaml:2:3", "source"),
        ("actuation: helper", "n.yaml:1:12", "exec"),
        ("limits: {actions: 0 per 1h}", "n.yaml:1:19", "cannot be zero"),
        ("limits: {cpu: 50%}", "n.yaml:1:10", "not in this version"),
        ("journal: {start: yesterday}", "n.yaml:1:18", "now, boot or a duration"),
        ("journal: {match: [nginx]}", "n.yaml:1:18", "FIELD=value"),
        ("console: {listen: 9797}", "n.yaml:1:19", "host:port"),
        ("deadman: {url: example.org}", "n.yaml:1:16", "http"),
        ("redaction: {patterns: ['(']}", "n.yaml:1:23", ""),
        ("evaluation_interval: fast", "n.yaml:1:22", "duration"),
        ("evaluation_interval: 0", "n.yaml:1:22", "at least"),
        ("agents: {provider: ollama}", "n.yaml:1:20", "{ollama: …}"),
        ("agents: {budgets: {}}", "n.yaml:1:10", "budget"),
        ("projects: []", "n.yaml:1:11", "mapping of names"),
        ("projects: {Pay: {}}", "n.yaml:1:12", "lower-case"),
        (project("watch: {expr: 'up =='}"), "n.yaml:", "production.watch.expr"),
        (project("watch: {expr: up}").replacing("/bin/deploy", with: "deploy"), "n.yaml:10:", "absolute path"),
        (project("watch: {expr: up}").replacing("forge: local", with: "forge: {github: {}}"), "n.yaml:9:", "local"),
        (
            project("watch: {expr: up}").replacing("forge: local", with: "approve: {plan: never}"), "n.yaml:9:21",
            "can only be always"
        ),
        (
            project("watch: {expr: up}").replacing("forge: local", with: "approve: {plan: {low-risk: {lines: 5}}}"),
            "n.yaml:9:21", "can only be always"
        ),
        (project("watch: {expr: up}").replacing("{tap: -}", with: "{tap: -, junit: a}"), "n.yaml:8:", "exactly one"),
        ("state: [a]", "n.yaml:1:8", ""),
        ("- a", "n.yaml:1:1", ""),
    ])
    func aWrongFileIsRefusedAtItsPlace(text: String, place: String, words: String) {
        #expect {
            _ = try Settings.parse(text, file: "n.yaml")
        } throws: { error in
            let text = "\(error)"
            return text.contains(place.hasSuffix(":") ? place : "\(place): error:") && text.contains(words)
        }
    }

    @Test func theDocumentIsMadeFromTheCode() throws {
        let path = #filePath.replacing("Tests/DaemonTests/SettingsTests.swift", with: "docs/settings.md")
        let written = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        #expect(
            written == SettingsReference.document,
            "docs/settings.md is out of date; write SettingsReference.document to it")
    }

    @Test func theSecondFilesProblemsAreAllReported() {
        do {
            _ = try Settings.parse("foo: 1\nbar: 2\n", file: "n.yaml")
            Issue.record("two unknown keys were accepted")
        } catch {
            #expect(error.all.count == 2)
        }
    }
}
