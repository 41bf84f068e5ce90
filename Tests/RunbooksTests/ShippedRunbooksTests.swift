import FoundationEssentials
import Model
import Testing

@testable import Runbooks

/// The runbooks that are shipped: each is checked, says when not to use it, and passes the test beside it.
@Suite struct ShippedRunbooksTests {
    static let folder =
        URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../../runbooks").standardized.path

    static let names: [String] = {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }.sorted()
        } catch {
            return []
        }
    }()

    private func text(_ name: String) throws -> String {
        String(decoding: try #require(FileManager.default.contents(atPath: "\(Self.folder)/\(name)")), as: UTF8.self)
    }

    @Test func thereIsOneForWhatBreaksOnHosts() {
        #expect(Self.names.count >= 8)
    }

    @Test(arguments: names)
    func eachIsSafeToInstall(name: String) throws {
        let runbook = try Runbook.parse(try text(name), file: name)
        #expect(runbook.name + ".yaml" == name)
        #expect(runbook.whenNot?.isEmpty == false)
        #expect(runbook.mode == .auto && runbook.risk == .low)
        #expect(runbook.verify != nil)
        let actsOnUnits = runbook.steps.contains { if case .systemd = $0.kind { true } else { false } }
        #expect(actsOnUnits == !runbook.unboundUnits.isEmpty, "its units are named when it is installed, not before")
    }

    @Test(arguments: names)
    func eachPassesItsTest(name: String) throws {
        let test = String(name.dropLast(".yaml".count)) + ".test.yaml"
        let runbook = try Runbook.parse(try text(name), file: name)
        let report = try RunbookTests.run(try text(test), file: test, runbook: runbook)
        #expect(report.failed == 0, "\(report.lines.joined(separator: "\n"))")
        #expect(report.passed >= 2)
    }
}
