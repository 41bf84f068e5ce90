import Model
import Runbooks
import Testing

// Proof, undo and halt.
extension DecideTests {
    static let proof: [DecideCase] = [
        .init(
            "held for long enough: resolved", Play.runbook(restart), begin + ["end resolved"],
            says: "proven by up == 1 for 10s"
        ) {
            $0.admit()
            $0.does("restart")
            $0.watch(false)
            $0.prove()
        },
        .init("broken in between: begins anew", Play.runbook(restart), begin) {
            $0.admit()
            $0.does("restart")
            $0.watch(true)
            $0.wait(.seconds(9))
            $0.watch(false)
            $0.wait(.seconds(5))
            $0.watch(true)
            $0.wait(.seconds(9))
            $0.watch(true)
        },
        .init(
            "not in time: escalated", Play.runbook(restart), begin + ["escalate", "end escalated"],
            says: "did not hold for 10s within 1m"
        ) {
            $0.admit()
            $0.does("restart")
            $0.expire()
        },
        .init(
            "not in time: undone in reverse, then escalated",
            Play.runbook([dump, post, restart].joined(separator: "\n"), tail: undo),
            [
                "guards", "perform dump/1", "collect dump/1", "perform post/1", "perform restart/1",
                "perform undo.post/1", "perform undo.dump/1",
                "collect undo.dump/1", "escalate", "end escalated",
            ], says: "did not hold"
        ) {
            $0.admit()
            for path in ["dump", "post", "restart"] { $0.does(path) }
            $0.expire()
            $0.does("undo.post")
            $0.does("undo.dump")
        },
        .init(
            "undo leaves out what failed or was skipped",
            Play.runbook(
                "- {name: a, run: [/bin/a], on_error: continue, undo: {run: [/bin/b]}}\n"
                    + "- {name: b, run: [/bin/a], if: 'false', undo: {run: [/bin/b]}}",
                tail: undo),
            ["guards", "perform a/1", "collect a/1", "escalate", "end escalated"]
        ) {
            $0.admit()
            $0.does("a", .failed("x"))
            $0.expire()
        },
        .init(
            "an undo that fails stops the undoing", Play.runbook([dump, post].joined(separator: "\n"), tail: undo),
            [
                "guards", "perform dump/1", "collect dump/1", "perform post/1", "perform undo.post/1", "escalate",
                "end escalated",
            ], says: "so the rest was not taken back"
        ) {
            $0.admit()
            $0.does("dump")
            $0.does("post", .timedOut)
            $0.does("undo.post", .failed("no"))
        },
        .init(
            "an unknown undo is not tried again", Play.runbook(dump, tail: undo),
            [
                "guards", "perform dump/1", "collect dump/1", "perform undo.dump/1", "collect undo.dump/1", "escalate",
                "end escalated",
            ], says: "the outcome of undo.dump is unknown"
        ) {
            $0.admit()
            $0.does("dump")
            $0.expire()
            $0.does("undo.dump", .unknown("?"))
        },
        .init(
            "a refused undo stops the undoing", Play.runbook(dump, tail: undo),
            ["guards", "perform dump/1", "collect dump/1", "perform undo.dump/1", "escalate", "end escalated"],
            says: "was refused by digest"
        ) {
            $0.admit()
            $0.does("dump")
            $0.expire()
            $0.result("undo.dump", .refused(guard: "digest", text: "no longer installed"))
        },
    ]

    static let halts: [DecideCase] = [
        .init(
            "before anything: escalated", Play.runbook(restart), ["guards", "escalate", "end escalated"],
            says: "halted by ada: stop"
        ) {
            $0.create()
            $0.take(.halted(by: "ada", why: "stop"))
        },
        .init(
            "an intent that has not started: escalated", Play.runbook(restart), begin + ["escalate", "end escalated"]
        ) {
            $0.admit()
            $0.take(.halted(by: "ada", why: "stop"))
        },
        .init(
            "a started step is not interrupted, and nothing follows it",
            Play.runbook(dump + "\n" + restart, tail: undo),
            ["guards", "perform dump/1", "collect dump/1", "escalate", "end escalated"],
            says: "halted by ada: stop; dump ended as done"
        ) {
            $0.admit()
            $0.start("dump")
            $0.take(.halted(by: "ada", why: "stop"))
            #expect($0.state.end == nil)
            $0.result("dump", .done([:]))
        },
        .init(
            "nor tried again", Play.runbook(retried),
            ["guards", "perform dump/1", "collect dump/1", "escalate", "end escalated"]
        ) {
            $0.admit()
            $0.start("dump")
            $0.take(.halted(by: "ada", why: "stop"))
            $0.result("dump", .failed("x"))
        },
        .init("while the proof is awaited: escalated", Play.runbook(restart), begin + ["escalate", "end escalated"]) {
            $0.admit()
            $0.does("restart")
            $0.take(.halted(by: "ada", why: "stop"))
        },
        .init(
            "an undo under way ends, and no other follows",
            Play.runbook([dump, post].joined(separator: "\n"), tail: undo),
            [
                "guards", "perform dump/1", "collect dump/1", "perform post/1", "perform undo.post/1", "escalate",
                "end escalated",
            ]
        ) {
            $0.admit()
            $0.does("dump")
            $0.does("post")
            $0.expire()
            $0.start("undo.post")
            $0.take(.halted(by: "ada", why: "stop"))
            $0.result("undo.post", .done([:]))
        },
        .init(
            "the engine's own failure escalates", Play.runbook(restart), begin + ["escalate", "end escalated"],
            says: "could not go on"
        ) {
            $0.admit()
            $0.take(.broken("the history cannot be read"))
        },
    ]
}
