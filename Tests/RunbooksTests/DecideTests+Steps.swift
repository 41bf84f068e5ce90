import Model
import Runbooks
import Testing

// Steps, their kinds and their timeouts.
extension DecideTests {
    static let steps: [DecideCase] = [
        .init("done: the proof begins", Play.runbook(restart), begin) {
            $0.admit()
            $0.does("restart")
            #expect($0.state.watch?.path == "verify")
        },
        .init(
            "failed: escalated", Play.runbook(restart), begin + ["escalate", "end escalated"],
            says: "restart failed: no"
        ) {
            $0.admit()
            $0.does("restart", .failed("no"))
        },
        .init(
            "timed out by the executor: escalated", Play.runbook(restart), begin + ["escalate", "end escalated"],
            says: "restart timed out"
        ) {
            $0.admit()
            $0.does("restart", .timedOut)
        },
        .init("refused before anything happened: refused", Play.runbook(restart), begin + ["end refused halt"]) {
            $0.admit()
            $0.result("restart", .refused(guard: "halt", text: "halted"))
        },
        .init(
            "refused by the executor after START, with nothing done: refused", Play.runbook(restart),
            begin + ["end refused digest"]
        ) {
            $0.admit()
            $0.does("restart", .refused(guard: "digest", text: "not installed"))
        },
        .init(
            "refused later: what was done is taken back", Play.runbook(dump + "\n" + restart, tail: undo),
            ["guards", "perform dump/1", "collect dump/1", "perform restart/1", "perform undo.dump/1"]
        ) {
            $0.admit()
            $0.does("dump")
            $0.result("restart", .refused(guard: "storm", text: "3 down"))
        },
        .init(
            "cancelled by somebody else: a failure", Play.runbook(restart), begin + ["escalate", "end escalated"],
            says: "was cancelled"
        ) {
            $0.admit()
            $0.does("restart", .cancelled("replaced by another job"))
        },
        .init("unknown, retry_safe: the next attempt", Play.runbook(restart), begin + ["perform restart/2"]) {
            $0.admit()
            $0.does("restart", .unknown("who knows"))
        },
        .init(
            "unknown again and again: given up", Play.runbook(restart),
            begin + ["perform restart/2", "perform restart/3", "perform restart/4", "escalate", "end escalated"]
        ) {
            $0.admit()
            for attempt in 1...4 { $0.does("restart", .unknown("who knows"), attempt) }
        },
        .init(
            "unknown, not retry_safe: escalated, nothing taken back", Play.runbook(dump, tail: undo),
            ["guards", "perform dump/1", "collect dump/1", "escalate", "end escalated"],
            says: "the outcome of dump is unknown: who knows"
        ) {
            $0.admit()
            $0.does("dump", .unknown("who knows"))
        },
        .init(
            "a reload is not retry_safe", Play.runbook(reload),
            ["guards", "perform reload/1", "escalate", "end escalated"]
        ) {
            $0.admit()
            $0.does("reload", .unknown("who knows"))
        },
        .init("a late result of another attempt is ignored", Play.runbook(restart), begin + ["perform restart/2"]) {
            $0.admit()
            $0.does("restart", .unknown("who knows"))
            $0.result("restart", .failed("late"), 1)
        },
        .init("an error before START may retry", Play.runbook(retried), ["guards", "perform dump/1", "perform dump/2"])
        {
            $0.admit()
            $0.result("dump", .failed("out of reach"))
            $0.expire()
        },
        .init(
            "retry: after its pause, doubled, as often as it says", Play.runbook(retried),
            [
                "guards", "perform dump/1", "collect dump/1", "perform dump/2", "collect dump/2", "perform dump/3",
                "collect dump/3",
                "escalate", "end escalated",
            ]
        ) {
            $0.admit()
            $0.does("dump", .failed("a"))
            #expect($0.state.timer?.after == .seconds(2))
            $0.wait(.seconds(1))
            $0.take(.timer(.retry))
            $0.expire()
            $0.does("dump", .timedOut, 2)
            #expect($0.state.timer?.after == .seconds(4))
            $0.expire()
            $0.does("dump", .failed("c"), 3)
        },
        .init(
            "on_error continue: the next step",
            Play.runbook("- {name: dump, run: [/bin/dump], on_error: continue}\n" + restart),
            ["guards", "perform dump/1", "collect dump/1", "perform restart/1"]
        ) {
            $0.admit()
            $0.does("dump", .failed("a"))
        },
        .init(
            "on_error undo: taken back even where otherwise does not say so",
            Play.runbook(dump + "\n- {name: last, run: [/bin/x], on_error: undo}"),
            ["guards", "perform dump/1", "collect dump/1", "perform last/1", "collect last/1", "perform undo.dump/1"]
        ) {
            $0.admit()
            $0.does("dump")
            $0.does("last", .failed("a"))
        },
        .init(
            "a condition that is not true skips its step",
            Play.runbook(dump + "\n- {name: skipped, wait: 1s, if: 'eq $steps.dump.result.exit 1'}\n" + restart),
            ["guards", "perform dump/1", "collect dump/1", "perform restart/1"]
        ) {
            $0.admit()
            $0.does("dump", .done(["exit": 0]))
        },
        .init(
            "reading the result of a skipped step fails the reader",
            Play.runbook(
                "- {name: a, http: {url: 'http://h/'}, if: 'false'}\n"
                    + "- {name: b, notify: {to: x, text: '{{ $steps.a.result.status }}'}}"
            ),
            ["guards", "escalate", "end escalated"], says: "b failed: it could not be rendered"
        ) { $0.admit() },
    ]
}
