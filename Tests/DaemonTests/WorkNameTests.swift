import Console
import Delivery
import Ledger
import Model
import Testing
import Text

@testable import Daemon

/// How work is named, and found by what a person types.
@Suite struct WorkNameTests {
    private func backend(_ runs: [(runbook: String, occurrence: Int)]) async throws -> DaemonBackend {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let incident = DriverStage.incident("4f2a77010203")
        try await stage.ledger.write { transaction in
            try transaction.insert(incident: incident)
            for (number, run) in runs.enumerated() {
                let digest = Digest.sha256(run.runbook.utf8)
                try transaction.insertDefinition(digest: digest, name: run.runbook, text: "", at: stage.clock.wall)
                try transaction.insert(
                    run: RunHeader(
                        id: "run\(number)", incident: incident.id, runbook: run.runbook, digest: digest,
                        occurrence: run.occurrence, target: "web", mode: "auto", trigger: "{}", parameters: "{}",
                        stamp: stage.clock.host.now()))
            }
        }
        return DaemonBackend(
            version: "1", started: stage.clock.wall, settings: ObservatoryStage.settings,
            content: CurrentContent(try ObservatoryStage.content(ObservatoryStage.rules), installed: "/nonexistent"),
            ledger: stage.ledger, observatory: stage.observatory,
            driver: try DriverStage(DriverWorld(), ledger: stage.ledger).driver, executor: nil,
            clock: stage.clock.host)
    }

    private static let runs = [(Development.diagnosis, 1), (Development.pipeline, 1), (Development.pipeline, 10)]

    @Test(
        "a diagnosis and a fix of one incident have names of their own, and a whole name is no longer one's beginning")
    func names() async throws {
        let backend = try await backend(Self.runs)
        #expect(try await backend.work().map(\.id) == ["4f2a7701-10", "4f2a7701-1", "4f2a7701-d1"])
        let all = try await backend.work()
        for view in all {
            #expect(all.named(view.id) { [$0.id, $0.run] }.map(\.run) == [view.run])
            #expect(all.named(view.run) { [$0.id, $0.run] }.map(\.id) == [view.id], "its run names it as well")
        }
    }

    @Test("the beginning of several is none of them; they are named", arguments: ["4f2a", "4f2a7701-", "run"])
    func ambiguous(text: String) async throws {
        let backend = try await backend(Self.runs)
        do {
            _ = try await backend.work(text)
            Issue.record("found")
        } catch {
            #expect(error.code == "work.ambiguous" && error.message.contains("4f2a7701-d1 (run run0)"), "\(error)")
        }
        await #expect(throws: Fault.self) { try await backend.work("") }
        await #expect(throws: Fault.self) { try await backend.work("4f2a7701-2") }
    }

    @Test("a fix is named as its branch and pull request always were")
    func branches() {
        #expect(Development.item("4f2a77010203", Development.pipeline, 2) == "4f2a7701-2")
        #expect(Development.item("4f2a77010203", Development.diagnosis, 2) == "4f2a7701-d2")
        #expect(["ab-10", "ab-1"].named("ab-1") { [$0] } == ["ab-1"])
        #expect(["ab-10", "ab-1"].named("ab") { [$0] } == ["ab-10", "ab-1"])
    }
}
