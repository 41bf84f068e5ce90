import Model
import Runbooks
import Testing

@Suite("Tests of runbooks")
struct RunbookTestsTests {
    /// The example of the format's description, in what this version has.
    static let leaky = """
        runbook: restart-leaky-service
        description: Restart a service whose memory grows without bound, after saving what a developer needs.
        when_not: The growth is load (requests grow with it); the service keeps state only in memory.
        on:
          - [alertname="MemoryLeak", severity=~"critical|warning"]
        parameters:
          unit: {type: unit, from: '{{ $labels.unit }}', allow: [web.service, cache.service]}
        target: unit
        mode: auto
        risk: low
        limits:
          cooldown: 10m
          attempts: 3 per 1h
          concurrent: {host: 1}
          not_when: 'avg(up{job="web"}) < 0.8'
        preconditions: ['process_resident_memory_bytes{unit="{{ $params.unit }}"} > 4e8']
        steps:
          - name: dump-state
            run: [/usr/local/bin/dump-heap, '{{ $params.unit }}', --to, '{{ $run.directory }}']
            timeout: 60s
            on_error: continue
          - name: restart
            systemd: {restart: '{{ $params.unit }}'}
            timeout: 30s
            retry: {attempts: 2, backoff: 2s}
            retry_safe: true
        verify:
          expr: 'process_resident_memory_bytes{unit="{{ $params.unit }}"} < 2e8'
          for: 30s
          within: 3m
        otherwise: [undo, escalate]
        escalate:
          to: on-call
          with: [logs 15m, metrics 1h]
        """

    static let head = """
        incident: {labels: {alertname: MemoryLeak, severity: critical, unit: web.service}}
            series: ['process_resident_memory_bytes{unit="web.service"} 5e8x40', 'up{job="web"} 1x40']
        """

    func run(_ tests: String, of runbook: String = leaky) throws -> TestReport {
        try RunbookTests.run("tests:\n" + tests, file: "r.test.yaml", runbook: try Samples.parse(runbook))
    }

    @Test(
        "what happens is compared with what is expected",
        arguments: [
            // The restart that does not help, as the format's description has it.
            """
            outcomes: {dump-state: {exit: 1}, restart: {result: done}}
            expect:
              effects: [run dump-state, systemd restart web.service, escalate on-call]
              ends: escalated
            """,
            """
            outcomes: {restart: [{result: failed}, {result: done}]}
            expect:
              effects: [run dump-state, systemd restart web.service, systemd restart web.service, escalate on-call]
              ends: escalated
            """,
            "outcomes: {restart: {result: unknown}}\nexpect: {ends: escalated}",
            "outcomes: {dump-state: {result: refused}}\nexpect: {effects: [run dump-state], ends: refused, guard: halt}",
            "outcomes: {restart: {result: timed_out}}\nexpect: {ends: escalated}",
        ])
    func passes(test: String) throws {
        let body = test.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        let report = try run("  - name: t\n    \(Self.head)\n\(body)\n")
        #expect(report == TestReport(lines: [], passed: 1, failed: 0))
    }

    @Test("series that change prove the repair")
    func proven() throws {
        let report = try run(
            """
              - name: t
                incident: {labels: {alertname: MemoryLeak, severity: critical, unit: web.service}}
                series: ['process_resident_memory_bytes{unit="web.service"} 5e8 1e8x40', 'up{job="web"} 1x40']
                expect: {effects: [run dump-state, systemd restart web.service], ends: resolved}
            """)
        #expect(report == TestReport(lines: [], passed: 1, failed: 0))
    }

    @Test(
        "guards refuse in a test as they do on a host",
        arguments: [
            ("series: ['up{job=\"web\"} 1x9']", "guard: preconditions"),
            (
                "series: ['process_resident_memory_bytes{unit=\"web.service\"} 5e8x9', 'up{job=\"web\"} 0x9']",
                "guard: storm"
            ), ("series: ['process_resident_memory_bytes{unit=\"web.service\"} 5e8x9']", "guard: storm"),
        ])
    func refusals(series: String, expected: String) throws {
        let report = try run(
            """
              - name: t
                incident: {labels: {alertname: MemoryLeak, severity: critical, unit: web.service}}
                \(series)
                expect: {effects: [], ends: refused, \(expected)}
            """)
        #expect(report == TestReport(lines: [], passed: 1, failed: 0))
    }

    @Test("a unit that is not allowed is no target; allow installs the runbook for the test")
    func allow() throws {
        let open = Samples.changed(Self.leaky, ", allow: [web.service, cache.service]", to: "")
        let tests = """
              - name: without
                \(Self.head)
                expect: {effects: [], ends: observed}
              - name: with
                allow: {unit: [web.service]}
                \(Self.head)
                expect: {effects: [run dump-state, systemd restart web.service, escalate on-call], ends: escalated}
              - name: another
                allow: {unit: [other.service]}
                \(Self.head)
                expect: {effects: [], ends: refused, guard: target}
            """
        #expect(try run(tests, of: open) == TestReport(lines: [], passed: 3, failed: 0))
    }

