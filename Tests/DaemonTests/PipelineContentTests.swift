import Foundation
import Model
import Runbooks
import Testing

@testable import Daemon

@Suite("The pipeline's definitions and the agents' roles beside the runbooks")
struct PipelineContentTests {
    static let stage = """
        runbook: stage
        description: Put a revision on staging.
        on: []
        parameters:
          project: {type: text, max: 48}
        target: project
        mode: auto
        risk: low
        steps:
          - name: integration
            deploy: {test: staging, project: '{{ $params.project }}'}

        """
    static let fix = """
        runbook: fix
        description: Find the cause.
        on: []
        parameters:
          project: {type: text, max: 48}
        target: project
        mode: auto
        risk: low
        steps:
          - name: diagnose
            agent: {role: root-cause}
          - name: staging
            runbook: {name: stage, parameters: {project: '{{ $params.project }}'}}

        """
    static let stageTest = """
        tests:
          - name: passes
            incident: {labels: {alertname: X}}
            given: {project: payments}
            expect: {effects: [deploy test staging payments], ends: resolved}

        """
    static let role = """
        ---
        role: root-cause
        description: Finds the cause.
        tools: [metrics, read]
        budget: {turns: 3, tokens: 1000, cost: 1 USD, wall: 1m}
        result: {type: object, properties: {cause: {type: string}}}
        ---
        Find the cause.

        """

    private func folder() throws -> Folder {
        let folder = try Written.folder()
        try folder.write("runbooks/pipeline/stage.yaml", Self.stage)
        try folder.write("runbooks/pipeline/stage.test.yaml", Self.stageTest)
        try folder.write("runbooks/pipeline/fix.yaml", Self.fix)
        try folder.write("runbooks/roles/root-cause.md", Self.role)
        try folder.write("runbooks/roles/notes.txt", "not a role")
        return folder
    }

    private func settings(_ runbooks: [String]) -> Settings {
        var settings = Settings()
        settings.rules = []
        settings.runbooks = runbooks
        return settings
    }

    @Test("they are loaded with the runbooks, whether the directory or each folder is named")
    func loaded() throws {
        let folder = try folder()
        let parts = ["runbooks", "runbooks/pipeline", "runbooks/roles"].map(folder.file)
        for paths in [[folder.file("runbooks")], [folder.file("runbooks/")], parts] {
            let content = try Content.load(settings(paths))
            #expect(Set(content.runbooks.map(\.name)) == ["restart-web", "stage", "fix"])
            #expect(content.runbooks.count == 3, "each once")
            let role = try #require(content.roles.first)
            #expect(content.roles.count == 1 && role.name == "root-cause" && role.text == Self.role)
            #expect(role.path.hasSuffix("/roles/root-cause.md"))
        }
    }

    /// One change to one file, and what is said of it, at which place.
    static let mistakes: [(file: String, old: String, new: String, says: String)] = [
        ("pipeline/fix.yaml", "name: stage", "name: stag", "fix.yaml:12:5: error: there is no runbook \"stag\""),
        ("pipeline/fix.yaml", "{project: '{{ $", "{projekt: '{{ $", "has no parameter \"projekt\""),
        ("pipeline/fix.yaml", "role: root-cause", "role: rootcause", "fix.yaml:10:5: error: there is no role"),
        ("pipeline/fix.yaml", "agent: {", "agnet: {", "fix.yaml:10:"),
        (
            "pipeline/stage.yaml", "deploy: {test: staging, project: '{{ $params.project }}'}",
            "runbook: {name: fix, parameters: {project: '{{ $params.project }}'}}", "begin each other for ever"
        ),
        ("pipeline/stage.yaml", "runbook: stage", "runbook: restart-web", "another file already defines"),
        ("roles/root-cause.md", "role: root-cause", "role: other", "must stand in other.md"),
        ("roles/root-cause.md", "metrics, read", "metrics, shell", "there is no tool \"shell\""),
        ("roles/root-cause.md", "turns: 3, ", "", "root-cause.md:5:"),
    ]

    @Test("one mistake in one of them, and nothing is used; the check says the same", arguments: mistakes.indices)
    func allOrNothing(index: Int) throws {
        let mistake = Self.mistakes[index]
        let folder = try folder()
        let name = "runbooks/" + mistake.file
        let text = String(decoding: try Data(contentsOf: URL(filePath: folder.file(name))), as: UTF8.self)
        try #require(text.contains(mistake.old))
        try folder.write(name, text.replacing(mistake.old, with: mistake.new))
        let problems = #expect(throws: Diagnostics.self) { try Content.load(settings([folder.file("runbooks")])) }
        #expect(problems?.description.contains(mistake.says) == true, "\(problems?.description ?? "")")
        let report = ContentCheck.check([folder.file("runbooks")])
        #expect(report.problems.contains { $0.description.contains(mistake.says) }, "\(report.problems)")
    }

    @Test("check counts all of them; of single files it is not asked what others say")
    func checked() throws {
        let folder = try folder()
        let all = ContentCheck.check([folder.file("runbooks")])
        #expect(all.files == 4 && all.problems.isEmpty, "\(all.problems)")
        let one = ContentCheck.check([folder.file("runbooks/pipeline/fix.yaml")])
        #expect(one.files == 1 && one.problems.isEmpty, "\(one.problems)")
        for roles in ["runbooks/roles", "runbooks/roles/root-cause.md"] {
            let report = ContentCheck.check([folder.file(roles)])
            #expect(report.files == 1 && report.problems.isEmpty, "\(report.problems)")
        }
        try folder.write("runbooks/roles/root-cause.md", "no role")
        #expect(!ContentCheck.check([folder.file("runbooks/roles/root-cause.md")]).problems.isEmpty)
    }

    @Test("the tests in pipeline are run with those beside the runbooks")
    func tested() throws {
        let folder = try folder()
        try folder.write("runbooks/restart-web.test.yaml", ContentCheckTests.runbookTest)
        #expect(try ContentCheck.test([folder.file("runbooks")]) == TestReport(passed: 2))
        try folder.write(
            "runbooks/pipeline/stage.test.yaml", Self.stageTest.replacing("ends: resolved", with: "ends: escalated"))
        let report = try ContentCheck.test([folder.file("runbooks")])
        #expect(report.passed == 1 && report.failed == 1)
    }
}
