import Model
import Runbooks
import Testing

// Merges that ask first, runs that begin runs, and runs that nobody wants any more.
extension DecideTests {
    private static let opened: JSONValue = [
        "id": 7, "head": "c0ffee", "base": "ba5e", "branch": "nightshift/i1", "lines": 4, "low_risk": false,
    ]
    private static let merge = """
        - {name: open, forge: {open: payments, commit: c0ffee, title: t, body: b}}
        - name: merge
          forge:
            merge-when-approved: payments
            pr: '{{ $steps.open.result.id }}'
            expires: 7d
            by: release
            policy: $steps.open.result.low_risk
            show: One statement
        """
    private static let asked = ["guards", "perform open/1", "ask merge"]

    private static func approve(_ play: inout Play) {
        play.approve("ada", uid: 1, plan: play.state.question?.plan ?? "", path: "merge")
    }

    static let merges: [DecideCase] = [
        .init(
            "a merge asks a person, and then is done under their name", Play.pipeline(merge),
            asked + ["perform merge/1", "end resolved"], says: "proven by merge"
        ) {
            $0.admit()
            $0.does("open", .done(opened))
            let question = $0.state.question
            #expect(question?.by == "release" && question?.expires == .seconds(7 * 86_400) && question?.needs == 1)
            for part in ["pull request 7 of payments", "c0ffee", "ba5e", "4 lines", "One statement"] {
                #expect(question?.text.contains(part) == true)
            }
            approve(&$0)
            guard case .perform(_, .forge(let forge))? = $0.lastEffects.first, case .merge(let merge) = forge.action
            else {
                Issue.record("nothing is merged")
                return
            }
            #expect(merge.by == "ada" && merge.head == "c0ffee" && merge.base == "ba5e" && merge.pr == "7")
            $0.does("merge", .done(["commit": "d00d1e", "by": "ada"]))
        },
        .init(
            "in a definition of high risk two persons are asked, once each",
            Play.pipeline(merge).replacing("risk: low", with: "risk: high"), asked + ["perform merge/1"]
        ) {
            $0.admit()
            $0.does("open", .done(opened))
            approve(&$0)
            approve(&$0)
            #expect($0.effects == asked)
            $0.approve("bob", uid: 2, plan: $0.state.question?.plan ?? "", path: "merge")
        },
        .init("nothing is merged by a word on another plan", Play.pipeline(merge), asked) {
            $0.admit()
            $0.does("open", .done(opened))
            $0.approve("ada", uid: 1, plan: "other", path: "merge")
        },
        .init(
            "rejected: the step fails with the person's why", Play.pipeline(merge),
            asked + ["escalate", "end escalated"], says: "merge failed: approval: ada rejected it: no tests for refunds"
        ) {
            $0.admit()
            $0.does("open", .done(opened))
            $0.take(.rejected(path: "merge", by: Approver(name: "ada", uid: 1), why: "no tests for refunds"))
        },
        .init(
            "expired", Play.pipeline(merge), asked + ["escalate", "end escalated"],
            says: "merge failed: approval: nobody approved within 7d"
        ) {
            $0.admit()
            $0.does("open", .done(opened))
            $0.expire()
        },
        .init("halted while it is asked", Play.pipeline(merge), asked + ["escalate", "end escalated"]) {
            $0.admit()
            $0.does("open", .done(opened))
            $0.take(.halted(by: "ada", why: ""))
        },
        .init("after a restart it is asked again", Play.pipeline(merge), asked + ["ask merge"]) {
            $0.admit()
            $0.does("open", .done(opened))
            $0.take(.restarted(downtime: .seconds(5)))
        },
        .init(
            "and what was approved before is not", Play.pipeline(merge), asked + ["perform merge/1", "perform merge/1"]
        ) {
            $0.admit()
            $0.does("open", .done(opened))
            approve(&$0)
            $0.take(.restarted(downtime: .seconds(5)))
        },
        .init(
            "a merge that never began is tried again under the same approval", Play.pipeline(merge),
            asked + ["perform merge/1", "probe merge/1", "perform merge/2"]
        ) {
            $0.admit()
            $0.does("open", .done(opened))
            approve(&$0)
            $0.start("merge")
            $0.take(.restarted(downtime: .seconds(5)))
            $0.probe("merge", .void)
        },
        .init(
            "a merge whose end is unknown is not", Play.pipeline(merge),
            asked + ["perform merge/1", "escalate", "end escalated"], says: "the outcome of merge is unknown"
        ) {
            $0.admit()
            $0.does("open", .done(opened))
            approve(&$0)
            $0.does("merge", .unknown("who knows"))
        },
        .init(
            "where the forge finds low risk the project's policy stands for the person", Play.pipeline(merge),
            ["guards", "perform open/1", "perform merge/1"]
        ) {
            $0.admit()
            var opened = opened.object ?? [:]
            opened["low_risk"] = true
            $0.does("open", .done(.object(opened)))
            guard case .perform(_, .forge(let forge))? = $0.lastEffects.first, case .merge(let merge) = forge.action
            else { return }
            #expect(merge.by == RenderedMerge.policy)
        },
        .init(
            "a policy that is no plain yes is none", Play.pipeline(merge), asked
        ) {
            $0.admit()
            var opened = opened.object ?? [:]
            opened["low_risk"] = "true"
            $0.does("open", .done(.object(opened)))
        },
        .init(
            "only what this run opened can be merged", Play.pipeline(merge),
            ["guards", "perform open/1", "escalate", "end escalated"], says: "this run opened no pull request"
        ) {
            $0.admit()
            $0.does("open", .done(["id": 7, "low_risk": false]))
        },
    ]

