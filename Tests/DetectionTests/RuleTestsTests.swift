import Model
import Testing

@testable import Detection

@Suite struct RuleTestsTests {
    static let rules = """
        groups:
          - name: g
            rules:
              - alert: Down
                expr: up == 0
                for: 1m
                labels: {severity: page}
                annotations: {summary: "{{ $labels.job }} is down"}
              - log: Failed
                match: {_PID: 1}
                labels: {severity: page}
              - record: up:sum
                expr: sum(up)

        """

    private func run(_ tests: String, rules: String = rules) throws(Diagnostics) -> TestReport {
        try RuleTests.run(
            "rule_files: [r.yaml]\n" + tests, file: "t/r.test.yaml",
            loadRules: { name throws(Diagnostics) in
                #expect(name == "r.yaml")
                return rules
            })
    }

    @Test func testsOfSeriesAndEntriesPass() throws {
        let report = try run(
            """
            evaluation_interval: 15s
            tests:
              - name: all is as written
                interval: 15s
                input_series:
                  - {series: 'up{job="a"}', values: 1 0x10}
                input_logs:
                  - {at: 20s, fields: {_PID: 1, UNIT: a.service}}
                  - {at: 10s, fields: {_PID: 2, UNIT: b.service}}
                alert_rule_test:
                  - {eval_time: 1m, alertname: Down, exp_alerts: []}
                  - eval_time: 75s
                    alertname: Down
                    exp_alerts:
                      - exp_labels: {job: a, severity: page}
                        exp_annotations: {summary: a is down}
                  - {eval_time: 19s, alertname: Failed}
                  - {eval_time: 21s, alertname: Failed, exp_alerts: [{exp_labels: {unit: a.service, severity: page}}]}
                  - {eval_time: 2m, alertname: Failed}
                promql_expr_test:
                  - {expr: 'up:sum', eval_time: 15s, exp_samples: [{labels: 'up:sum', value: 0}]}
                  - {expr: 'sum(journal_entries_total)', eval_time: 30s, exp_samples: [{value: 2}]}
                  - {expr: 'ALERTS{alertname="Failed"}', eval_time: 30s, exp_samples: [{labels: 'ALERTS{alertname="Failed", alertstate="firing", severity="page", unit="a.service"}', value: 1}]}
                  - {expr: '1 / 0', exp_samples: [{value: .inf}]}
                  - {expr: '0 / 0', exp_samples: [{value: NaN}]}
              - name: nothing at all
            """)
        #expect(report == TestReport(passed: 2))
    }

    static let failing: [(test: String, line: String)] = [
        (
            "name: a\n    alert_rule_test: [{eval_time: 1m, alertname: Down, exp_alerts: [{exp_labels: {a: b}}]}]",
            """
            t/r.test.yaml:4:23: error: test "a": Down at 1m
                expected  {a="b", alertname="Down"}
                got       nothing
            """
        ),
        (
            "input_series: [{series: 'up{job=\"x\"}', values: 0x9}]\n    alert_rule_test: [{eval_time: 1m, alertname: Down}]",
            """
            t/r.test.yaml:4:23: error: Down at 1m
                expected  nothing
                got       {alertname="Down", job="x", severity="page"} annotations {summary="x is down"}
            """
        ),
        (
            "promql_expr_test: [{expr: vector(1), exp_samples: [{value: 2}]}]",
            """
            t/r.test.yaml:3:24: error: vector(1) at 0s
                expected  {} 2.0
                got       {} 1.0
            """
        ),
        ("promql_expr_test: [{expr: 'up{'}]", "t/r.test.yaml:3:34: error: unexpected"),
        ("promql_expr_test: [{expr: 'up[5m]'}]", "t/r.test.yaml:3:24: error: up[5m] at 0s: "),
        (
            "promql_expr_test: [{expr: 'up', exp_samples: [{histogram: '{{}}'}]}]",
            "native histograms are not in this version"
        ),
        ("input_series: [{series: 'up{', values: 1}]", "t/r.test.yaml:3:29: error: "),
        ("input_series: [{series: up, values: 1 x}]", "t/r.test.yaml:3:29: error: unexpected \"x\""),
        ("input_series: [{series: up, values: '{{sum:1}}'}]", "error: native histograms are not in this version"),
        ("alert_rule_test: [{eval_time: 300000m, alertname: Down}]", "the test needs more than 200000 evaluations"),
    ]

