import Model
import Runbooks
import Testing

// Approvals and restarts of the daemon.
extension DecideTests {
    static let approvals: [DecideCase] = [
        .init(
            "one approval, then the guards again", Play.runbook(restart),
            ["guards", "ask run", "guards", "perform restart/1"]
        ) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request())))
            $0.approve("ada", uid: 1)
            $0.take(.guarded(.passed(note: "")))
            #expect($0.state.grant?.by.map(\.name) == ["ada"])
        },
        .init("of another plan is none", Play.runbook(restart), ["guards", "ask run"]) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request())))
            $0.approve("ada", uid: 1, plan: "q")
        },
        .init("high risk needs two persons", Play.runbook(restart, risk: "high"), ["guards", "ask run", "guards"]) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request(needs: 2))))
            $0.approve("ada", uid: 1)
            $0.approve("ada", uid: 1)
            $0.approve("root", uid: 0)
            #expect($0.effects.count == 2, "the same person, or root as the second, is not enough")
            $0.approve("bob", uid: 2)
        },
        .init("the executor's count is the one that counts", Play.runbook(restart), ["guards", "ask run", "guards"]) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request())))
            $0.approve("ada", uid: 1, remaining: 1)
            #expect($0.effects.count == 2)
            $0.approve("bob", uid: 2, remaining: 0)
        },
        .init(
            "rejected: refused", Play.runbook(restart), ["guards", "ask run", "end refused approval"],
            says: "ada rejected it: not now"
        ) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request())))
            $0.take(.rejected(path: "run", by: Approver(name: "ada", uid: 1), why: "not now"))
        },
        .init(
            "expired: refused", Play.runbook(restart), ["guards", "ask run", "end refused approval"],
            says: "nobody approved within 30m"
        ) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request())))
            $0.expire()
        },
        .init("the signal ended: cancelled", Play.runbook(restart), ["guards", "ask run", "end cancelled"]) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request())))
            $0.take(.signal(incident: "i1", stands: false))
        },
    ]

    static let restarts: [DecideCase] = [
        .init("guards not answered: asked again", Play.runbook(restart), ["guards", "guards"]) {
            $0.create()
            $0.take(.restarted(downtime: .seconds(5)))
        },
        .init(
            "INTENT without START: performed under the same key", Play.runbook(restart), begin + ["perform restart/1"]
        ) {
            $0.admit()
            $0.take(.restarted(downtime: .seconds(5)))
        },
        .init("START without RESULT: probed", Play.runbook(dump), ["guards", "perform dump/1", "probe dump/1"]) {
            $0.admit()
            $0.start("dump")
            $0.take(.restarted(downtime: .seconds(5)))
        },
        .init(
            "still running: awaited", Play.runbook(dump),
            ["guards", "perform dump/1", "probe dump/1", "await dump/1", "collect dump/1"]
        ) {
            $0.admit()
            $0.start("dump")
            $0.take(.restarted(downtime: .seconds(5)))
            $0.probe("dump", .running)
            $0.result("dump", .done([:]))
        },
        .init(
            "the probe knows the result", Play.runbook(dump),
            ["guards", "perform dump/1", "probe dump/1", "collect dump/1", "escalate", "end escalated"]
        ) {
            $0.admit()
            $0.start("dump")
            $0.take(.restarted(downtime: .seconds(5)))
            $0.probe("dump", .result(.failed("exit 1")))
        },
        .init(
            "it never began: the next attempt, whatever the step", Play.runbook(dump),
            ["guards", "perform dump/1", "probe dump/1", "perform dump/2"]
        ) {
            $0.admit()
            $0.start("dump")
            $0.take(.restarted(downtime: .seconds(5)))
            $0.probe("dump", .void)
        },
        .init(
            "unknown and not retry_safe: never again", Play.runbook(dump),
            ["guards", "perform dump/1", "probe dump/1", "collect dump/1", "escalate", "end escalated"],
            says: "the outcome of dump is unknown: rebooted"
        ) {
            $0.admit()
            $0.start("dump")
            $0.take(.restarted(downtime: .seconds(5)))
            $0.probe("dump", .unknown("rebooted"))
        },
        .init(
            "a wait goes on, and an overdue timer fires at once", Play.runbook("- {name: nap, wait: 5s}\n" + restart),
            ["guards", "perform restart/1"]
        ) {
            $0.admit()
            $0.wait(.seconds(60))
            $0.boot = "1"
            $0.now = .seconds(1060)
            $0.take(.restarted(downtime: .seconds(55)))
            #expect($0.state.timer?.isDue(at: $0.stamp) == true)
            $0.take(.timer(.wait))
        },
        .init("a question is asked again", Play.runbook(restart), ["guards", "ask run", "ask run"]) {
            $0.create()
            $0.take(.guarded(.needsApproval(Play.request())))
            $0.take(.restarted(downtime: .seconds(5)))
        },
        .init(
            "the proof: `for` begins anew, `within` grows by the downtime, once", Play.runbook(restart),
            begin + ["end resolved"]
        ) {
            $0.admit()
            $0.does("restart")
            $0.watch(true)
            $0.wait(.seconds(8))
            $0.take(.restarted(downtime: .seconds(20)))
            #expect($0.state.watch?.holdingSince == nil && $0.state.watch?.within == .seconds(80))
            $0.take(.restarted(downtime: .seconds(20)))
            #expect($0.state.watch?.within == .seconds(80))
            $0.wait(.seconds(5))
            $0.prove()
        },
    ]
}
