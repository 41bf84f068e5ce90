import Model
import Testing

@testable import Agents

@Suite struct RoleSetTests {
    private static func problems(_ files: [(path: String, text: String)], tools: [String]) -> [String] {
        do {
            _ = try RoleSet.parse(files, tools: tools)
            return []
        } catch {
            return error.all.map(\.description)
        }
    }

    @Test func isRead() throws {
        let set = try RoleSet.parse([("roles/detective.md", Stage.roleText)], tools: ["lookup", "shout", "more"])
        #expect(set["detective"]?.tools == ["lookup", "shout"])
        #expect(set["other"] == nil)
    }

    @Test func everyProblemOfEveryFileIsTold() {
        let files: [(path: String, text: String)] = [
            ("a/detective.md", Stage.roleText), ("b/detective.md", Stage.roleText), ("other.md", Stage.roleText),
            ("bad.md", "x"),
        ]
        #expect(
            Self.problems(files, tools: ["lookup", "shout"]) == [
                "b/detective.md:1:1: error: the role \"detective\" is in two files",
                "other.md:1:1: error: the role \"detective\" must stand in detective.md",
                "bad.md:1:1: error: a role begins with a line \"---\", its front matter and another line \"---\"",
            ])
    }

    @Test func aToolMustExist() {
        #expect(
            Self.problems([("detective.md", Stage.roleText)], tools: ["lookups", "shout"]) == [
                "detective.md:1:1: error: there is no tool \"lookup\"; did you mean \"lookups\"?"
            ])
    }
}
