import FoundationEssentials
import Model
import Testing

@testable import Runbooks

/// The development pipeline that is shipped: each definition is checked, alone and with the others, and passes its test.
@Suite struct PipelineRunbooksTests {
    static let folder =
        URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../../runbooks/pipeline").standardized.path
    static let names = ["deploy", "diagnose", "incident-fix", "stage"]

    static func text(_ name: String) throws -> String {
        String(decoding: try #require(FileManager.default.contents(atPath: "\(folder)/\(name)")), as: UTF8.self)
    }

    static func runbook(_ name: String) throws -> Runbook {
        try Runbook.parse(try text("\(name).yaml"), file: "\(name).yaml")
    }

    @Test func noneIsForgotten() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
        #expect(files.sorted() == Self.names.flatMap { ["\($0).test.yaml", "\($0).yaml"] })
    }

    @Test(arguments: names)
    func eachIsBegunByItsNameOnly(name: String) throws {
        let runbook = try Self.runbook(name)
        #expect(runbook.name == name && runbook.isBegunByName)
        #expect(!runbook.matches(["alertname": "HighErrorRate"]))
        #expect(runbook.whenNot?.isEmpty == false)
        #expect(runbook.target == "project")
    }

    @Test func togetherTheyFit() throws { try RunbookSet.check(Self.names.map { try Self.runbook($0) }) }

    @Test(arguments: names)
    func eachPassesItsTest(name: String) throws {
        let report = try RunbookTests.run(
            try Self.text("\(name).test.yaml"), file: "\(name).test.yaml", runbook: try Self.runbook(name))
        #expect(report.failed == 0, "\(report.lines.joined(separator: "\n"))")
        #expect(report.passed >= 6)
    }

    @Test("the helper renders what it performs from parameters and the run alone, and nothing else of the pipeline")
    func theHelpersPart() throws {
        let parameters = Parameters(["project": "payments", "revision": "d00d1e1"])
        let run = RunContext(id: "r1", runbook: "deploy", target: "payments", directory: "/runs/r1")
        for (name, path, summary) in [
            ("deploy", "to-production", "deploy to production payments d00d1e1"),
            ("deploy", "undo.to-production", "deploy rollback production payments"),
            ("stage", "to-staging", "deploy to staging payments d00d1e1"),
            ("stage", "integration", "deploy test staging payments"),
        ] {
            let runbook = try Self.runbook(name)
            #expect(runbook.validate(parameters) == .bound(parameters))
            #expect(try runbook.renderedStep(path: path, parameters: parameters, run: run).summary == summary)
        }
        for name in ["deploy", "stage"] {
            #expect(try Self.runbook(name).steps.allSatisfy(\.kind.isExecutors))
        }
        #expect(try !Self.runbook("incident-fix").steps.contains(where: \.kind.isExecutors))
        let hostile = Parameters(["project": "payments", "revision": "--upload-pack=x"])
        guard case .refused("parameters", _) = try Self.runbook("deploy").validate(hostile) else {
            Issue.record("the helper takes an option for a revision")
            return
        }
    }

    @Test func theFixDoesNotBeginItselfAgain() throws {
        #expect(try Self.runbook("incident-fix").escalate.agents == .nothing)
    }
}
