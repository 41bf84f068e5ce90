import Model
import Testing

@testable import Delivery

/// What a process that died left behind is gone when the next one begins.
@Suite struct AgentsStateTests {
    @Test func whatWasLeftIsSwept() async throws {
        let folder = try TestFolder()
        let kept = ["mirrors/web-1.git/HEAD", "items/1a-1/made", "records/1a-1.json"]
        let left = [
            "mirrors/web-1.git.part/HEAD", "mirrors/web-1.git.lock", "items/1a-1.lock", "items/1b-1.part/made",
            "items/1c-1/made", "records/1a-1.json.part",
        ]
        for name in kept + left { try folder.write("x", to: "state/" + name) }
        try await AgentsState(folder.path + "/state").sweep()
        for name in kept { #expect(folder.has("state/" + name), "\(name)") }
        for name in left { #expect(!folder.has("state/" + name), "\(name)") }
        try await AgentsState(folder.path + "/empty").sweep()
    }
}
