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
            In the project's lab it kills nginx.service. Anywhere else it breaks only a unit of its own on your systemd --user, \
            or else reads a recorded journal; it says which. Exits 1 where the incident did not end resolved.
            """)

    @OptionGroup var connection: Connection
    @Option(help: "The unit to kill, where a daemon runs already. Without it: nginx.service, and only in the lab.")
    var unit: String?
    @Option(help: "How long to wait for the incident's end.") var within = "120s"

    func run() async throws {
        guard let within = Duration(parsing: within) else {
            throw ValidationError("\"\(self.within)\" is not a duration such as 120s")
        }
        if let unit {
            return try await breakUnit(.init(client: connection.client, unit: unit, console: Self.console), within)
        }
        if access(Self.lab, F_OK) == 0, try await isRunning() {
            let unit = "nginx.service"
            return try await breakUnit(.init(client: connection.client, unit: unit, console: Self.console), within)
        }
        do {
            try await SandboxDemo.run { stage in try await breakUnit(stage, within) }
        } catch let fault as Fault where fault.code == "demo.unavailable" {
            try await RecordedDemo.run(because: fault.message)
        }
    }

    /// The lab's own services: no host that matters has them.
    private static let lab = "/usr/lib/nightshift-lab"
    /// Where a daemon serves its console unless its settings say otherwise.
    private static let console = "http://127.0.0.1:9797"

    private func isRunning() async throws -> Bool {
        do {
            _ = try await connection.client.status()
            return true
        } catch let fault as Fault where fault.code == "daemon.unreachable" {
            return false
        }
    }

    private func breakUnit(_ stage: SandboxDemo.Stage, _ within: Duration) async throws {
        let (client, unit) = (stage.client, stage.unit)
        let status = try await client.status()
        let processes = ProcessTable.processes(of: unit)
        guard !processes.isEmpty else {
            throw Fault("demo.unit", "\(unit) has no process to kill", hint: "Start it first: systemctl start \(unit)")
        }
        Terminal.say(
            "Nightshift \(status.version) watches: \(status.rules.loaded) rules, actuation \(status.actuation).")
        Terminal.say("Killing \(unit) (SIGKILL to its \(processes.count) processes) …")
        let broke = Timestamp.now()
        for process in processes { kill(process, SIGKILL) }
        let incident = try await follow(unit, since: broke, client: client, within: within)
        Terminal.say("\n" + IncidentText.show(incident, zoneOffset: Terminal.zoneOffset(at: broke)))
        if let console = stage.console {
            Terminal.say("\nThe console shows it too: \(console)/incidents/\(incident.id)")
        }
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
