import Model
import Testing

@testable import Agents

@Suite struct ProposalTests {
    private static let check = Proposal.check(projects: ["payments", "web"]) { name, parameters in
        guard name == "restart-web" else { return "there is no runbook \"\(name)\"" }
        return parameters == ["unit": "web.service"] ? nil : "\"unit\" may not be that"
    }

    @Test(
        arguments: [
            (["kind": "person", "text": "Look."], nil),
            (["kind": "person", "text": "Look.", "project": "none", "runbook": "none"], nil),
            (["kind": "fix", "text": "Lock.", "project": "payments"], nil),
            (["kind": "fix", "text": "Lock."], "a proposal of the kind fix needs \"project\""),
            (
                ["kind": "fix", "text": "Lock.", "project": "payment"],
                "there is no project \"payment\"; did you mean \"payments\"?"
            ),
            (["kind": "fix", "text": "Lock.", "project": "/etc"], "there is no project \"/etc\""),
            (["kind": "runbook", "text": "Do.", "runbook": "restart-web", "parameters": ["unit": "web.service"]], nil),
            (
                ["kind": "runbook", "text": "Do.", "runbook": "restart-web", "parameters": ["unit": "sshd.service"]],
                "\"unit\" may not be that"
            ),
            (["kind": "runbook", "text": "Do.", "runbook": "rm", "parameters": [:]], "there is no runbook \"rm\""),
            (
                ["kind": "runbook", "text": "Do.", "runbook": "restart-web"],
                "a proposal of the kind runbook needs \"runbook\" and \"parameters\""
            ),
            (["kind": "shell", "text": "Do."], "the diagnosis proposes nothing: its proposal lacks kind or text"),
            (nil, "the diagnosis proposes nothing: its proposal lacks kind or text"),
        ] as [(JSONValue, String?)])
    func isChecked(proposal: JSONValue, problem: String?) async {
        #expect(await Self.check.problem(["hypotheses": [], "proposal": proposal]) == problem)
    }

    @Test func isRead() throws {
        let said: JSONValue = [
            "proposal": ["kind": "runbook", "text": "Do.", "runbook": "restart-web", "parameters": ["unit": "a"]]
        ]
        let proposal = try Proposal(said)
        #expect(proposal.kind == .runbook && proposal.runbook == "restart-web" && proposal.text == "Do.")
        #expect(proposal.parameters == ["unit": "a"] && proposal.project == nil)
    }
}
