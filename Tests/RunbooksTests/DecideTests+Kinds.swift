import Model
import Runbooks
import Testing

// Kinds of step, and timeouts.
extension DecideTests {
    private static let informing = """
        runbook: tell
        description: d
        on: [[alertname="WebDown"]]
        risk: low
        mode: auto
        steps: [{name: tell, notify: {to: x, text: y}}]
        """

    static let kinds: [DecideCase] = [
        .init(
            "run: its unit is kept until the result is on disk", Play.runbook(dump),
            ["guards", "perform dump/1", "collect dump/1"]
        ) {
            $0.admit()
            $0.does("dump")
        },
        .init("http: done", Play.runbook(post), ["guards", "perform post/1"]) {
            $0.admit()
            $0.does("post", .done(["status": 200]))
            #expect($0.state.hasActed)
        },
        .init(
            "http GET: has not acted", Play.runbook("- {name: get, http: {url: 'http://h/'}}\n" + restart),
            ["guards", "perform get/1", "end refused halt"]
        ) {
            $0.admit()
            $0.does("get", .refused(guard: "halt", text: "halted"))
        },
        .init(
            "wait: until its time is over", Play.runbook("- {name: nap, wait: 5s}\n" + restart),
            ["guards", "perform restart/1"]
        ) {
            $0.admit()
            $0.wait(.seconds(4))
            $0.take(.timer(.wait))
            #expect($0.effects == ["guards"], "it is not over yet")
            $0.expire()
        },
        .init(
            "check: holds", Play.runbook("- {name: look, check: up == 1}\n" + restart), ["guards", "perform restart/1"]
        ) {
            $0.admit()
            $0.watch(false, path: "look")
            $0.watch(true, path: "look")
        },
        .init(
            "check: does not hold in time", Play.runbook("- {name: look, check: up == 1, timeout: 5s}\n" + restart),
            ["guards", "escalate", "end escalated"], says: "look failed: up == 1 did not hold within 5s"
        ) {
            $0.admit()
            $0.watch(false, path: "look")
            $0.expire()
        },
        .init(
            "notify: done as soon as it is in the outbox",
            Play.runbook("- {name: tell, notify: {to: x, text: y}}\n" + restart),
            ["guards", "perform tell/1", "perform restart/1"]
        ) {
            $0.admit()
            $0.result("tell", .done([:]))
        },
        .init(
            "approve: goes on when approved", Play.runbook("- {name: sure, approve: {show: Sure}}\n" + restart),
            ["guards", "ask sure", "perform restart/1"]
        ) {
            $0.admit()
            $0.approve("ada", uid: 1, plan: $0.state.question?.plan ?? "", path: "sure")
        },
        .init(
            "approve: not by a word on something else",
            Play.runbook("- {name: sure, approve: {show: Sure}}\n" + restart), ["guards", "ask sure"]
        ) {
            $0.admit()
            $0.approve("ada", uid: 1, plan: "other", path: "sure")
        },
        .init(
            "approve: rejected", Play.runbook("- {name: sure, approve: {show: Sure}}\n" + restart),
            ["guards", "ask sure", "escalate", "end escalated"], says: "ada rejected it: no"
        ) {
            $0.admit()
            $0.take(.rejected(path: "sure", by: Approver(name: "ada", uid: 1), why: "no"))
        },
        .init(
            "approve: expired", Play.runbook("- {name: sure, approve: {show: Sure, expires: 1m}}\n" + restart),
            ["guards", "ask sure", "escalate", "end escalated"], says: "nobody approved within 1m"
        ) {
            $0.admit()
            $0.expire()
        },
        .init(
            "approve: the signal ended", Play.runbook("- {name: sure, approve: {show: Sure}}\n" + restart),
            ["guards", "ask sure", "end cancelled"]
        ) {
            $0.admit()
            $0.take(.signal(incident: "i1", stands: false))
        },
        .init(
            "only informing repairs nothing",
            informing,
            ["guards", "perform tell/1", "escalate", "end escalated"], says: "only informs"
        ) {
            $0.admit()
            $0.result("tell", .done([:]))
        },
    ]

    static let timeouts: [DecideCase] = [
        .init(
            "a run step past its timeout is cancelled, and its result awaited", Play.runbook(dump),
            ["guards", "perform dump/1", "cancel dump/1"]
        ) {
            $0.admit()
            $0.start("dump")
            $0.expire()
            #expect($0.state.running?.path == "dump")
        },
        .init(
            "then it has timed out", Play.runbook(dump, tail: undo),
            ["guards", "perform dump/1", "cancel dump/1", "collect dump/1", "perform undo.dump/1"]
        ) {
            $0.admit()
            $0.start("dump")
            $0.expire()
            $0.result("dump", .cancelled("stopped"))
        },
        .init("a systemd job is only awaited", Play.runbook(restart), begin) {
            $0.admit()
            $0.start("restart")
            $0.expire()
        },
        .init("and what it did late is done", Play.runbook(restart), begin) {
            $0.admit()
            $0.start("restart")
            $0.expire()
            $0.result("restart", .done([:]))
            #expect($0.state.watch != nil)
        },
        .init(
            "a result that does not come is asked for, and in the end unknown", Play.runbook(restart),
            begin + Array(repeating: "probe restart/1", count: 9) + ["escalate", "end escalated"],
            says: "still running long after its timeout"
        ) {
            $0.admit()
            $0.start("restart")
            for _ in 0...RunBounds.overdueRounds { $0.expire() }
        },
    ]
}
