import Actuation
import Foundation
import Model
import Runbooks
import Testing

@testable import Daemon

/// `nightshift runbooks install` as root types it, with projects.
@Suite("Installing what deploys", .timeLimit(.minutes(3)))
struct RunbooksInstallTests {
    let folder: Folder

    static let projects = """
        projects:
          payments:
            units: [payments.service]
            repository: {url: /srv/git/payments.git}
            revision: {from: label, label: revision}
            paths: {allow: ['src/**'], tests: ['tests/**']}
            test: [make, test]
            report: {tap: '-'}
            staging: {deploy: [/srv/payments/deploy, staging], test: [/srv/payments/integration-test]}
            production:
              deploy: [/srv/payments/deploy, production]
              rollback: [/srv/payments/rollback]
              watch: {expr: 'up == 1'}
          library:
            units: [library.service]
            repository: {url: /srv/git/library.git}
            revision: {from: label, label: revision}
            paths: {allow: ['src/**'], tests: ['tests/**']}
            test: [make, test]
            report: {tap: '-'}

        """

    init() throws {
        folder = try Folder([
            "runbooks/restart-web.yaml": Written.runbook(), "runbooks/pipeline/stage.yaml": PipelineContentTests.stage,
            "settings.yaml": Self.projects,
        ])
    }

    private func install(_ words: String...) throws -> Command.Answer {
        try Command.run(
            ["runbooks", "install", "--from", folder.file("runbooks"), "--to", folder.file("to")] + words)
    }

    private func installed() throws -> InstalledSet {
        try InstalledDirectory(path: folder.file("to")).current()
    }

    @Test("a runbook of pipeline is found by its name, and brings the projects of the settings")
    func bringsProjects() throws {
        let shown = try install("stage", "--settings", folder.file("settings.yaml"), "--diff")
        #expect(shown.status == 0, "\(shown)")
        #expect(shown.output.contains("  + integration: deploy: AS ROOT /srv/payments/integration-test\n"))
        #expect(shown.output.contains("  + payments production.rollback: AS ROOT /srv/payments/rollback\n"))
        #expect(!shown.output.contains("library"), "it has nothing to deploy")
        #expect(shown.complaint.contains("warning: /srv/payments/deploy, which will run as root, "), "\(shown)")
        #expect(try installed().runbooks.isEmpty)

        #expect(try install("stage", "--settings", folder.file("settings.yaml")).status == 0)
        let set = try installed()
        #expect(set.runbooks.keys.sorted() == ["stage"])
        #expect(set.settings.projects.keys.sorted() == ["payments"])
        #expect(set.settings.projects["payments"]?.production?.deploy == ["/srv/payments/deploy", "production"])

        // What does not deploy does not look at the settings, and leaves the projects.
        #expect(try install("restart-web").status == 0)
        #expect(try installed().settings.projects == set.settings.projects)
        #expect(try install("--deploy-as", "payments=nobody").status == 0)
        #expect(try installed().settings.projects["payments"]?.user == "nobody")
        let gone = try install("--remove-project", "payments", "--remove", "stage", "--diff")
        #expect(gone.output.contains("  - payments staging.test: as nobody /srv/payments/integration-test"), "\(gone)")
        #expect(try install("--remove-project", "payments").status == 0)
        #expect(try installed().settings.projects.isEmpty)
    }

    @Test(
        "what cannot be installed is a sentence with its place, and installs nothing",
        arguments: [
            (["stage", "--settings", "@/none.yaml"], 1, "There is no settings file @/none.yaml"),
            (["stage", "--settings", "@/wrong.yaml"], 1, "wrong.yaml:2:"),
            (["stage", "--settings", "@/relative.yaml"], 1, "relative.yaml:9:23: error: "),
            (["--remove-project", "ledger"], 1, "No project \"ledger\" is installed"),
            (["--deploy-as", "ledger=nobody"], 1, "No project \"ledger\" is installed"),
            (["--deploy-as", "ledger"], 64, "PROJECT=USER"),
            (["--settings", "@/settings.yaml", "--deploy-as", "payments=a b"], 1, "not the name of a user"),
        ])
    func mistakes(words: [String], status: Int32, says: String) throws {
        try folder.write("wrong.yaml", "projects:\n  payments: {unit: x}\n")
        try folder.write(
            "relative.yaml", Self.projects.replacing("deploy: [/srv/payments/deploy, s", with: "deploy: [deploy, s"))
        let answer = try Command.run(
            ["runbooks", "install", "--from", folder.file("runbooks"), "--to", folder.file("to")]
                + words.map { $0.replacing("@", with: folder.path) })
        #expect(
            answer.status == status && answer.complaint.contains(says.replacing("@", with: folder.path)), "\(answer)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("to/installed.yaml")))
    }
}
