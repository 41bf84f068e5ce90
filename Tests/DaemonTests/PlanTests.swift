import Actuation
import Foundation
import Model
import Runbooks
import Testing

@testable import Daemon

@Suite("A dry run")
struct PlanTests {
    static let failed: Labels = ["alertname": "UnitFailed", "unit": "web.service"]

    private func plan(
        _ folder: Folder, _ runbook: String = "restart-web", _ labels: Labels = failed
    ) throws -> Plan {
        try Plan.make(runbook: runbook, labels: labels, settingsPath: folder.file("nightshift.yaml"))
    }

    @Test("it says every effect in order, and that they are allowed")
    func allowed() throws {
        let folder = try Written.folder(more: "actuation: user")
        let plan = try plan(folder)
        #expect(plan.allowed && plan.reasons.isEmpty)
        #expect(plan.effects.map(\.step) == ["save", "restart", "verify"])
        #expect(plan.effects.map(\.kind) == ["run", "systemd", "verify"])
        #expect(plan.effects[0].detail.contains("/bin/dump web.service"))
        #expect(plan.effects[1].detail == "systemd restart web.service")
        #expect(plan.effects[2].detail.contains("for 3s within 30s"))
        let named = try self.plan(folder, folder.file("runbooks/restart-web.yaml"))
        #expect(named == plan, "by file or by name")
    }

    @Test("the JSON has the fields that programs rely on, and no other")
    func json() throws {
        let folder = try Written.folder(more: "actuation: user")
        let object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(try plan(folder))) as? [String: Any])
        #expect(Set(object.keys) == ["runbook", "digest", "allowed", "reasons", "effects"])
        let effects = try #require(object["effects"] as? [[String: Any]])
        #expect(effects.allSatisfy { Set($0.keys) == ["step", "kind", "detail"] })
        #expect(object["allowed"] as? Bool == true)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var runbook = Written.runbook()
        var settings = "actuation: user"
        var labels: Labels = PlanTests.failed
        var reason: String
        var hasEffects = true
    }

    @Test(
        "whatever stands in the way is named",
        arguments: [
            Refusal(testDescription: "settings that only observe", settings: "", reason: "actuation: observe"),
            Refusal(
                testDescription: "a runbook that only observes", runbook: Written.runbook(mode: "observe"),
                reason: "mode: observe"),
            Refusal(
                testDescription: "no allow list", runbook: Written.runbook(allow: nil), reason: "unit has no allow list"
            ),
            Refusal(
                testDescription: "a unit that is not allowed",
                labels: ["alertname": "UnitFailed", "unit": "db.service"], reason: "db.service", hasEffects: false),
            Refusal(
                testDescription: "no label to take the target from", labels: ["alertname": "UnitFailed"],
                reason: "target", hasEffects: false),
            Refusal(
                testDescription: "an empty label", labels: ["alertname": "UnitFailed", "unit": ""], reason: "target",
                hasEffects: false),
            Refusal(
                testDescription: "an alert that it is not for", labels: ["alertname": "Other", "unit": "web.service"],
                reason: "no list of matchers covers"),
            Refusal(
                testDescription: "a protected unit", runbook: Written.runbook(allow: ["ssh.service"]),
                labels: ["alertname": "UnitFailed", "unit": "ssh.service"], reason: "protected unit: ssh.service"),
            Refusal(
                testDescription: "a unit that the settings protect",
                settings: "actuation: user\nprotected_units: {add: [web.service]}",
                reason: "protected unit: web.service"),
        ])
    func refused(_ one: Refusal) throws {
        let folder = try Written.folder(more: one.settings)
        try folder.write("runbooks/restart-web.yaml", one.runbook)
        let plan = try plan(folder, "restart-web", one.labels)
        #expect(!plan.allowed)
        #expect(plan.reasons.contains { $0.contains(one.reason) }, "\(plan.reasons)")
        #expect(plan.effects.isEmpty == !one.hasEffects)
    }

    @Test("approval is a condition, not a refusal")
    func approval() throws {
        let folder = try Written.folder(more: "actuation: user")
        try folder.write("runbooks/restart-web.yaml", Written.runbook(risk: "high"))
        let plan = try plan(folder)
        #expect(plan.allowed && plan.reasons == ["approval: needs 2 before it acts"])
    }

    @Test("with a helper it is the installed copy that acts, so it is the installed copy that is shown")
    func installed() throws {
        let folder = try Folder(["rules/a.yaml": Written.rules, "runbooks/a.yaml": Written.runbook(allow: nil)])
        try folder.write(
            "nightshift.yaml",
            Written.settings(folder, more: "actuation: exec\nhelper: {installed: \(folder.file("installed"))}"))
        #expect(try !plan(folder).allowed)
        let installation = Installation(directory: folder.file("installed"))
        var request = Installation.Request()
        request.sources = [("a.yaml", Written.runbook(allow: nil))]
        request.allow = ["restart-web": ["unit": ["web.service"]]]
        let change = try installation.plan(request)
        try installation.install(change)
        let after = try plan(folder)
        #expect(after.allowed, "\(after.reasons)")
        #expect(after.digest == change.after.runbooks["restart-web"]?.digest)
    }

    @Test("an unknown runbook, an unreadable file and a wrong one are sentences")
    func unknown() throws {
        let folder = try Written.folder()
        #expect {
            _ = try plan(folder, "restart-wbe")
        } throws: { error in
            "\(error)" == "There is no runbook \"restart-wbe\". The settings load: restart-web."
        }
        #expect {
            _ = try plan(folder, "/nowhere/x.yaml")
        } throws: { error in
            "\(error)" == "The runbook /nowhere/x.yaml cannot be read"
        }
        try folder.write("wrong.yaml", "runbook: x\nstepps: []\n")
        #expect {
            _ = try plan(folder, folder.file("wrong.yaml"))
        } throws: { error in
            "\(error)".contains("wrong.yaml:2:1: error: ")
        }
    }
}