    static let subruns: [DecideCase] = [
        .init(
            "a sub-run that was proven is done, and proves", Play.pipeline(child),
            ["guards", "perform child/1", "end resolved"], says: "proven by child"
        ) {
            $0.admit()
            #expect(
                $0.lastEffects == [
                    .perform(
                        key: $0.key("child"),
                        step: .runbook(RenderedSubrun(name: "stage", parameters: ["project": "payments"])))
                ])
            $0.does("child", RunEnd(.resolved, "proven").outcome(ofSubrun: $0.key("child").subrunID))
        },
        .init(
            "one that was escalated has failed, in its words", Play.pipeline(child),
            ["guards", "perform child/1", "escalate", "end escalated"], says: "child failed: integration failed"
        ) {
            $0.admit()
            $0.does("child", RunEnd(.escalated, "integration failed").outcome(ofSubrun: "x"))
        },
        .init(
            "one that a guard refused is refused", Play.pipeline(child),
            ["guards", "perform child/1", "end refused cooldown"]
        ) {
            $0.admit()
            $0.does("child", RunEnd(.refused, guard: "cooldown", "too soon").outcome(ofSubrun: "x"))
        },
        .init(
            "one that only observed did nothing", Play.pipeline(child),
            ["guards", "perform child/1", "escalate", "end escalated"], says: "it would have done"
        ) {
            $0.admit()
            $0.does("child", RunEnd(.observed, "it would have done: x").outcome(ofSubrun: "x"))
        },
        .init(
            "after a restart the child's history is asked", Play.pipeline(child),
            ["guards", "perform child/1", "probe child/1", "await child/1"]
        ) {
            $0.admit()
            $0.start("child")
            $0.take(.restarted(downtime: .seconds(5)))
            $0.probe("child", .running)
        },
        .init(
            "past its time a child is called back, and waited for however long it takes", Play.pipeline(child),
            ["guards", "perform child/1", "cancel child/1"] + Array(repeating: "probe child/1", count: 40)
        ) {
            $0.admit()
            $0.start("child")
            for _ in 0...40 { $0.expire() }
            #expect($0.state.running == $0.key("child"))
        },
        .init(
            "no deeper than three", Play.pipeline(child), ["guards", "end escalated"],
            says: "runs begin each other at most 3 deep"
        ) {
            $0.depth = 3
            $0.parent = EffectKey(run: "r0", path: "child", attempt: 1)
            $0.admit()
        },
        .init(
            "a sub-run reports to its parent and pages nobody", Play.pipeline(stage),
            [
                "guards", "perform stage/1", "collect stage/1", "end escalated",
            ]
        ) {
            $0.depth = 2
            $0.parent = EffectKey(run: "r0", path: "child", attempt: 1)
            $0.admit()
            $0.does("stage", .failed("exit status 1"))
        },
    ]

    static let withdrawals: [DecideCase] = [
        .init(
            "a sub-run that did nothing is cancelled", Play.pipeline(stage), ["guards", "end cancelled"],
            says: "withdrawn by run r0: past its time"
        ) {
            $0.parent = EffectKey(run: "r0", path: "child", attempt: 1)
            $0.create()
            $0.take(.withdrawn(by: "run r0", why: "past its time"))
        },
        .init(
            "a person's own run is theirs from then on", Play.pipeline(stage), ["guards", "escalate", "end escalated"]
        ) {
            $0.create()
            $0.take(.withdrawn(by: "ada", why: ""))
        },
        .init(
            "what has started is stopped and waited for", Play.pipeline(look + "\n" + stage),
            ["guards", "perform look/1", "cancel look/1", "end cancelled"]
        ) {
            $0.parent = EffectKey(run: "r0", path: "child", attempt: 1)
            $0.admit()
            $0.start("look")
            $0.take(.withdrawn(by: "run r0", why: ""))
            $0.take(.withdrawn(by: "run r0", why: "again"))
            $0.result("look", .done([:]))
        },
        .init(
            "nothing is tried again", Play.pipeline("- {name: look, agent: {role: a}, retry: {attempts: 3}}\n" + stage),
            ["guards", "perform look/1", "cancel look/1", "escalate", "end escalated"]
        ) {
            $0.admit()
            $0.start("look")
            $0.take(.withdrawn(by: "ada", why: ""))
            $0.result("look", .cancelled("stopped"))
        },
        .init(
            "what was deployed is taken back",
            Play.pipeline(produce, tail: "verify: {expr: up == 1, within: 1m}\notherwise: [undo, escalate]"),
            [
                "guards", "perform produce/1", "collect produce/1", "perform undo.produce/1", "collect undo.produce/1",
                "end escalated",
            ]
        ) {
            $0.parent = EffectKey(run: "r0", path: "child", attempt: 1)
            $0.admit()
            $0.does("produce")
            $0.take(.withdrawn(by: "run r0", why: ""))
            $0.take(.withdrawn(by: "run r0", why: "again"))
            $0.does("undo.produce")
        },
        .init(
            "even what ends as it is withdrawn",
            Play.pipeline(produce, tail: "verify: {expr: up == 1, within: 1m}\notherwise: [undo, escalate]"),
            ["guards", "perform produce/1", "cancel produce/1", "collect produce/1", "perform undo.produce/1"]
        ) {
            $0.parent = EffectKey(run: "r0", path: "child", attempt: 1)
            $0.admit()
            $0.start("produce")
            $0.take(.withdrawn(by: "run r0", why: ""))
            $0.result("produce", .done([:]))
        },
        .init("a question is nobody's any more", Play.pipeline(merge), asked + ["escalate", "end escalated"]) {
            $0.admit()
            $0.does("open", .done(opened))
            $0.take(.withdrawn(by: "ada", why: ""))
        },
    ]
}
