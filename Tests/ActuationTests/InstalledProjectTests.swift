import FoundationEssentials
import Glibc
import Model
import Runbooks
import Testing

@testable import Actuation

/// Projects as root hands them over: strict to read, shown whole, gone when they are taken back.
@Suite struct InstalledProjectTests {
    private static let (payments, tally) = (DeployTests.payments, DeployTests.tally)

    private func request(
        _ texts: [String] = [], projects: [InstalledProject]? = nil,
        _ edit: (inout Installation.Request) -> Void = { _ in }
    ) -> Installation.Request {
        var request = Installation.Request()
        request.sources = texts.map { ("src.yaml", $0) }
        request.projects = projects
        edit(&request)
        return request
    }

    private func install(_ directory: Directory, _ request: Installation.Request) throws -> InstalledSet {
        let installation = Installation(directory: directory.path)
        try installation.install(try installation.plan(request))
        return try InstalledDirectory(path: directory.path).current()
    }

    @Test func projectsAreReadAsTheyWereWritten() throws {
        let directory = try Directory()
        let odd = InstalledProject(
            name: "odd",
            staging: .init(
                deploy: ["/o", "a b", "it's", "\"", "#", "", "{}: [", "%n$x", "é😀", "null", "~", "5", "- x"],
                test: ["/o"]))
        let set = try install(directory, request([DeployTests.deploy], projects: [Self.payments, Self.tally, odd]))
        #expect(set.settings.projects == ["payments": Self.payments, "tally": Self.tally, "odd": odd])
        #expect(try InstalledSettings.parse(set.settings.text, file: "x") == set.settings)
        // What is not said again stays; what is said replaces all.
        #expect(try install(directory, request([DeployTests.stage])).settings.projects == set.settings.projects)
        let one = try install(directory, request(projects: [Self.payments]))
        #expect(one.settings.projects == ["payments": Self.payments])
        #expect(try install(directory, request { $0.removeProjects = ["payments"] }).settings.projects.isEmpty)
    }

    @Test func aProjectKeepsTheUserThatWasSaid() throws {
        let directory = try Directory()
        let first = try install(
            directory, request(projects: [Self.payments]) { $0.deployAs = ["payments": "deployer"] })
        #expect(first.settings.projects["payments"]?.user == "deployer")
        let second = try install(directory, request(projects: [Self.payments]))
        #expect(second.settings.projects["payments"]?.user == "deployer")
    }

