import Foundation
import Ledger
import Model
import Runbooks
import Testing

@testable import Daemon
@testable import Delivery

/// A checkout begins a change: the driver looks first whether what comes of it could be delivered.
@Suite("The driver and a checkout") struct DriverCheckoutTests {
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
        let end = try await checkout(folder, place, deployed: "0123456789012345678901234567890123456789")
        guard let words else {
            #expect(end == nil, "it waits for the agents' process")
            return
        }
        #expect(end?.kind == .escalated)
        #expect(end?.text.contains(words.replacing("PLACE", with: place)) == true, "\(end as Any)")
    }

    @Test("of what is deployed but not on the branch ends the work, with the commit and what to do")
    func strayed() async throws {
        let folder = try Folder()
        let (place, git) = (folder.file("bare.git"), try Git())
        _ = try await git.run(["init", "--quiet", "--bare", "--template=", "--", place], Git.Setting())
        let tree = try await git.run(["write-tree"], Git.Setting(repository: place, index: folder.file("index"))).line
        let base = try await git.run(["commit-tree", tree, "-m", "Base"], in: place).line
        let later = try await git.run(["commit-tree", tree, "-p", base, "-m", "Later"], in: place).line
        _ = try await git.run(["update-ref", "refs/heads/main", later], in: place)
        // Not released yet; or a fix that was rolled back.
        #expect(try await checkout(folder, place, deployed: base) == nil, "it waits for the agents' process")
        _ = try await git.run(["update-ref", "refs/heads/main", base], in: place)
        let end = try #require(try await checkout(folder, place, deployed: later))
        #expect(end.kind == .escalated)
        #expect(end.text.contains("forge: \(later.prefix(12)) is deployed, which is not on main"), "\(end.text)")
        #expect(end.text.contains("Bring it to main"), "\(end.text)")
    }

    /// How the run ends that begins with a checkout; nil where it waits for the agents' process.
    private func checkout(_ folder: Folder, _ place: String, deployed: String) async throws -> RunEnd? {
        try folder.write("REVISION", deployed + "\n")
        var changed = DriverDevelopTests.project
        changed.repository.url = place
        changed.revision = .file(path: folder.file("REVISION"))
        let project = changed
        let (world, definition) = (
            DriverWorld(),
            try DriverStage.fix(
                """
                - name: checkout
                  repository: {checkout: '{{ $params.project }}'}
                """)
        )
        world.with { $0.installed = [definition] }
        let desk = WorkDesk(clock: world.clock)
        let git = try Git()
        let development = Development(desk: desk, projects: { [project] }, roles: { [] }, git: git)
        let stage = try DriverStage(world, ledger: try Ledger.inMemory(), development: development)
        try await stage.open(DriverStage.incident())
        await stage.play(untilAtDesk: desk)
        return try await stage.ends("4f2a").last ?? nil
    }
}