    @Test(arguments: failing)
    func aFailureSaysWhereWhatWasExpectedAndWhatWasThere(test: String, line: String) throws {
        let report = try run("tests:\n  - \(test)\n  - {name: another}\n")
        #expect(report.failed == 1)
        #expect(report.passed == 1)
        #expect(report.lines.contains { $0.contains(line) }, "\(report.lines)")
    }

    @Test func aRuleThatCannotBeEvaluatedFailsTheTest() throws {
        let rules = "groups:\n  - {name: g, rules: [{record: a, expr: up + on() up}]}\n"
        let report = try run(
            "tests:\n  - input_series: [{series: 'up{a=\"1\"}', values: 1}, {series: 'up{a=\"2\"}', values: 1}]\n",
            rules: rules)
        #expect(report.failed == 1)
        #expect(report.lines.first?.hasPrefix("t/r.yaml:2:24: error: a at 0s: ") == true, "\(report.lines)")
    }

    @Test(arguments: [
        ("test: []", "t/r.test.yaml:2:1: error: unknown key \"test\" in a test file; did you mean \"tests\"?"),
        ("tests:\n  - {nam: x}", "3:6: error: unknown key \"nam\" in the test; did you mean \"name\"?"),
        ("tests:\n  - {start_timestamp: 1}", "\"start_timestamp\" is not in this version"),
        ("tests:\n  - {alert_rule_test: [{eval_time: 1m}]}", "the alert's test needs \"alertname\""),
        ("tests:\n  - {input_series: [{series: up}]}", "the series needs \"values\""),
        ("tests:\n  - {input_logs: [{fields: {A: b}}]}", "the entry needs \"at\""),
        ("tests:\n  - {input_logs: [{at: 1s, fields: {a: b}}]}", "\"a\" is not a journal field's name"),
        (
            "tests:\n  - {promql_expr_test: [{expr: up, exp_samples: [{value: x}]}]}",
            "\"value\" needs a number, not \"x\""
        ),
        ("group_eval_order: [a, a]", "the group \"a\" occurs twice"),
    ])
    func aBadFileIsRefused(tests: String, problem: String) {
        do {
            _ = try run(tests)
            Issue.record("the file was accepted")
        } catch {
            #expect(error.description.contains(problem), "\(error)")
        }
    }

    @Test func aPatternOfFileNamesIsRefused() {
        #expect(throws: Diagnostics.self) {
            _ = try RuleTests.run("rule_files: ['*.yaml']\n", file: "t", loadRules: { _ throws(Diagnostics) in "" })
        }
    }

    @Test func aBadRuleFileIsRefusedAtItsPlace() {
        do {
            _ = try run("tests: []\n", rules: "groups: 3\n")
            Issue.record("the rules were accepted")
        } catch {
            #expect(error.all.map(\.place.short) == ["t/r.yaml:1"])
        }
    }

    @Test(arguments: [("[b, a]", 2.0), ("[a, b]", 1)])
    func groupsAreEvaluatedInTheOrderAskedFor(order: String, value: Double) throws {
        let rules =
            "groups:\n  - {name: a, rules: [{record: x, expr: y or vector(1)}]}\n  - {name: b, rules: [{record: y, expr: vector(2)}]}\n"
        let report = try run(
            "group_eval_order: \(order)\ntests:\n  - promql_expr_test: [{expr: sum(x), exp_samples: [{value: \(value)}]}]\n",
            rules: rules)
        #expect(report == TestReport(passed: 1), "\(report.lines)")
    }
}
