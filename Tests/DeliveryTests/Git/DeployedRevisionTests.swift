import Model
import Testing

@testable import Delivery

@Suite struct DeployedRevisionTests {
    @Test(arguments: ["v1.2.3", "v1.2.3\n", "  0a1b2c3d4e5f \n"])
    func aFileNamesIt(text: String) async throws {
        let folder = try TestFolder()
        try folder.write(text, to: "REVISION")
        let project = try await TestRepository().project(revision: .file(path: folder.path + "/REVISION"))
        let expected = text.filter { !$0.isWhitespace }
        #expect(try await DeployedRevision.read(project, labels: Labels()) == expected)
    }

    @Test(arguments: ["", "two words", "a\nb", "--all", "main~1", "$(reboot)"])
    func anythingElseIsUnknown(text: String) async throws {
        let folder = try TestFolder()
        try folder.write(text, to: "REVISION")
        let project = try await TestRepository().project(revision: .file(path: folder.path + "/REVISION"))
        let fault = try await fault { _ = try await DeployedRevision.read(project, labels: Labels()) }
        #expect(fault?.code == "revision.unknown")
    }

    @Test func aMissingFileIsNamed() async throws {
        let project = try await TestRepository().project(revision: .file(path: "/nonexistent/REVISION"))
        let fault = try await fault { _ = try await DeployedRevision.read(project, labels: Labels()) }
        #expect(fault?.message.contains("/nonexistent/REVISION") == true)
    }

    @Test func aLabelNamesIt() async throws {
        let project = try await TestRepository().project(revision: .label("version"))
        #expect(try await DeployedRevision.read(project, labels: Labels(["version": "v2"])) == "v2")
        #expect(try await fault { _ = try await DeployedRevision.read(project, labels: Labels()) } != nil)
    }

    @Test func aCommandNamesIt() async throws {
        let repository = try await TestRepository()
        let good = repository.project(revision: .command(["/usr/bin/printf", "%s\\n", "v3"]))
        #expect(try await DeployedRevision.read(good, labels: Labels()) == "v3")
        for command in [["/usr/bin/false"], ["printf", "v3"], ["/nonexistent/x"], []] {
            let bad = repository.project(revision: .command(command))
            let fault = try await fault { _ = try await DeployedRevision.read(bad, labels: Labels()) }
            #expect(fault != nil)
            #expect(fault?.description.contains("Error") == false, "a sentence, not a type")
        }
    }
}
