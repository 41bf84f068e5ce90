import Delivery
import Foundation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon

/// A checkout begins a change: the driver looks first whether what comes of it could be delivered.
@Suite("The driver and a checkout") struct DriverCheckoutTests {
    private func fix() throws -> Runbook {
        try Runbook.parse(
            """
            runbook: incident-fix
            description: Take a copy.
            on: []
            parameters:
              project: {type: text, from: '{{ $project.name }}', max: 48}
            target: project
            mode: auto
            risk: low
            limits: {cooldown: 1s}
            steps:
              - name: checkout
                repository: {checkout: '{{ $params.project }}'}
            """, file: "incident-fix.yaml")
    }

    @Test(
        "of a repository where nothing can be merged ends the work by name, before anybody is asked",
        arguments: [
            ("bare.git", ["--bare"], nil), ("work", [], "forge: PLACE is not a bare repository"),
            ("gone", nil, "forge: the repository PLACE is gone"),
        ] as [(String, [String]?, String?)])
    func refused(name: String, options: [String]?, words: String?) async throws {
        let folder = try Folder()
        let place = folder.file(name)
        if let options {
            let git = try Process.run(
                URL(filePath: "/usr/bin/git"), arguments: ["init", "--quiet"] + options + ["--", place])
            git.waitUntilExit()
            try #require(git.terminationStatus == 0)
        }
        try folder.write("REVISION", "0123456789012345678901234567890123456789\n")
        var changed = DriverDevelopTests.project
        changed.repository.url = place
        changed.revision = .file(path: folder.file("REVISION"))
        let project = changed
        let (world, definition) = (DriverWorld(), try fix())
        world.with { $0.installed = [definition] }
        let desk = WorkDesk(clock: world.clock)
        let git = try Git()
        let development = Development(desk: desk, projects: { [project] }, roles: { [] }, git: git)
        let stage = try DriverStage(world, ledger: try Ledger.inMemory(), development: development)
        try await stage.open(DriverStage.incident())
        await stage.play { driver in
            for state in await driver.states.values {
                if case .step(let attempt) = state.phase, await desk.holds(attempt.key) { return true }
            }
            return false
        }
        let end = try await stage.ends("4f2a").last ?? nil
        guard let words else {
            #expect(end == nil, "it waits for the agents' process")
            return
        }
        #expect(end?.kind == .escalated)
        #expect(end?.text.contains(words.replacing("PLACE", with: place)) == true, "\(end as Any)")
    }
}
