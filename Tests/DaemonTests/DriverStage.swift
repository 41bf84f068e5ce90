import Actuation
import Escalation
import Foundation
import HTTPClient
import Ledger
import Logging
import Model
import Runbooks
import Text

@testable import Daemon

/// One life of a driver over a world and a ledger: a test performs its jobs one after the other, so nothing is left to
/// chance.
struct DriverStage {
    let world: DriverWorld
    let ledger: Ledger
    let driver: Driver
    let executor: DriverWorld.CountingExecutor

    /// Far more turns than the longest run needs.
    static let turnsMax = 5000

    init(
        _ world: DriverWorld, ledger: Ledger, observes: Bool = false, actionLimit: Int = 1000,
        development: Development? = nil, logger: Logger? = nil,
        evidence: (@Sendable (Incident, EscalateClause) async -> [TimelineLine])? = nil
    ) throws {
        self.world = world
        self.ledger = ledger
        let executor = DriverWorld.CountingExecutor(world)
        self.executor = executor
        let masking = try Masking()
        let settings = EscalationSettings(
            route: Route(receiver: "on-call"),
            receivers: [
                Receiver(name: "on-call", webhooks: [Webhook(.url("http://127.0.0.1:1/hook"))]),
                Receiver(name: "team", webhooks: [Webhook(.url("http://127.0.0.1:1/team"))]),
            ])
        var parts =
            DriverParts(
                ledger: ledger, executor: observes ? nil : executor,
                runbooks: { world.with { $0.installed } },
                observations: WorldObservations(world: world, reach: executor.reach),
                send: { [reach = executor.reach] request throws(Fault) in try world.answer(request, reach) },
                pager: Pager(settings: settings, masking: masking, externalURL: "http://console"), wakeOutbox: {},
                sendFromMemory: { rows in world.with { $0.pagedFromMemory += rows.map(\.key) } },
                clock: world.clock, masking: masking, protectedUnits: ProtectedUnits(),
                actionLimit: Budget(count: actionLimit, per: .seconds(3600)), runsDirectory: "/runs",
                logger: logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        parts.development = development
        if let evidence { parts.evidence = evidence }
        driver = Driver(parts)
    }

    /// Performs everything that is to be done, and lets time pass, until no run is open or the world dies.
    func play(until isEnough: (@Sendable (Driver) async -> Bool)? = nil) async {
        for _ in 0..<Self.turnsMax {
            var didSomething = false
            for job in await driver.takeJobs() {
                guard !world.isDead else { return }
                await job()
                didSomething = true
            }
            if world.isDead { return }
            if didSomething { continue }
            if let isEnough {
                if await isEnough(driver) { return }
            } else if await driver.isIdle {
                return
            }
            world.pass(.milliseconds(200))
            await driver.tick()
        }
    }

    /// Performs what is to be done, without letting time pass.
    func settle() async {
        while true {
            let jobs = await driver.takeJobs()
            if jobs.isEmpty || world.isDead { return }
            for job in jobs where !world.isDead { await job() }
        }
    }

    /// What the observatory does: the incident is stored, then told.
    func open(_ incident: Incident) async throws {
        try await ledger.write { transaction in
            try transaction.insert(incident: incident)
            let line = TimelineLine(
                at: incident.openedAt, kind: .signal, text: "\(incident.name) fires", evidence: [], state: .open)
            try transaction.append(line: line, to: incident.id)
        }
        guard !world.isDead else { return }
        await driver.incidentOpened(incident)
    }

    func record(_ incident: String) async throws -> IncidentRecord? {
        try await ledger.read { try $0.incident(incident) }
    }

    func timeline(_ incident: String) async throws -> [TimelineLine] {
        try await ledger.read { try $0.timeline(of: incident) }
    }

    func pages(_ incident: String) async throws -> [String] {
        try await ledger.read { try $0.outbox(ofIncident: incident).map(\.row.key) }
    }

    /// How the runs of an incident ended, in order; nil for one that has not.
    func ends(_ incident: String) async throws -> [RunEnd?] {
        try await ledger.read { reader in
            try reader.runs(ofIncident: incident).map { run in
                try reader.end(of: run.id).map { try JSONDecoder().decode(RunEnd.self, from: Data($0.body.utf8)) }
            }
        }
    }

    static func incident(
        _ id: String = "4f2a", name: String = "WebDown", unit: String = "web.service", claims: Set<String> = []
    ) -> Incident {
        Incident(
            id: id, fingerprint: "f-\(id)", name: name, severity: "critical",
            labels: ["alertname": name, "unit": unit, "severity": "critical"], claims: claims,
            summary: "\(unit) is down",
            openedAt: Timestamp(seconds: 1_000_000), rule: SourcePlace(file: "rules/units.yaml", line: 14, column: 9))
    }

    /// The definition that an escalated incident of a project begins, with these steps.
    static func fix(_ steps: String, cooldown: String = "1s") throws -> Runbook {
        let indented = steps.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return try Runbook.parse(
            """
            runbook: incident-fix
            description: Find the cause.
            on: []
            parameters:
              project: {type: text, from: '{{ $project.name }}', max: 48}
            target: project
            mode: auto
            risk: low
            limits: {cooldown: \(cooldown)}
            steps:
            \(indented)
            """, file: "incident-fix.yaml")
    }

    /// Plays until a task lies at the desk, of that incident where one is named.
    func play(untilAtDesk desk: WorkDesk, of incident: String? = nil) async {
        await play { driver in
            for state in await driver.states.values where incident == nil || state.facts?.incident == incident {
                if case .step(let attempt) = state.phase, await desk.holds(attempt.key) { return true }
            }
            return false
        }
    }

    /// A runbook for `WebDown` with these steps.
    static func runbook(
        _ steps: String, name: String = "repair-web", risk: String = "low", mode: String = "auto", more: String = "",
        alert: String = "WebDown"
    ) throws -> Runbook {
        let indented = steps.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return try Runbook.parse(
            """
            runbook: \(name)
            description: Repair it.
            on: [[alertname="\(alert)"]]
            parameters:
              unit: {type: unit, from: '{{ $labels.unit }}', allow: [web.service, cache.service]}
            risk: \(risk)
            mode: \(mode)
            steps:
            \(indented)
            verify: {expr: up == 1, for: 2s, within: 1m}
            \(more)
            """, file: "\(name).yaml")
    }
}

/// The world's conditions, as the observatory would tell them.
struct WorldObservations: Observations {
    let world: DriverWorld
    let reach: DriverWorld.Reach

    func holds(_ condition: String, newerThan: Timestamp?) async throws(Fault) -> Bool? {
        world.holds(condition, newerThan: newerThan)
    }

    func set(_ state: IncidentState, of incident: String) async {
        world.with { $0.states.append((incident, state)) }
    }
}

/// A directory that goes with the test.
final class DriverFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/driver-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // A folder left behind in the temporary directory harms nobody.
        try? FileManager.default.removeItem(atPath: path)
    }
}
