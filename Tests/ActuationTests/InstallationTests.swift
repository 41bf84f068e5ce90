import FoundationEssentials
import Glibc
import Model
import Runbooks
import Testing

@testable import Actuation

/// What root hands over, and what the helper makes of the directory.
@Suite struct InstallationTests {
    /// The runbook as its author wrote it: which units, the host says.
    private let open =
        restartWeb.split(separator: "\n").filter { !$0.contains("allow:") }.joined(separator: "\n") + "\n"

    private func request(
        _ texts: [String], allow: [String] = ["web.service"], _ edit: (inout Installation.Request) -> Void = { _ in }
    ) -> Installation.Request {
        var request = Installation.Request()
        request.sources = texts.map { ("src.yaml", $0) }
        request.allow = ["restart-web": ["unit": allow]]
        edit(&request)
        return request
    }

    private func install(_ directory: String, _ request: Installation.Request) throws -> InstalledSet {
        let installation = Installation(directory: directory)
        try installation.install(try installation.plan(request))
        return try InstalledDirectory(path: directory).current()
    }

    @Test func theCopyCarriesTheAllowListInItsDigest() throws {
        let directory = try Directory()
        let path = directory.path + "/installed"
        let set = try install(path, request([open]))
        let copy = try #require(set.runbooks["restart-web"])
        #expect(copy.unboundUnits.isEmpty)
        #expect(copy.digest != (try Runbook.parse(open, file: "x")).digest)
        #expect(copy.text.hasPrefix(open))
        guard case .unit(let allow) = copy.parameters[0].type else { return #expect(Bool(false)) }
        #expect(allow == ["web.service"])
        #expect(copy.effectiveMode == .auto)
    }

    @Test func settingsAreReadAsTheyWereWritten() throws {
        let directory = try Directory()
        let set = try install(
            directory.path,
            request([open]) { request in
                request.core = "daemon"
                request.approverGroups = ["ops"]
                request.approverUsers = ["ada", "ben"]
                request.protect = ["web-*.service"]
                request.unprotect = ["systemd-timesyncd.service"]
                request.actions = Budget(count: 5, per: .seconds(60))
            })
        let wanted = InstalledSettings(
            core: "daemon", approvers: .init(groups: ["ops"], users: ["ada", "ben"]),
            protected: ProtectedUnits(add: ["web-*.service"], remove: ["systemd-timesyncd.service"]),
            actions: Budget(count: 5, per: .seconds(60)), runbooks: set.runbooks.mapValues(\.digest))
        #expect(set.settings == wanted)
        #expect(try InstalledSettings.parse(wanted.text, file: "x") == wanted)
        // What is not said again stays.
        let later = try install(directory.path, request([open], allow: ["other.service"]))
        #expect(later.settings.core == "daemon")
        #expect(later.runbooks["restart-web"]?.digest != set.runbooks["restart-web"]?.digest)
    }

    @Test func theDiffSaysWhatMayBeDone() throws {
        let directory = try Directory()
        let installation = Installation(directory: directory.path)
        let first = try installation.plan(request([open]))
        #expect(first.diff.contains("  + restart: systemd restart {unit}"))
        #expect(first.diff.contains("  + unit: web.service"))
        #expect(first.diff.contains { $0.hasPrefix("  + dump: run /usr/bin/dump") })
        try installation.install(first)
        #expect(try installation.plan(request([open])).diff.isEmpty)
        let wider = try installation.plan(
            request([open.replacing("timeout: 60s}", with: "as: root}")], allow: ["web.service", "other.service"]))
        #expect(wider.diff.contains { $0.hasPrefix("  + dump: run AS ROOT /usr/bin/dump") })
        #expect(wider.diff.contains("  - unit: web.service"))
        #expect(wider.diff.contains("  + unit: web.service, other.service"))
    }

    @Test func filesThatNothingNamesAreRemoved() throws {
        let directory = try Directory()
        _ = try install(directory.path, request([open]))
        _ = try install(directory.path, request([open], allow: ["other.service"]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2)
        let none = try install(directory.path, request([]) { $0.remove = ["restart-web"] })
        #expect(none.runbooks.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["installed.yaml"])
    }

    @Test(arguments: ["ssh.service", "systemd-journald.service", "nightshift.service", "dbus.service"])
    func aProtectedUnitIsNotAllowed(unit: String) throws {
        let directory = try Directory()
        let fault = #expect(throws: Fault.self) {
            try Installation(directory: directory.path).plan(request([open], allow: [unit]))
        }
        #expect(fault?.code == "install.protected")
        let released = request([open], allow: [unit]) { $0.unprotect = [unit] }
        #expect(try Installation(directory: directory.path).plan(released).after.runbooks.count == 1)
    }

    @Test func aBrokenSourceInstallsNothing() throws {
        let directory = try Directory()
        _ = try install(directory.path, request([open]))
        let before = try directory.read("installed.yaml")
        #expect(throws: Diagnostics.self) {
            try install(directory.path, request([open.replacing("mode: auto", with: "mode: always")]))
        }
        #expect(throws: Diagnostics.self) { try install(directory.path, request([open], allow: ["web"])) }
        #expect(throws: Fault.self) { try install(directory.path, request([]) { $0.core = "a b" }) }
        #expect(throws: Fault.self) { try install(directory.path, request([]) { $0.unprotect = ["ssh*"] }) }
        #expect(throws: Fault.self) { try install(directory.path, request([]) { $0.remove = ["nothing"] }) }
        #expect(try directory.read("installed.yaml") == before)
    }

    /// Ways in which a directory is not to be believed.
    @Test(arguments: ["edited", "missing", "writable", "settings", "link"])
    func aDirectoryThatIsNotAsInstalledIsNotBelieved(how: String) throws {
        let directory = try Directory()
        let set = try install(directory.path, request([open]))
        let name = InstalledDirectory.fileName("restart-web", try #require(set.settings.runbooks["restart-web"]))
        let source = InstalledDirectory(path: directory.path)
        #expect(try source.current().runbooks.count == 1)
        switch how {
        case "edited":
            let text = try directory.read(name)
            try directory.write(name, text.replacing("cooldown: 10m", with: "cooldown: 1m"))
        case "missing": unlink(directory.path + "/" + name)
        case "writable": chmod(directory.path + "/" + name, 0o666)
        case "link":
            rename(directory.path + "/" + name, directory.path + "/elsewhere")
            symlink(directory.path + "/elsewhere", directory.path + "/" + name)
        default: break
        }
        let text = try directory.read("installed.yaml")
        try directory.write("installed.yaml", how == "settings" ? text + "shell: yes\n" : text)
        #expect(throws: Fault.self) { try source.current() }
        #expect(throws: Fault.self) { try InstalledDirectory(path: directory.path).current() }
    }

    @Test func nothingInstalledIsNothingAllowed() throws {
        let directory = try Directory()
        #expect(try InstalledDirectory(path: directory.path + "/none").current().runbooks.isEmpty)
        #expect(try InstalledDirectory(path: directory.path).current().settings == InstalledSettings())
    }

    @Test func aNewSetIsSeenAtOnce() throws {
        let directory = try Directory()
        let source = InstalledDirectory(path: directory.path)
        let first = try install(directory.path, request([open]))
        #expect(try source.current().settings == first.settings)
        let second = try install(directory.path, request([open], allow: ["other.service"]))
        #expect(try source.current().settings == second.settings)
    }
}