    @Test func theDiffSaysWhatEachProjectIsAllowed() throws {
        let directory = try Directory()
        let installation = Installation(directory: directory.path)
        let none = try installation.plan(request([DeployTests.deploy]))
        let nothing = "deploy: nothing, until a project with such a command is installed (--settings)"
        #expect(none.diff.contains("  + to-production: \(nothing)"), "\(none.diff)")
        let first = try installation.plan(request([DeployTests.deploy], projects: [Self.payments, Self.tally]))
        for line in [
            "  + to-production: deploy: AS ROOT /srv/payments/deploy production REVISION",
            "  + undo.to-production: deploy: AS ROOT /srv/payments/rollback production",
            "  + payments staging.test: AS ROOT /srv/payments/integration-test",
            "  + tally staging.deploy: as deployer /srv/tally/put 'it'\\''s here'",
        ] {
            #expect(first.diff.contains(line), "\(line) in \(first.diff)")
        }
        #expect(!first.diff.contains { $0.contains("to-production: deploy: as deployer") }, "it has no production")
        try installation.install(first)
        #expect(try installation.plan(request(projects: [Self.payments, Self.tally])).diff.isEmpty)

        // The runbook is as it was, and what it may do is not.
        var other = Self.payments
        other.production?.deploy = ["/bin/sh", "-c", "deploy"]
        let changed = try installation.plan(request(projects: [other])).diff
        #expect(
            changed == [
                "projects", "    payments staging.deploy: AS ROOT /srv/payments/deploy staging",
                "    payments staging.test: AS ROOT /srv/payments/integration-test",
                "    payments production.rollback: AS ROOT /srv/payments/rollback production",
                "  - payments production.deploy: AS ROOT /srv/payments/deploy production",
                "  - tally staging.deploy: as deployer /srv/tally/put 'it'\\''s here'",
                "  - tally staging.test: as deployer /srv/tally/try",
                "  + payments production.deploy: AS ROOT /bin/sh -c deploy", "deploy",
                "    auto, medium risk: acts by itself",
                "    undo.to-production: deploy: AS ROOT /srv/payments/rollback production",
                "    at most 10 per 1d on a target, 1s apart",
                "    digest \(try #require(first.after.runbooks["deploy"]).digest.prefix(12))",
                "  - to-production: deploy: AS ROOT /srv/payments/deploy production REVISION",
                "  + to-production: deploy: AS ROOT /bin/sh -c deploy REVISION",
            ], "\(changed.joined(separator: "\n"))")
    }

    @Test(
        arguments: [
            ("name", "lower-case letters"), ("hyphen", "lower-case letters"), ("relative", "absolute path"),
            ("nothing", "absolute path"), ("dots", "without . and .."), ("newline", "cannot be printed"),
            ("nul", "cannot be printed"), ("separator", "cannot be printed"), ("long", "longer than"),
            ("many", "longer than"), ("user", "not the name of a user"),
        ])
    func whatIsNotACommandIsNotInstalled(what: String, words: String) throws {
        var project = Self.payments
        switch what {
        case "name": project.name = "Payments"
        case "hyphen": project.name = "-payments"
        case "relative": project.staging?.test = ["deploy"]
        case "nothing": project.production?.rollback = []
        case "dots": project.production?.rollback = ["/srv/../bin/sh"]
        case "newline": project.production?.rollback.append("a\nb")
        case "nul": project.production?.rollback.append("a\0b")
        case "separator": project.production?.rollback.append("a\u{2028}b")
        case "long": project.staging?.deploy.append(String(repeating: "x", count: 5000))
        case "many": project.staging?.deploy += Array(repeating: "x", count: 64)
        default: project.user = "a b"
        }
        let directory = try Directory()
        let fault = #expect(throws: Fault.self) { try install(directory, request(projects: [project])) }
        #expect(fault?.code == "install.project")
        #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/installed.yaml"))
    }

    @Test func whatIsNotThereIsNotTakenBack() throws {
        let directory = try Directory()
        for edit: (inout Installation.Request) -> Void in [
            { $0.removeProjects = ["payments"] }, { $0.deployAs = ["payments": "deployer"] },
        ] {
            let fault = #expect(throws: Fault.self) { try install(directory, request([], edit)) }
            #expect(fault?.message.contains("No project \"payments\" is installed") == true)
        }
    }

    /// What stands in a file that is not as it was written.
    @Test(
        arguments: [
            ("projects: [payments]", "needs a mapping"), ("projects: {payments: {}}", "needs \"user\""),
            ("projects: {payments: {user: root, shell: /bin/sh}}", "unknown key \"shell\""),
            ("projects: {payments: {user: root, staging: {deploy: [/d]}}}", "needs \"test\""),
            ("projects: {payments: {user: root, staging: {deploy: [d], test: [/t]}}}", "absolute path"),
            ("projects: {payments: {user: root, production: {deploy: [/d], rollback: []}}}", "absolute path"),
            ("projects: {'-x': {user: root}}", "lower-case letters"),
            ("projects: {x: {user: ''}}", "not the name of a user"),
        ])
    func aFileThatIsNotAsWrittenIsNotBelieved(text: String, words: String) throws {
        let problems = #expect(throws: Diagnostics.self) { try InstalledSettings.parse(text, file: "x.yaml") }
        #expect(problems?.all.contains { $0.description.contains(words) } == true, "\(problems?.description ?? "")")
        let directory = try Directory()
        try directory.write("installed.yaml", text + "\n")
        #expect(throws: Fault.self) { try InstalledDirectory(path: directory.path).current() }
    }

    @Test func commandsThatOthersCouldHaveWrittenAreNotBelieved() throws {
        let directory = try Directory()
        _ = try install(directory, request([DeployTests.deploy], projects: [Self.payments]))
        chmod(directory.path + "/installed.yaml", 0o666)
        let fault = #expect(throws: Fault.self) { try InstalledDirectory(path: directory.path).current() }
        #expect(fault?.code == "installed.owner")
    }

    /// Whoever could put another program there is named.
    @Test(arguments: ["program", "folder", "shared", "link", "missing", "fine"])
    func aProgramThatOthersCouldChangeIsToldOf(how: String) throws {
        let directory = try Directory()
        let folder = directory.path + "/bin"
        mkdir(folder, 0o755)
        try directory.write("bin/deploy", "#!/bin/sh\n")
        try directory.write("theirs", "#!/bin/sh\n")
        var program = folder + "/deploy"
        chmod(program, 0o755)
        switch how {
        case "program": chmod(program, 0o775)
        case "folder": chmod(folder, 0o777)
        case "shared": chmod(folder, 0o1777)
        case "link":
            chmod(directory.path + "/theirs", 0o666)
            symlink(directory.path + "/theirs", folder + "/link")
            program = folder + "/link"
        case "missing": unlink(program)
        default: break
        }
        let me = try #require(Accounts.user(uid: geteuid())).name
        let project = InstalledProject(name: "x", production: .init(deploy: [program], rollback: [program]), user: me)
        let warnings = try Installation(directory: directory.path).plan(request(projects: [project])).warnings
        let words = [
            "program": "/bin/deploy can be written", "folder": "/bin can be written",
            "link": "/theirs can be written", "missing": "is not there yet",
        ]
        #expect(warnings.count == (words[how] == nil ? 0 : 1), "\(warnings)")
        #expect(warnings.first.map { $0.contains(words[how] ?? "?") && $0.hasPrefix(program) } ?? true, "\(warnings)")
    }
}
