import Actuation
import ArgumentParser
import Console
import Daemon
import Glibc
import Incidents
import Model

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "The main job, live: a real service breaks, is noticed, repaired and proven healthy.",
        discussion: """
            In a container with a running daemon it kills nginx.service there. Anywhere else it breaks only a unit of its own on \
            your systemd --user, or else reads a recorded journal; it says which. Exits 1 where the incident did not end resolved.
            """)

    @OptionGroup var connection: Connection
    @Option(help: "The unit to kill, where a daemon runs already. Without it: nginx.service, and only in a container.")
    var unit: String?
    @Option(help: "How long to wait for the incident's end.") var within = "120s"

    func run() async throws {
        guard let within = Duration(parsing: within) else {
            throw ValidationError("\"\(self.within)\" is not a duration such as 120s")
        }
        let isContainer = access("/run/systemd/container", F_OK) == 0
        if let unit = unit ?? (isContainer ? "nginx.service" : nil) {
            try await breakUnit(unit, client: connection.client, within: within)
        } else {
            try await SandboxDemo.run { client, unit in
                try await breakUnit(unit, client: client, within: within)
            }
        }
    }

    private func breakUnit(_ unit: String, client: ControlClient, within: Duration) async throws {
        let status = try await client.status()
        let processes = ProcessTable.processes(of: unit)
        guard !processes.isEmpty else {
            throw Fault("demo.unit", "\(unit) has no process to kill", hint: "Start it first: systemctl start \(unit)")
        }
        Terminal.say(
            "Nightshift \(status.version) watches: \(status.rules.loaded) rules, actuation \(status.actuation).")
        Terminal.say("Killing \(unit) (SIGKILL to its \(processes.count) processes) …")
        let broke = Timestamp.fromKernel()
        for process in processes { kill(process, SIGKILL) }
        let incident = try await follow(unit, since: broke, client: client, within: within)
        Terminal.say("\n" + IncidentText.show(incident, zoneOffset: Terminal.zoneOffset(at: broke)))
        Terminal.say("\nThe console shows it too: http://127.0.0.1:9797/incidents/\(incident.id)")
        guard incident.state == "resolved" else { throw ExitCode(1) }
    }

    /// Shows the timeline as it grows, until the incident has ended or the time is over.
    private func follow(
        _ unit: String, since: Timestamp, client: ControlClient, within: Duration
    ) async throws -> IncidentView {
        let ends = ContinuousClock.now + within
        var shown = 0
        var id: String?
        while ContinuousClock.now < ends {
            if id == nil {
                id = try await client.incidents().first {
                    $0.labels["unit"] == unit && (Timestamp(parsing: $0.opened_at) ?? since) >= since
                }?.id
            }
            if let id {
                let incident = try await client.incident(id)
                let lines = incident.timeline ?? []
                for line in lines.dropFirst(shown) { Terminal.say("  \(line.kind): \(line.text)") }
                shown = max(shown, lines.count)
                if ["resolved", "escalated", "closed"].contains(incident.state) { return incident }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        guard let id else {
            throw Fault("demo.unnoticed", "No incident about \(unit) opened within \(within.literal)")
        }
        return try await client.incident(id)
    }
}