    @Test("approvals are asked for and answered")
    func approvals() throws {
        let asking = Samples.changed(Self.leaky, "risk: low", to: "risk: high")
        let tests = """
              - name: yes
                \(Self.head)
                expect: {effects: [ask approvers, run dump-state, systemd restart web.service, escalate on-call], ends: escalated}
              - name: no
                approve: no
                \(Self.head)
                expect: {effects: [ask approvers], ends: refused, guard: approval}
              - name: never
                approve: never
                \(Self.head)
                expect: {effects: [ask approvers], ends: refused, guard: approval}
            """
        #expect(try run(tests, of: asking) == TestReport(lines: [], passed: 3, failed: 0))
    }

    @Test("a failed test says where, what was expected, what happened, and why")
    func failure() throws {
        let report = try run(
            """
              - name: hopeful
                \(Self.head)
                expect: {effects: [systemd restart web.service], ends: resolved}
            """)
        #expect(report.failed == 1 && report.passed == 0)
        #expect(report.lines.count == 2)
        #expect(
            report.lines[0].hasPrefix(
                "r.test.yaml:5:13: error: test \"hopeful\": effects: expected [systemd restart web.service], "
                    + "got [run dump-state, systemd restart web.service, escalate on-call]"))
        #expect(report.lines[1].contains("ends: expected resolved, got escalated (process_resident_memory_bytes"))
    }

    @Test(
        "a wrong test file is an error with its place",
        arguments: [
            ("  - nam: t\n", "2:5: error: unknown key \"nam\" in a test; did you mean \"name\"?"),
            ("  - {name: t, incident: {labels: {}}, expect: {ends: solved}}\n", "did you mean \"resolved\"?"),
            (
                "  - {name: t, incident: {labels: {}}, outcomes: {restat: {exit: 1}}, expect: {ends: refused}}\n",
                "did you mean \"restart\"?"
            ),
            (
                "  - {name: t, incident: {labels: {}}, expect: {ends: refused, guard: cooldwn}}\n",
                "did you mean \"cooldown\"?"
            ), ("  - {name: t, incident: {labels: {}}, series: ['x y'], expect: {ends: refused}}\n", "r.test.yaml:2:"),
            ("  []\n", "needs at least one test"),
        ])
    func errors(tests: String, says: String) throws {
        let error = try #require(throws: Diagnostics.self) { _ = try run(tests) }
        #expect(error.description.contains(says), "\(error)")
    }

    /// A review in rounds, a question, and a merge that another asks.
    static let pipeline = Play.pipeline(
        """
        - name: rounds
          repeat: {until: 'eq $steps.review.result.blocking 0', at_most: 3}
          steps:
            - {name: review, agent: {role: review}}
        - {name: sure, approve: {show: Sure}}
        - {name: open, forge: {open: payments, commit: c, title: t, body: '{{ $project.word }}'}}
        - {name: merge, forge: {merge-when-approved: payments, pr: '{{ $steps.open.result.id }}'}}
        """
    ).replacing("{type: text, from: payments}", with: "{type: text}")

    @Test(
        "rounds have outcomes of their own, and each who is asked an answer",
        arguments: [
            (
                "outcomes: {review: [{result: {blocking: 1}}, {result: {blocking: 0}}]}",
                [
                    "agent review", "agent review", "ask approvers", "forge open payments", "ask approvers",
                    "forge merge payments 1",
                ],
                "resolved"
            ),
            (
                "outcomes: {review: {result: {blocking: 1}}, 'rounds[3].review': {result: {blocking: 0}}}, approve: {sure: no}",
                ["agent review", "agent review", "agent review", "ask approvers", "escalate default"], "escalated"
            ),
            (
                "outcomes: {review: {result: {blocking: 0}}}, approve: {merge: never}",
                ["agent review", "ask approvers", "forge open payments", "ask approvers", "escalate default"],
                "escalated"
            ),
            (
                "outcomes: {review: {result: failed, why: 'budget: spent'}}", ["agent review", "escalate default"],
                "escalated"
            ),
        ])
    func rounds(given: String, effects: [String], ends: String) throws {
        let test =
            "  - {name: t, incident: {labels: {}}, given: {project: pay}, project: {word: x}, \(given), "
            + "expect: {effects: [\(effects.joined(separator: ", "))], ends: \(ends)}}\n"
        #expect(try run(test, of: Self.pipeline) == TestReport(lines: [], passed: 1, failed: 0))
    }

    @Test("the project of the file holds for each test that has none of its own")
    func project() throws {
        let tests = """
            project: {word: x}
            tests:
              - {name: a, incident: {labels: {}}, given: {project: pay}, outcomes: {review: {result: failed}}, expect: {ends: escalated}}
              - {name: b, incident: {labels: {}}, given: {project: pay}, project: {}, expect: {ends: refused, guard: parameters}}
            """
        let report = try RunbookTests.run(tests, file: "r.test.yaml", runbook: try Samples.parse(Self.pipeline))
        #expect(report == TestReport(lines: [], passed: 2, failed: 0))
    }

    @Test(
        "a path that no run can have is an error",
        arguments: ["'rounds[4].review'", "'rounds[0].review'", "'other[1].review'", "undo.review"])
    func paths(path: String) throws {
        let test =
            "  - {name: t, incident: {labels: {}}, outcomes: {\(path): {result: failed}}, expect: {ends: refused}}\n"
        let error = try #require(throws: Diagnostics.self) { _ = try run(test, of: Self.pipeline) }
        #expect(error.description.contains("the runbook has no step"), "\(error)")
    }
}
