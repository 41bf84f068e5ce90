import Actuation
import Detection
import Foundation
import Model
import Runbooks
import Testing

@testable import Daemon

@Suite("The runbooks in force")
struct CurrentContentTests {
    let folder: Folder
    let content: CurrentContent

    init() throws {
        folder = try Folder()
        content = CurrentContent(
            Content(
                rules: try RuleSet.parse([]),
                runbooks: [
                    try Runbook.parse(Written.runbook("restart-web", allow: nil), file: "a.yaml"),
                    try Runbook.parse(Written.runbook("restart-db", allow: ["db.service"]), file: "b.yaml"),
                ]), installed: folder.file("installed"))
    }

    private func settings(_ actuation: Settings.Actuation) -> Settings {
        var settings = Settings()
        settings.actuation = actuation
        settings.protectedAdd = ["precious.service"]
        return settings
    }

    private func install(allow: [String]) throws {
        let installation = Installation(directory: folder.file("installed"))
        var request = Installation.Request()
        request.sources = [("a.yaml", Written.runbook("restart-web", allow: nil))]
        request.allow = ["restart-web": ["unit": allow]]
        try installation.install(try installation.plan(request))
    }

    @Test("an installed copy stands for the file of its name, and is read anew when it is replaced")
    func installedCopy() throws {
        let exec = settings(.exec)
        #expect(content.forRuns(exec).map(\.name).sorted() == ["restart-db", "restart-web"])
        #expect(content.units(exec) == ["db.service"], "without an allow list it may not act")
        try install(allow: ["web.service"])
        let copy = try #require(content.forRuns(exec).first { $0.name == "restart-web" })
        #expect(copy.digest != content.current.runbooks[0].digest && copy.effectiveMode == .auto)
        #expect(content.forRuns(exec).count == 2)
        #expect(content.units(exec) == ["db.service", "web.service"])
        try install(allow: ["web.service", "cache.service"])
        #expect(content.units(exec) == ["db.service", "web.service", "cache.service"])
    }

    @Test("where no helper acts, the files count", arguments: [Settings.Actuation.observe, .user])
    func noHelper(actuation: Settings.Actuation) throws {
        try install(allow: ["web.service"])
        #expect(content.forRuns(settings(actuation)).map(\.digest) == content.current.runbooks.map(\.digest))
    }

    @Test("what is installed and unreadable leaves the files, whose digests the helper then refuses")
    func unreadable() throws {
        try folder.write("installed/installed.yaml", "nonsense: [")
        #expect(content.forRuns(settings(.exec)).map(\.digest) == content.current.runbooks.map(\.digest))
    }

    @Test("a reload replaces all of it at once")
    func replace() throws {
        content.replace(
            Content(
                rules: try RuleSet.parse([("r.yaml", Written.rules)]),
                runbooks: [try Runbook.parse(Written.runbook("other"), file: "c.yaml")]))
        #expect(content.current.rules.count == 1)
        #expect(content.forRuns(settings(.exec)).map(\.name) == ["other"])
    }

    @Test("a user's own session acts by what is loaded, with the settings' protection and limit")
    func own() throws {
        var user = settings(.user)
        user.actionLimit = .init(count: 3, per: .seconds(60))
        let set = try OwnRunbooks(content: content, settings: user).current()
        #expect(Set(set.runbooks.keys) == ["restart-web", "restart-db"])
        #expect(set.settings.protected.protection(id: "precious.service") != nil)
        #expect(set.settings.actions == Budget(count: 3, per: .seconds(60)))
        #expect(set.settings.projects.isEmpty)
    }

    @Test("and its deploys are the settings' commands, of the projects that have some")
    func ownProjects() throws {
        let user = try Settings.parse("actuation: user\n" + RunbooksInstallTests.projects, file: "x.yaml")
        let projects = try OwnRunbooks(content: content, settings: user).current().settings.projects
        #expect(
            projects == [
                "payments": InstalledProject(
                    name: "payments",
                    staging: .init(
                        deploy: ["/srv/payments/deploy", "staging"], test: ["/srv/payments/integration-test"]),
                    production: .init(
                        deploy: ["/srv/payments/deploy", "production"], rollback: ["/srv/payments/rollback"]))
            ])
    }
}
