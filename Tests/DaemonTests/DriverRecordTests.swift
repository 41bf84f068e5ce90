import Actuation
import Foundation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// Writes the histories that `ReplayTests` fold, when it is asked to: after a decided change of the engine, never
/// because a replay fails.
@Suite("Recording histories")
struct DriverRecordTests {
    static let folder = ProcessInfo.processInfo.environment["NIGHTSHIFT_RECORD_HISTORIES"]

    struct Scenario: Sendable {
        let name: String
        let runbook: String
        var mode = "auto"
        let play: @Sendable (DriverWorld, inout DriverStage) async throws -> Void
    }

    private static let everything = [
        "- {name: dump, run: [/bin/dump], timeout: 5s, retry: {attempts: 2, backoff: 2s}, undo: {run: [/bin/undump]}}",
        "- {name: nap, wait: 2s}", "- {name: look, check: ready == 1, timeout: 10s}", DriverCrashTests.tell,
        "- {name: skipped, http: {url: 'http://h/'}, if: 'false'}", DriverCrashTests.probed, DriverCrashTests.restart,
    ].joined(separator: "\n")

    static let scenarios: [Scenario] = [
        Scenario(name: "resolved", runbook: everything) { world, stage in
            world.with { $0.outcomes["dump"] = [.failed("exit status 1"), .done(["exit": 0])] }
            await stage.play()
        },
        Scenario(name: "taken-back", runbook: everything) { world, stage in
            world.with { $0.conditions["up == 1"] = .some(false) }
            await stage.play()
        },
        Scenario(name: "approved", runbook: DriverCrashTests.restart, mode: "approve") { world, stage in
            await stage.settle()
            let run = try #require(try await stage.ledger.read { try $0.openRuns().first?.id })
            world.with { $0.approvers[run] = [Person(uid: 1001, name: "ada")] }
            world.pass(.seconds(20))
            await stage.driver.tick()
            await stage.play()
        },
        Scenario(name: "began-anew", runbook: everything) { world, stage in
            await stage.play { _ in world.with { $0.done.count } > 0 }
            for _ in 0..<3 {
                world.rise()
                stage = try DriverStage(world, ledger: stage.ledger)
                try await stage.driver.recover()
                await stage.settle()
                world.pass(.seconds(3))
                await stage.driver.tick()
            }
            await stage.play()
        },
        Scenario(name: "unknown", runbook: DriverCrashTests.dump) { world, stage in
            world.with { $0.silenceAfterDeed = .seconds(600) }
            await stage.play()
        },
        Scenario(name: "halted", runbook: everything) { world, stage in
            await stage.settle()
            try await stage.driver.halt(by: "ada", why: "maintenance")
            await stage.play()
        },
    ]

    @Test("as the ledger holds them", .enabled(if: folder != nil), arguments: scenarios.map(\.name))
    func record(name: String) async throws {
        let scenario = try #require(Self.scenarios.first { $0.name == name })
        let world = DriverWorld()
        let runbook = try DriverStage.runbook(
            scenario.runbook, mode: scenario.mode, more: "otherwise: [undo, escalate]\nescalate: {to: team}")
        world.with { state in
            state.installed = [runbook]
            state.units["web.service"] = UnitState(id: "web.service", activeState: "failed", invocationID: "inv0")
        }
        var stage = try DriverStage(world, ledger: try Ledger.inMemory())
        try await stage.open(DriverStage.incident())
        try await scenario.play(world, &stage)
        let rows = try await stage.ledger.read { reader in
            try reader.history(of: try #require(try reader.runs(ofIncident: "4f2a").first).id)
        }
        #expect(rows.last?.kind == HistoryEntry.endedKind)
        let lines = try [json(["runbook": runbook.text])] + rows.map { try json(Row($0)) }
        try (lines.joined(separator: "\n") + "\n")
            .write(toFile: "\(Self.folder ?? "")/\(name).jsonl", atomically: true, encoding: .utf8)
    }

    struct Row: Codable {
        let number: Int
        let kind: String
        let body: String
        let stamp: Stamp

        init(_ stored: StoredEvent) {
            number = stored.number
            kind = stored.kind
            body = stored.body
            stamp = stored.stamp
        }
    }
}
