import Delivery
import FoundationEssentials
import Model
import Testing

@testable import Daemon

/// Who has no change to commit has no branch to offer, whatever the agents' process says.
@Suite struct WorkOfferTests {
    static let others: [WorkTask.Step] = [
        .agent(role: "code", file: "code.md", text: "", inputs: [:]), .repository(.checkout),
        .repository(.apply(edits: [], as: .fix)), .repository(.test(expect: .passes, times: 1)),
    ]

    private func fault(_ step: WorkTask.Step, item: String = "1a-1") async throws -> Fault? {
        let folder = try Folder()
        let project = Project(
            name: "payments", units: [], repository: .init(url: folder.path, branch: "main"),
            revision: .label("revision"), paths: .init(allow: ["**"], tests: ["tests/**"], deny: []),
            test: ["make", "test"], report: .tap("-"))
        let incident = WorkIncident(
            id: "1a", name: "A", severity: "critical", summary: "", labels: [:],
            openedAt: Timestamp(seconds: 1_800_000_000), timeline: [])
        let task = WorkTask(
            key: EffectKey(run: "r", path: "a", attempt: 1), step: step, incident: incident, project: project,
            item: item, revision: nil, timeout: .seconds(60))
        let commit = try CommitID(String(repeating: "a", count: 40))
        do throws(Fault) {
            try await task.takeIn(BranchOffer(commit: commit, replacing: nil, pack: Data()), git: try Git())
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: others) func isRefused(step: WorkTask.Step) async throws {
        let fault = try #require(try await fault(step))
        #expect(fault.code == "repository.offer")
        #expect(fault.message.contains("no branch to offer"))
    }

    @Test func aCommitIsTakenToItsProjectsRepository() async throws {
        // It gets as far as the repository, which this folder is not.
        #expect(try await fault(.repository(.commit(message: "Fix")))?.code == "forge.repository")
    }
}
