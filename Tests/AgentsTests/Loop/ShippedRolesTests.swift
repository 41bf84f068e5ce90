import Foundation
import Model
import Testing
import Text

@testable import Agents

/// The roles in runbooks/roles.
@Suite struct ShippedRolesTests {
    static let names = ["architect", "code", "fix", "log-analysis", "review", "root-cause", "test"]
    static let code: Set<String> = ["list", "read", "search", "blame"]
    static let host: Set<String> = ["journal", "templates", "metrics", "units", "changes", "history"]

    static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../../../runbooks/roles").standardizedFileURL

    static func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appending(path: name + ".md")), as: UTF8.self)
    }

    private static func role(_ name: String) throws -> Role { try Role.parse(text(name), file: name + ".md") }

    @Test func theseAreAll() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        #expect(files == Self.names.map { $0 + ".md" })
    }

    @Test(arguments: names) func isRead(name: String) throws {
        let role = try Self.role(name)
        #expect(role.name == name)
        #expect(Set(role.tools).isSubset(of: Self.code.union(Self.host)))
        #expect(role.material == (name == "log-analysis" ? [.journal] : []))
        // Its inputs come as data; nothing that others wrote stands in the prompt.
        #expect(role.prompt.isLiteral)
        #expect(role.result.isClosed, "a result has no names but those of its schema")
        #expect(role.budget.cost <= Money(microdollars: 2_000_000) && role.budget.wall <= .seconds(1200))
    }

    @Test func onlyTheReaderOfTheLogHasNoTools() throws {
        for name in Self.names { #expect(try Self.role(name).tools.isEmpty == (name == "log-analysis")) }
    }

    /// Servers that compile a schema to a grammar refuse longer repetitions (llama.cpp: 2000).
    @Test(arguments: names) func lengthsSuitEveryServer(name: String) throws {
        func lengths(_ value: JSONValue) -> [Double] {
            switch value {
            case .object(let members):
                members.flatMap { key, value in
                    (["maxLength", "maxItems"].contains(key) ? [value.number ?? 0] : []) + lengths(value)
                }
            case .array(let items): items.flatMap(lengths)
            default: []
            }
        }
        let most = lengths(try Self.role(name).result.json).max()
        #expect(try #require(most) <= 2000)
    }

    static let edits: JSONValue = [
        "edits": [["path": "a.py", "search": "", "replace": "x = 1\n"]], "explanation": "It was not there.",
    ]

    @Test(
        arguments: [
            (
                "log-analysis",
                ["facts": [["kind": "error", "text": "It failed.", "quote": "500 at 12", "citation": "T1"]]]
            ),
            ("log-analysis", ["facts": []]),
            (
                "root-cause",
                [
                    "hypotheses": [
                        [
                            "cause": "a race", "because": "two at once", "refuted_by": "one at a time",
                            "confidence": 0.8,
                            "citations": [["id": "T1", "quote": "lost update"]],
                        ]
                    ],
                    "proposal": ["kind": "fix", "project": "payments", "text": "Lock it."],
                ]
            ),
            ("architect", ["summary": "Lock.", "files": ["a.py"], "alternatives": ["None."], "risk": "Slower."]),
            ("test", edits), ("code", edits), ("fix", edits),
            (
                "review",
                [
                    "findings": [["severity": "blocking", "path": "a.py", "line": 3, "text": "No.", "area": "quality"]]
                ]
            ),
        ] as [(String, JSONValue)])
    func takesAResult(name: String, result: JSONValue) throws {
        #expect(try Self.role(name).result.validate(result).map(\.description) == [])
    }

    @Test(
        arguments: [
            (
                "log-analysis", ["facts": [["kind": "error", "text": "It failed."]]],
                ["$.facts[0].quote: is missing", "$.facts[0].citation: is missing"]
            ),
            (
                "log-analysis", ["facts": [["kind": "rumour", "text": "a", "quote": "a", "citation": "T1"]]],
                [
                    "$.facts[0].kind: needs \"error\", \"crash\", \"timeout\", \"resource\", \"restart\", \"deploy\", "
                        + "\"configuration\", \"dependency\", \"load\", \"hostile\", \"other\", not \"rumour\"",
                    "$.facts[0].quote: needs at least 8 characters",
                ]
            ),
            (
                "root-cause", ["hypotheses": [], "proposal": ["kind": "shell", "text": "rm"]],
                [
                    "$.hypotheses: needs at least 1 items",
                    "$.proposal.kind: needs \"runbook\", \"fix\", \"person\", not \"shell\"",
                ]
            ),
            ("code", ["edits": [], "explanation": "-"], ["$.edits: needs at least 1 items"]),
            (
                "review", ["findings": [], "blocking": 0],
                [
                    "$: has the unknown name \"blocking\""
                ]
            ),
        ] as [(String, JSONValue, [String])])
    func refusesAResult(name: String, result: JSONValue, problems: [String]) throws {
        #expect(try Self.role(name).result.validate(result).map(\.description) == problems)
    }

    @Test func aReviewCountsItself() async throws {
        var stage = Stage()
        stage.roleText = String(
            decoding: try Data(contentsOf: Self.folder.appending(path: "review.md")), as: UTF8.self)
        stage.tools = Self.code.map { name in
            AgentTool(name: name, description: "", schema: Stage.schema(["type": "object"])) { _ in ToolResult("") }
        }
        let finding: JSONValue = [
            "severity": "blocking", "path": "a.py", "line": 3, "text": "No.", "area": "quality",
        ]
        let client = ScriptedClient([
            .finish(["findings": [finding], "blocking": 0]), .finish(["findings": [finding]]),
        ])
        guard case .finished(let result) = try await stage.run(client) else {
            Issue.record("the review did not finish")
            return
        }
        #expect(result["blocking"] == 1)
    }
}
