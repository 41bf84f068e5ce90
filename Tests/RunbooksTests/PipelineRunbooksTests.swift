import FoundationEssentials
import Model
import Testing

@testable import Runbooks

/// The development pipeline that is shipped: each definition is checked, alone and with the others, and passes its test.
@Suite struct PipelineRunbooksTests {
    static let folder =
        URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../../runbooks/pipeline").standardized.path
    static let names = ["deploy", "incident-fix", "stage"]

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

    @Test func theFixDoesNotBeginItselfAgain() throws {
        #expect(try Self.runbook("incident-fix").escalate.agents == .nothing)
    }
}
