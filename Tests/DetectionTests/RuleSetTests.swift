import Model
import Testing

@testable import Detection

@Suite struct RuleSetTests {
    @Test func readsEveryKindOfRule() throws {
        let text = """
            groups:
              - name: web
                interval: 15s
                limit: 10
                query_offset: 5s
                labels: {team: web, severity: info}
                rules:
                  - record: job:up:sum
                    expr: sum by (job) (up)
                    labels: {kind: sum}
                  - alert: Down
                    expr: up == 0
                    for: 1m
                    keep_firing_for: 2m
                    labels: {severity: critical, unit: "{{ $labels.job }}.service"}
                    annotations: {summary: "{{ $labels.instance }} is down since {{ .Value }}"}
                  - log: OutOfMemory
                    match: {_TRANSPORT: kernel, PRIORITY: [0, 1, 2]}
                    unless: {_COMM: test}
                    pattern: 'Killed process (?<pid>\\d+) \\((?P<comm>[^)]+)\\)'
                    threshold: 2 in 5m
                    until: {_PID: 1}
                    labels: {who: "{{ $fields._HOSTNAME }}"}
                  - anomaly: Slow
                    expr: rate(seconds_total[1m])
                    direction: up
                    sensitivity: high
                    for: 1m
                  - heartbeat: BackupRan
                    match: {_PID: 1, UNIT: backup.service, JOB_RESULT: done}
                    every: 26h
                    annotations: {summary: "{{ $labels.unit }} is silent for {{ $value }} s"}
                  - heartbeat: Scraped
                    expr: up{job="web"} == 1
                    every: 5m
              - name: empty
            """
        let set = try RuleSet.parse([(path: "rules/web.yaml", text: text)])
        #expect(set.count == 6)
        #expect(set.groups.map(\.name) == ["web", "empty"])
        #expect(set.groups[0].interval == .seconds(15))
        #expect(set.groups[0].limit == 10)
        #expect(set.groups[0].queryOffset == .seconds(5))
        let rules = set.groups[0].rules
        #expect(rules.map(\.kind.word) == ["record", "alert", "log", "anomaly", "heartbeat", "heartbeat"])
        #expect(rules[1].place.short == "rules/web.yaml:11")
        #expect(
            rules[1].labels.map { "\($0.name)=\($0.source)" } == [
                "team=web", "severity=critical", "unit={{ $labels.job }}.service",
            ])
        guard case .log(let log) = rules[2].kind, case .heartbeat(let beat) = rules[4].kind else {
            Issue.record("the kinds are not as written")
            return
        }
        #expect(log.threshold == LogCondition.Threshold(count: 2, window: .seconds(300)))
        #expect(log.keepFiring == .seconds(300))
        #expect(beat.unit == "backup.service")
        #expect(
            set.journalFields
                == LogEntry.coreFields.union(["_TRANSPORT", "_COMM", "_HOSTNAME", "JOB_RESULT"]))
    }

    @Test(arguments: ["", "# nothing\n", "groups: []\n", "groups:\n  - name: a\n"])
    func aFileMayHoldNothing(text: String) throws {
        #expect(try RuleSet.parse([(path: "r.yaml", text: text)]).count == 0)
    }

    @Test func durationsLimitsAndNamesMayBeLeftToTheEngine() throws {
        let text = "groups:\n  - name: a\n    interval: 0s\n    limit: 0\n    rules: [{alert: A, expr: 1}]\n"
        let group = try RuleSet.parse([(path: "r.yaml", text: text)]).groups[0]
        #expect(group.interval == nil)
        #expect(group.limit == nil)
    }

    /// One mistake each; the place is that of the mistake.
    @Test(arguments: [
        ("group: []", "1:1: unknown key \"group\" in a rule file; did you mean \"groups\"?"),
        ("groups:\n  - nam: a", "2:5: unknown key \"nam\" in the group; did you mean \"name\"?"),
        ("groups:\n  - name: a\n  - name: a", "3:5: the group \"a\" occurs twice in this file, first in line 2"),
        (
            "groups:\n  - name: a\n    interval: 1x",
            "3:15: \"interval\" needs a duration such as 30s or 1h30m, not \"1x\""
        ),
        (
            "groups:\n  - name: a\n    limit: -1",
            "3:12: \"limit\" needs a whole number from 0 to 2147483647, not \"-1\""
        ),
    ])
    func aGroupIsChecked(text: String, problem: String) {
        #expect(problems(text).contains(problem), "\(problems(text))")
    }

    static let rules: [(rule: String, problem: String)] = [
        ("- expr: up", "4:9: a rule needs one of \"record\", \"alert\", \"log\", \"anomaly\", \"heartbeat\""),
        (
            "- alrt: A\n  expr: up",
            "a rule needs one of \"record\", \"alert\", \"log\", \"anomaly\", \"heartbeat\"; did you mean \"alert\"?"
        ),
        ("- alert: A\n  record: b\n  expr: up", "4:9: a rule is only one of \"record\" and \"alert\""),
        ("- alert: ''\n  expr: up", "4:16: \"alert\" is empty"),
        ("- alert: A", "4:9: an alert rule needs \"expr\""),
        ("- alert: A\n  expr: up\n  fro: 1m", "6:9: unknown key \"fro\" in an alert rule; did you mean \"for\"?"),
        ("- record: a\n  expr: up\n  for: 1m", "6:9: unknown key \"for\" in a record rule"),
        ("- record: a-b\n  expr: up", "4:17: \"a-b\" is not a metric's name"),
        ("- record: 'a{b=\"c\"}'\n  expr: up", "braces belong into \"expr\", labels into \"labels\""),
        ("- alert: A\n  expr: up ==", "5:20: unexpected the end"),
        ("- alert: A\n  expr: |\n    up\n      == )", "7:16: unexpected"),
        ("- alert: A\n  expr: rate(up)", "5:20: \"rate\" needs a range vector here"),
        ("- alert: A\n  expr: up[5m]", "5:15: \"expr\" gives a range vector, where a vector or a number is needed"),
        ("- alert: A\n  expr: up\n  labels: {1a: b}", "6:18: \"1a\" cannot be a label's name"),
        (
            "- alert: A\n  expr: up\n  labels: {__name__: b}",
            "6:18: \"__name__\" cannot be a label's name; the rule's own name is the metric's"
        ),
        (
            "- alert: A\n  expr: up\n  labels: {alertname: b}",
            "6:18: \"alertname\" cannot be set; it is the rule's name"
        ),
        ("- alert: A\n  expr: up\n  annotations: {a-b: c}", "6:23: \"a-b\" cannot be an annotation's name"),
        (
            "- alert: A\n  expr: up\n  annotations: {a: '{{ $label.x }}'}",
            "6:30: this rule's templates cannot read \"$label\"; did you mean \"$labels\"?"
        ),
        (
            "- alert: A\n  expr: up\n  annotations: {a: '{{ $fields.X }}'}",
            "6:30: this rule's templates cannot read \"$fields\""
        ),
        ("- alert: A\n  expr: up\n  annotations: {a: '{{ humanise $value }}'}", "6:30:"),
        ("- alert: A\n  expr: up\n  annotations: {a: '{{ if $value }}'}", "6:"),
        ("- log: A", "4:9: a log rule needs \"match\", \"pattern\" or both; without them it means every entry"),
        ("- log: A\n  match: {}", "5:16: \"match\" needs journal fields and their values"),
        (
            "- log: A\n  match: {priority: 3}",
            "5:17: \"priority\" is not a journal field's name (capitals, digits and \"_\"); did you mean \"PRIORITY\"?"
        ),
        ("- log: A\n  match: {PRIORITY: []}", "\"PRIORITY\" lists no value, so nothing could match"),
        ("- log: A\n  match: {PRIORITY: 3}\n  novelty: true", "6:9: \"novelty\" is not in this version"),
        ("- log: A\n  match: {PRIORITY: 3}\n  for: 1m", "6:9: unknown key \"for\" in a log rule"),
        ("- log: A\n  pattern: '('", "5:18: pattern \"(\" is not valid"),
        (
            "- log: A\n  pattern: '(?P<unit>x)'",
            "5:18: a group cannot be named \"unit\": that label is a trusted word, what a pattern finds is a claim"
        ),
        ("- log: A\n  pattern: 'x'\n  threshold: 3", "6:20: \"threshold\" needs \"N in DURATION\" such as \"3 in 5m\""),
        ("- log: A\n  pattern: 'x'\n  threshold: 0 in 5m", "6:20: \"threshold\" needs \"N in DURATION\""),
        ("- log: A\n  pattern: 'x'\n  threshold: 3 in 0s", "6:20: \"threshold\" needs \"N in DURATION\""),
        ("- log: A\n  pattern: 'x'\n  labels: {n: '{{ $value }}'}", "a log rule's label cannot read \"$value\""),
        (
            "- log: A\n  pattern: '(?P<user>x)'\n  labels: {n: '{{ $labels.usr }}'}",
            "this rule finds no label \"usr\" (it has unit, user); did you mean \"user\"?"
        ),
        (
            "- log: A\n  pattern: 'x'\n  labels: {n: '{{ $fields.lower }}'}",
            "\"$fields\" needs the name of one journal field"
        ),
        (
            "- log: A\n  pattern: 'x'\n  labels: {n: '{{ range $fields }}{{ . }}{{ end }}'}",
            "\"$fields\" needs the name of one journal field"
        ),
        (
            "- anomaly: A\n  expr: up\n  direction: upp",
            "6:20: \"direction\" needs up, down or both, not \"upp\"; did you mean \"up\"?"
        ),
        ("- heartbeat: A\n  every: 1h", "4:9: a heartbeat rule needs \"match\" (entries) or \"expr\" (samples)"),
        ("- heartbeat: A\n  match: {_PID: 1}\n  expr: up\n  every: 1h", "(samples), not both"),
        ("- heartbeat: A\n  expr: up", "4:9: a heartbeat rule needs \"every\""),
        ("- heartbeat: A\n  expr: up\n  every: 0s", "6:16: \"every\" must be longer than nothing"),
        (
            "- heartbeat: A\n  expr: up\n  every: 1h\n  annotations: {a: '{{ $labels.unit }}'}",
            "this rule finds no label \"unit\" (it has none)"
        ),
        (
            "- record: a\n  expr: up\n- record: a\n  expr: up",
            "6:9: the record rule \"a\" occurs twice with the same labels and condition, first in line 4"
        ),
        ("- log: a\n  pattern: x\n- log: a\n  pattern: x\n  labels: {}", "occurs twice with the same labels"),
        ("- [a]", "4:9: a rule needs a mapping"),
    ]

    @Test(arguments: rules)
    func aRuleIsChecked(rule: String, problem: String) {
        let lines = rule.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        let found = problems("groups:\n  - name: g\n    rules:\n" + lines)
        #expect(found.contains { $0.contains(problem) }, "\(found)")
    }

    @Test func rulesOfOneNameAreNoDuplicatesWhereSomethingDiffers() {
        let text = """
            groups:
              - name: a
                rules:
                  - {alert: A, expr: up == 0}
                  - {alert: A, expr: up == 1}
                  - {alert: A, expr: up == 0, labels: {severity: page}}
            """
        #expect(problems(text) == [])
    }

    @Test func everyProblemOfEveryFileIsToldInTheOrderOfTheLines() {
        let files = [
            (path: "a.yaml", text: "groups:\n  - rules: [{alert: A, expr: 'up ='}]\n    bad: 1\n"),
            (path: "b.yaml", text: "groups: [\n"), (path: "c.yaml", text: "groups: 3\n"),
        ]
        do {
            _ = try RuleSet.parse(files)
            Issue.record("the files were accepted")
        } catch {
            #expect(
                error.all.map(\.place.short) == ["a.yaml:2", "a.yaml:2", "a.yaml:3", "b.yaml:2", "c.yaml:1"], "\(error)"
            )
        }
    }

    @Test func tooManyRulesAreRefused() {
        let rules = (0...RuleSet.rulesMax).map { "      - {record: r\($0), expr: 1}\n" }.joined()
        #expect(problems("groups:\n  - name: g\n    rules:\n" + rules).first?.contains("more than 5000") == true)
    }
}
