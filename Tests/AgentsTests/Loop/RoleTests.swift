import Model
import Testing
import Text

@testable import Agents

@Suite struct RoleTests {
    static let front = """
        role: review
        description: Reviews.
        tools: [list, read]
        budget: {turns: 3, tokens: 5000, cost: 0.50 USD, wall: 5m}
        result: {type: object, properties: {a: {enum: [1, "1", true, on]}}}
        """

    private static func problems(_ text: String) -> [String] {
        do {
            _ = try Role.parse(text, file: "r.md")
            return []
        } catch {
            return error.all.map { "\($0.place.line):\($0.place.column) \($0.message)" }
        }
    }

    @Test func isRead() throws {
        let role = try Role.parse(
            "---\n\(Self.front)\n---\n\nLook at {{ $inputs.diff }} of {{ $incident.id }}.\n", file: "r.md")
        #expect(role.name == "review")
        #expect(role.description == "Reviews.")
        #expect(role.tools == ["list", "read"])
        #expect(role.material == [])
        #expect(
            role.budget
                == Role.Budget(turns: 3, tokens: 5000, cost: Money(microdollars: 500_000), wall: .seconds(300)))
        #expect(
            role.result.json == ["type": "object", "properties": ["a": ["enum": [1, "1", true, "on"]]]])
        #expect(role.prompt.source == "Look at {{ $inputs.diff }} of {{ $incident.id }}.\n")
        #expect(role.inputsRead == ["diff"])
    }

    @Test(
        arguments: [
            ("", ["1:1 a role begins with a line \"---\", its front matter and another line \"---\""]),
            ("---\nrole: a\n", ["1:1 the front matter is never closed; end it with a line \"---\""]),
            ("---\n---\nx", ["1:1 the front matter is empty"]),
            ("---\n- a\n---\nx", ["2:1 the role needs a mapping (key: value), not a list"]),
            ("---\n\(front)\n---\n \n", ["8:1 the role has no prompt; write it below the second \"---\""]),
            ("---\n\(front)\ntoolz: 1\n---\nx", ["7:1 unknown key \"toolz\" in the role; did you mean \"tools\"?"]),
            (
                "---\nrole: a\n---\nx",
                [
                    "2:1 the role needs \"description\"", "2:1 the role needs \"budget\"",
                    "2:1 the role needs \"result\"",
                ]
            ),
            (
                role("role: review", "role: Re view"),
                [
                    "2:7 a role's name holds lower-case letters, digits and hyphens, not \"Re view\""
                ]
            ),
            (role("tools: [list, read]", "tools: [list, list]"), ["4:8 the tool \"list\" is listed twice"]),
            (
                role("tools: [list, read]", "tools: finish"),
                [
                    "4:8 \"finish\" is every role's tool and is not listed"
                ]
            ),
            (
                role("tools: [list, read]", "tools: [list]\nmaterial: [journal]"),
                [
                    "5:11 a role that reads raw text (\"material\") may have no \"tools\""
                ]
            ),
            (
                role("tools: [list, read]", "material: [jornal]"),
                ["4:12 \"material\" needs journal, not \"jornal\"; did you mean \"journal\"?"]
            ),
            (role("turns: 3", "turns: 0"), ["5:17 \"turns\" needs a whole number from 1 to 200, not \"0\""]),
            (role("wall: 5m", "wall: 0s"), ["5:9 \"wall\" needs some time; zero is not unlimited"]),
            (role("0.50 USD", "0.50 EUR"), ["5:40 \"cost\" needs an amount such as 0.50 USD, not \"0.50 EUR\""]),
            (role(", cost: 0.50 USD", ""), ["5:9 \"budget\" needs \"cost\""]),
            (role("{enum:", "{enumm:"), ["6:41 unknown keyword \"enumm\" in a schema; did you mean \"enum\"?"]),
            (role("type: object,", "type: array,"), ["6:9 a role's result is an object: type: object"]),
            (
                "---\n\(front)\n---\n\nA {{ $params.x }}\nB {{ $inputs.y }}",
                [
                    "9:6 a prompt may read $inputs and $incident, not $params.x"
                ]
            ),
            ("---\n\(front)\n---\nA {{ $inputs.x", ["8:3 this action is never closed; end it with \"}}\""]),
            ("---\nrole: [a\n---\nx", ["2:7 this list is never closed; end it with \"]\""]),
        ] as [(String, [String])])
    func refuses(text: String, problems: [String]) {
        #expect(Self.problems(text) == problems)
    }

    private static func role(_ old: String, _ new: String) -> String {
        "---\n\(front.replacing(old, with: new))\n---\nx"
    }

    @Test func aMissingInputStopsBeforeTheFirstRequest() async throws {
        var stage = Stage()
        stage.roleText = Stage.roleText.replacing("$incident.id", with: "$inputs.plan")
        let client = ScriptedClient([])
        await #expect(throws: Fault.self) { try await stage.run(client) }
        #expect(client.requests.isEmpty)
    }

    @Test func anInputThatThePromptPrintsIsNotRepeated() async throws {
        var stage = Stage()
        stage.roleText = Stage.roleText.replacing("$incident.id", with: "$inputs.plan")
        stage.task.inputs = ["plan": "mend it", "facts": "none"]
        let client = ScriptedClient([.finish(Stage.uncited)])
        _ = try await stage.run(client)
        #expect(client.requests[0].system.hasPrefix("Find out what happened to mend it.\n\nEverything between"))
        #expect(
            client.requests[0].messages[0].parts == [
                .text(
                    "<untrusted-data from=\"incident\">\n{\n  \"id\" : \"I-7\"\n}\n</untrusted-data>\n\n"
                        + "<untrusted-data from=\"facts\">\nnone\n</untrusted-data>\n\nBegin.")
            ])
    }
}
