import Model
import Runbooks
import Testing

@Suite("Simulation")
struct SimulationTests {
    static func runbook(_ name: String, _ steps: String, risk: String = "low", limits: String) throws -> Runbook {
        let units = (0..<SimulatedHost.targets).map { "unit\($0).service" }.joined(separator: ", ")
        let indented = steps.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return try Samples.parse(
            """
            runbook: \(name)
            description: A simulated one.
            on: [[alertname="Down"]]
            parameters: {unit: {type: unit, from: '{{ $labels.unit }}', allow: [\(units)]}}
            risk: \(risk)
            mode: auto
            limits: {\(limits), not_when: storm > 0}
            steps:
            \(indented)
            verify: {expr: up == 1, for: 10s, within: 2m}
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
        ]
    }

    @Test("thousands of runs over a host that fails in every way keep every promise", arguments: [1, 2, 3] as [UInt64])
    func host(seed: UInt64) throws {
        var host = SimulatedHost(seed: seed, runbooks: try Self.runbooks())
        for number in 0..<1500 {
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
    }
}
