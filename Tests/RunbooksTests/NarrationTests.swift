import Model
import Testing

@testable import Runbooks

@Suite("What a person reads")
struct NarrationTests {
    /// The lines of a whole play: `kind text`, and the state that a line sets in brackets.
    func told(_ runbook: String, _ body: (inout Play) -> Void) throws -> [String] {
        var play = try Play(runbook)
        body(&play)
        var state = RunState(definition: play.state.definition)
        var lines: [TimelineLine] = []
        for (event, stamp) in play.history {
            let (next, effects) = decide(state, event, now: stamp)
            lines += Narration.lines(of: event, before: state, after: next, effects: effects, now: stamp)
            state = next
        }
        #expect(lines.allSatisfy { $0.runbook == "play" && !$0.evidence.isEmpty })
        return lines.map { "\($0.kind.rawValue) \($0.text)\($0.state.map { " [\($0.rawValue)]" } ?? "")" }
    }

    @Test("a repair")
    func repair() throws {
        let lines = try told(Play.runbook(DecideTests.restart)) {
            $0.create()
            $0.take(.guarded(.passed(note: "limits: 1 of 3 in 1h")))
            $0.take(.started(key: $0.key("restart"), boot: nil, invocationBefore: "0fe2aaaaaaaaaa31"))
            $0.result(
                "restart",
                .done([
                    "active_state": "active", "invocation_after": "51c0bbbbbbbbbb9b",
                    "invocation_before": "0fe2aaaaaaaaaa31",
                ]))
            $0.prove()
        }
        #expect(
            lines == [
                "intent systemd restart web.service; limits: 1 of 3 in 1h [acting]",
                "start systemd restart web.service; InvocationID before 0fe2…31 [acting]",
                "result restart: done; active, InvocationID 51c0…9b (was 0fe2…31)",
                "verify waits until up == 1 for 10s, at most 1m [verifying]", "verify up == 1 holds",
                "verify up == 1 for 10s", "note resolved [resolved]",
            ])
    }

    @Test("what a gate saw is evidence, ten lines of it; the sentences stay sentences")
    func gate() throws {
        let proof = (1...15).map { "line \($0) " + String(repeating: "x", count: 300) }
        let outcome = Outcome.failed((["tests-pass: race_test fails"] + proof).joined(separator: "\n"))
        var play = try Play(Play.pipeline(DecideTests.checkout))
        play.admit()
        play.does("checkout", outcome)
        var state = RunState(definition: play.state.definition)
        var lines: [TimelineLine] = []
        for (event, stamp) in play.history {
            let (next, effects) = decide(state, event, now: stamp)
            lines += Narration.lines(of: event, before: state, after: next, effects: effects, now: stamp)
            state = next
        }
        #expect(lines.allSatisfy { !$0.text.contains("line 1 ") }, "\(lines.map(\.text))")
        #expect(lines.contains { $0.kind == .escalate && $0.text.contains("tests-pass: race_test fails") })
        let line = try #require(lines.first { $0.text == "checkout: failed; tests-pass: race_test fails" })
        let seen = try #require(line.evidence.first { $0.kind == .gate })
        let shown = seen.text.split(separator: "\n")
        #expect(seen.reference == "checkout" && shown.count == 10 && shown.allSatisfy { $0.count == 200 })
        #expect(shown.first?.hasPrefix("line 1 ") == true && line.evidence.contains { $0.kind == .ledger })
        #expect(outcome.proof.map(String.init) == proof, "the history has all of it")
        #expect(outcome.sentence == "failed: tests-pass: race_test fails" && Outcome.failed("x").proof.isEmpty)
    }

    @Test("a repair that does not help is taken back and escalated")
    func escalated() throws {
        let lines = try told(Play.runbook(DecideTests.dump, tail: DecideTests.undo)) {
            $0.admit()
            $0.start("dump")
            $0.expire()
            $0.result("dump", .cancelled("stopped"))
            $0.does("undo.dump")
        }
        #expect(
            lines == [
                "intent run /bin/dump web.service [acting]", "start run /bin/dump web.service [acting]",
                "note dump is past its 1m; it is stopped", "result dump: cancelled; stopped",
                "undo run /bin/undump [acting]", "undo run /bin/undump [acting]", "undo undo.dump: done",
                "escalate dump timed out [escalated]",
            ])
    }

    @Test("persons: what is asked, who said what")
    func persons() throws {
        let lines = try told(Play.runbook(DecideTests.restart)) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request(needs: 2))))
            $0.approve("ada", uid: 1)
            $0.approve("bob", uid: 2)
        }
        #expect(
            lines == [
                "approval waits at most 30m for 2 persons to approve plan p [awaiting_approval]",
                "approval ada approved plan p, and more must", "approval bob approved plan p [acting]",
            ])
    }

    @Test("refusals, waits, halts, restarts")
    func others() throws {
        #expect(
            try told(Play.runbook(DecideTests.restart)) {
                $0.create()
                $0.take(.guarded(.busy(unit: "web.service", holder: "r0")))
                $0.take(.guarded(.busy(unit: "web.service", holder: "r0")))
                $0.take(.guarded(.refused(guard: "cooldown", text: "too soon")))
            } == ["note waits for run r0, which holds web.service", "note refused by cooldown: too soon"])
        #expect(
            try told(Play.runbook(DecideTests.dump)) {
                $0.admit()
                $0.start("dump")
                $0.take(.restarted(downtime: .seconds(5)))
                $0.probe("dump", .running)
                $0.take(.halted(by: "ada", why: "stop"))
                $0.result("dump", .done(["exit": 0]))
            }.dropFirst(2) == [
                "note Nightshift began anew after 5s and takes the run up again", "note dump: asks what became of it",
                "note dump is still running; its result is awaited",
                "note halted by ada: stop; what has started is awaited, nothing else starts",
                "result dump: done; exit status 0",
                "escalate halted by ada: stop; dump ended as done [escalated]",
            ])
    }

    @Test("retries, skips and messages")
    func steps() throws {
        let steps =
            DecideTests.retried + "\n- {name: skipped, wait: 1s, if: 'false'}\n- {name: tell, notify: {to: x, text: y}}"
        let lines = try told(Play.runbook(steps)) {
            $0.admit()
            $0.does("dump", .failed("exit status 1"))
            $0.expire()
            $0.does("dump", .done(["exit": 0]), 2)
            $0.result("tell", .done([:]))
        }
        #expect(
            lines == [
                "intent run /bin/dump [acting]", "start run /bin/dump [acting]", "result dump: failed; exit status 1",
                "note dump is tried again in 2s, 3 attempts at most", "intent run /bin/dump [acting]",
                "start run /bin/dump, attempt 2 [acting]", "result dump: done; exit status 0",
                "note skipped is skipped: its condition does not hold", "intent notify x [acting]", "note told x",
                "verify waits until up == 1 for 10s, at most 1m [verifying]",
            ])
    }

    @Test("agents have a kind of line of their own, and rounds are counted")
    func agents() throws {
        let steps = """
            - name: rounds
              repeat: {until: 'eq $steps.review.result.blocking 0', at_most: 2}
              steps:
                - {name: review, agent: {role: review}}
                - {name: test, if: 'gt $steps.review.result.blocking 0', repository: {test: payments, expect: passes}}
            """
        let lines = try told(Play.pipeline(steps + "\n" + DecideTests.child)) {
            $0.admit()
            $0.does("rounds[1].review", .done(["findings": [["severity": "blocking"]], "blocking": 1]))
            $0.does("rounds[1].test", .done(["passed": 12, "failed": 0, "tests": 12]))
            $0.does("rounds[2].review", .failed("budget: 1 USD for an incident"))
        }
        #expect(
            lines == [
                "agent rounds[1].review: agent review [acting]", "agent rounds[1].review: done; 1 finding, 1 blocking",
                "agent rounds[1].test: repository test payments passes 1 of 1 [acting]",
                "agent rounds[1].test: done; passed 12, failed 0, of 12 tests", "note rounds: round 2 of at most 2",
                "agent rounds[2].review: agent review [acting]",
                "agent rounds[2].review: failed; budget: 1 USD for an incident",
                "escalate rounds[2].review failed: budget: 1 USD for an incident [escalated]",
            ])
    }

    @Test("a sub-run says how it ended, and leaves the incident to its parent")
    func subrun() throws {
        let lines = try told(Play.pipeline(DecideTests.stage)) {
            $0.parent = EffectKey(run: "r0", path: "child", attempt: 1)
            $0.admit()
            $0.start("stage")
            $0.take(.withdrawn(by: "run r0", why: "past its time"))
            $0.result("stage", .done(["exit": 0]))
        }
        #expect(
            lines == [
                "intent deploy test staging payments [acting]", "start deploy test staging payments [acting]",
                "note withdrawn by run r0: past its time; what has started is stopped",
                "result stage: done; exit status 0", "note escalated: withdrawn by run r0: past its time",
            ])
    }

    @Test(
        "what a result says in a line",
        arguments: [
            (
                ["facts": [1, 2], "proposal": ["kind": "fix", "project": "pay", "text": "a\nrace"]],
                ["2 facts", "proposes fix pay: a race"]
            ), (["hypotheses": [["cause": "a lost update"]]], ["first cause: a lost update"]),
            (["edits": [1], "explanation": "one statement"], ["1 edit", "one statement"]),
            (["odd": 1], []), ("text", []),
        ] as [(JSONValue, [String])])
    func results(result: JSONValue, words: [String]) { #expect(result.agentWords == words) }

    @Test("a diagnosis stands there with its causes and what they rest on")
    func causes() {
        let result: JSONValue = [
            "hypotheses": [
                [
                    "cause": "a lost\nupdate", "because": "two writers", "confidence": 0.9,
                    "citations": [["id": "T3", "quote": "balance, number"], ["id": "T1", "quote": "UNIQUE"]],
                ],
                ["cause": "slow disk", "because": "load", "confidence": 0.1, "citations": []],
            ]
        ]
        #expect(
            result.causes == [
                Evidence(.cause, "0.9", "a lost update\ntwo writers\nT3: balance, number\nT1: UNIQUE"),
                Evidence(.cause, "0.1", "slow disk\nload"),
            ])
        #expect(JSONValue.object(["findings": []]).causes.isEmpty)
    }

    /// Another process wrote it; what trapped here would trap again at every start.
    @Test(
        "a test step's result of any numbers",
        arguments: [(1e300, "1e+300"), (-1, "-1"), (.nan, "nan"), (.infinity, "inf"), (12, "12")] as [(Double, String)])
    func wildCounts(number: Double, text: String) {
        let step = RenderedStep.repository(
            RenderedRepository(project: "payments", action: .test(expect: .passes, times: 1)))
        let result: JSONValue = ["passed": .number(number), "failed": "none", "tests": .number(number)]
        #expect(Outcome.done(result).told(step) == "done; passed \(text), failed none, of \(text) tests")
    }
}
