import Delivery
import Testing

@testable import Daemon

/// What a project's own policy lets pass without a person.
@Suite struct LowRiskTests {
    @Test(arguments: [
        (["docs/a.md"], 10, true), (["docs/a.md"], 51, false), (["docs/a.md", "src/x.py"], 2, false), ([], 0, false),
        (["docs/../src/x.py"], 1, false),
    ])
    func lowRiskIsTheProjectsOwnWord(files: [String], lines: Int, isLow: Bool) {
        let diff = TreeDiff(
            files: files.map { Self.file($0, added: lines / max(1, files.count)) }, text: "", isWhole: true)
        var project = DriverDevelopTests.project
        #expect(!project.isLowRisk(diff), "always asks by default")
        project.approveProduction = .lowRisk(paths: ["docs/**"], lines: 50)
        #expect(project.isLowRisk(diff) == isLow)
    }

    @Test(
        "low risk is what lines show in full: ordinary files of text, and all of them",
        arguments: [
            (false, "100644", "100644", true, true), (false, "000000", "100644", true, true),
            (false, "100644", "000000", true, true), (true, "100644", "100644", true, false),
            (true, "000000", "100644", true, false), (false, "100644", "100755", true, false),
            (false, "100755", "100755", true, false), (false, "100644", "120000", true, false),
            (false, "000000", "160000", true, false), (false, "100644", "100644", false, false),
        ])
    func lowRiskIsShown(isBinary: Bool, before: String, after: String, isWhole: Bool, isLow: Bool) {
        var project = DriverDevelopTests.project
        project.approveProduction = .lowRisk(paths: ["docs/**"], lines: 50)
        let file = Self.file("docs/b", added: isBinary ? 0 : 1, isBinary: isBinary, before, after)
        let diff = TreeDiff(files: [Self.file("docs/a.md", added: 1), file], text: "", isWhole: isWhole)
        #expect(project.isLowRisk(diff) == isLow)
    }

    private static func file(
        _ path: String, added: Int, isBinary: Bool = false, _ before: String = "100644", _ after: String = "100644"
    ) -> TreeDiff.File {
        TreeDiff.File(
            path: path, added: added, removed: 0, isBinary: isBinary, modeBefore: before, modeAfter: after)
    }
}
