import Model
import Runbooks
import Testing

@Suite("Simulation")
struct SimulationTests {
    static func runbook(
        _ name: String, _ steps: String, risk: String = "low", limits: String,
        verify: String? = "verify: {expr: up == 1, for: 10s, within: 2m}", isNamed: Bool = false
    ) throws -> Runbook {
        let units = (0..<SimulatedHost.targets).map { "unit\($0).service" }.joined(separator: ", ")
        let indented = steps.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return try Samples.parse(
            """
            runbook: \(name)
            description: A simulated one.
            on: \(isNamed ? "[]" : "[[alertname=\"Down\"]]")
            parameters: {unit: {type: unit, from: '{{ $labels.unit }}', allow: [\(units)]}}
            risk: \(risk)
            mode: auto
            limits: {\(limits), not_when: storm > 0}
            steps:
            \(indented)
            \(verify ?? "")
            otherwise: [undo, escalate]
            """)
    }

    static func runbooks() throws -> [Runbook] {
        [
            try runbook(
                "restart", "- {name: restart, systemd: {restart: '{{ $params.unit }}'}, retry: {attempts: 2}}",
                limits: "cooldown: 5m, attempts: 3 per 1h, concurrent: {host: 3}"),
            try runbook(
                "dump",
                """
                - {name: once, run: [/bin/dump], timeout: 20s, undo: {run: [/bin/undump]}, on_error: continue}
                - {name: nap, wait: 5s}
                - {name: look, check: up == 1, timeout: 40s, on_error: undo}
                - {name: restart, systemd: {restart: '{{ $params.unit }}'}}
                - {name: tell, notify: {to: x, text: y}}
                """, limits: "cooldown: 1m, attempts: 2 per 2h, concurrent: {host: 5}"),
            try runbook(
                "risky",
                """
                - {name: sure, approve: {show: Sure, expires: 10m}}
                - {name: once, http: {method: POST, url: 'http://h/'}, undo: {http: {method: POST, url: 'http://h/u'}}}
                - {name: once-more, run: [/bin/x], on_error: undo}
                """, risk: "high", limits: "cooldown: 2m, attempts: 5 per 6h"),
            try runbook("fix", fix, limits: "cooldown: 1m, attempts: 4 per 2h, concurrent: {host: 5}", verify: nil),
            try runbook(
                "deliver",
                """
                - {name: produce, deploy: {to: production, project: p, revision: r}, undo: {deploy: {rollback: production, project: p}}}
                - {name: stage, runbook: {name: stage, parameters: {unit: '{{ $params.unit }}'}}, timeout: 3m}
                """, limits: "cooldown: 1s, attempts: 20 per 1h, concurrent: {host: 9}", isNamed: true),
            try runbook(
                "stage", "- {name: try, deploy: {test: staging, project: p}}",
                limits: "cooldown: 1s, attempts: 20 per 1h, concurrent: {host: 9}", verify: nil, isNamed: true),
        ]
    }

    /// The pipeline in small: rounds, a merge that asks, runs that begin runs.
    private static let fix = """
        - {name: look, agent: {role: a}, retry: {attempts: 2}}
        - name: rounds
          repeat: {until: 'eq $steps.review.result.blocking 0', at_most: 3}
          steps:
            - {name: review, agent: {role: b}, retry: {attempts: 2}}
            - {name: answer, if: 'gt $steps.review.result.blocking 0', repository: {commit: p, message: m}, retry: {attempts: 2}}
        - {name: open, forge: {open: p, commit: c, title: t, body: b}, timeout: 2m, retry: {attempts: 3}}
        - {name: merge, forge: {merge-when-approved: p, pr: '{{ $steps.open.result.id }}', expires: 1h, policy: $steps.open.result.low_risk}, timeout: 2m}
        - {name: deliver, runbook: {name: deliver, parameters: {unit: '{{ $params.unit }}'}}, timeout: 20m}
        """

    @Test("thousands of runs over a host that fails in every way keep every promise", arguments: [1, 2, 3] as [UInt64])
    func host(seed: UInt64) throws {
        var host = SimulatedHost(seed: seed, runbooks: try Self.runbooks())
        for number in 0..<1000 {
            host.incident(number)
            for _ in 0..<Int.random(in: 1...25, using: &host.random) where !host.step() { break }
            if host.random.isTrue(0.02) { host.die(reboot: host.random.isTrue(0.3)) }
            if host.random.isTrue(0.005) { host.halt() }
            if host.random.isTrue(0.05) { host.halted = nil }
            host.now += host.random.duration(0...120_000)
            guard host.broken.isEmpty else { break }
        }
        var turns = 0
        while host.step(), turns < 1_000_000, host.broken.isEmpty { turns += 1 }
        #expect(host.broken == [], "seed \(seed)")
        #expect(host.open == [], "every run ends")
        for end in [RunEnd.Kind.resolved, .refused, .escalated] { #expect(host.ends[end, default: 0] > 20) }
        let ends = host.subruns.values.compactMap { $0?.kind }
        for end in [RunEnd.Kind.resolved, .escalated] { #expect(ends.count { $0 == end } > 3) }
        #expect(host.merges.count > 10 && host.merges.values.allSatisfy { $0 == 1 })
    }
}
