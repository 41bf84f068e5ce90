import Escalation
import Model
import Testing
import Text

@Suite struct SettingsTests {
    private func parse(_ text: String) throws -> (EscalationSettings?, [String]) {
        let node = try #require(try YAML.parse(text, file: "s.yaml"))
        let problems = Problems()
        let settings = EscalationSettings(node, problems)
        return (settings, problems.all.map { "\($0.place.line):\($0.place.column): \($0.message)" })
    }

    @Test func theWholeOfItIsRead() throws {
        let (settings, problems) = try parse(
            """
            route:
              receiver: on-call
              routes:
                - receiver: db
                  matchers: ['team="db"', 'severity=~"critical|page"']
                  continue: true
                - matchers: ['team="web"']
                  routes: [{receiver: web, matchers: ['unit=~"nginx.*"']}]
            receivers:
              - name: on-call
                webhook_configs:
                  - url: 'http://127.0.0.1:9999/hook'
                  - {url_file: /run/credentials/hook, send_resolved: false, timeout: 3s, max_alerts: 0,
                     http_config: {authorization: {type: Token, credentials_file: /run/credentials/token}}}
              - {name: db, webhook_configs: [{url: 'https://db.example.org'}]}
              - {name: web, webhook_configs: [{url: 'https://web.example.org'}]}
            """)
        #expect(problems.isEmpty)
        let read = try #require(settings)
        #expect(
            read.receiver(named: "on-call")?.webhooks == [
                Webhook(.url("http://127.0.0.1:9999/hook")),
                Webhook(
                    .file("/run/credentials/hook"), sendsResolved: false, timeout: .seconds(3),
                    authorization: .init(scheme: "Token", credentialsFile: "/run/credentials/token")),
            ])
        let cases: [(Labels, [String])] = [
            ([:], ["on-call"]), (["team": "db"], ["on-call"]), (["team": "db", "severity": "page"], ["db"]),
            (["team": "web", "unit": "nginx.service"], ["web"]), (["team": "web"], ["on-call"]),
        ]
        for (labels, names) in cases { #expect(read.receivers(for: labels).map(\.name) == names, "\(labels)") }
    }

    /// A text, and how the problem in it begins.
    static let wrong: [[String]] = [
        ["route: {receiver: on-cal}\nON-CALL", "1:19: there is no receiver \"on-cal\"; did you mean \"on-call\"?"],
        ["route: {}\nON-CALL", "1:8: the route needs \"receiver\""],
        ["ON-CALL", "1:1: escalation needs \"route\""],
        ["route: {receiver: on-call}\n", "1:1: escalation needs \"receivers\""],
        ["route: {receiver: on-call, group_wait: 30s}\nON-CALL", "1:28: \"group_wait\" is not in this version"],
        ["route: {receiver: on-call, matchers: []}\nON-CALL", "1:28: unknown key \"matchers\" in the route"],
        [
            "route: {receiver: on-call, routes: [{matchers: ['=']}]}\nON-CALL", "1:49: the matcher is not valid: ",
        ],
        [
            "route: {receiver: on-call, routes: [{matchers: 'a=\"b\"'}]}\nON-CALL",
            "1:48: \"matchers\" needs a list such as ['severity=\"critical\"'], not text",
        ],
        ["RECEIVER slack_configs: []}]", "2:23: \"slack_configs\" is not in this version"],
        [
            "RECEIVER webhook_configs: []}]",
            "2:13: the receiver \"a\" needs at least one webhook: nobody would be told",
        ],
        ["RECEIVER webhook_configs: [{}]}]", "2:41: the webhook needs either \"url\" or \"url_file\""],
        [
            "RECEIVER webhook_configs: [{url: 'http://h', url_file: /f}]}]",
            "2:41: the webhook needs either \"url\" or \"url_file\"",
        ],
        ["RECEIVER webhook_configs: [{url: 'ftp://h'}]}]", "2:47: \"url\" must begin with http:// or https://"],
        [
            "RECEIVER webhook_configs: [{url: 'http://h', timeout: 0s}]}]",
            "2:68: \"timeout\" must be from 100ms to 2m",
        ],
        [
            "RECEIVER webhook_configs: [{url: 'http://h', http_config: {authorization: {credentials: x}}}]}]",
            "2:89: put the secret into a file and name that in \"credentials_file\": settings hold none",
        ],
        [
            "route: {receiver: a}\nreceivers: [{name: 'a[1]', webhook_configs: [{url: 'http://h'}]}]",
            "2:20: a receiver's name is not empty and has no brackets",
        ],
        [
            "route: {receiver: a}\nreceivers: [{name: \"a\\nb\", webhook_configs: [{url: 'http://h'}]}]",
            "2:20: a receiver's name is not empty and has no brackets",
        ],
    ]

    @Test(arguments: wrong)
    func whatIsWrongIsNamedWithItsPlace(row: [String]) throws {
        let text = row[0]
            .replacing("ON-CALL", with: "receivers: [{name: on-call, webhook_configs: [{url: 'http://h'}]}]\n")
            .replacing("RECEIVER", with: "route: {receiver: a}\nreceivers: [{name: a,")
        let (settings, problems) = try parse(text)
        #expect(settings == nil)
        #expect(problems.contains { $0.hasPrefix(row[1]) }, "\(problems)")
    }

    @Test func twoReceiversOfOneNameAreRefused() throws {
        let one = "{name: a, webhook_configs: [{url: 'http://h'}]}"
        let (settings, problems) = try parse("route: {receiver: a}\nreceivers: [\(one), \(one)]")
        #expect(settings == nil)
        #expect(problems == ["2:1: there are two receivers \"a\""])
    }
}
