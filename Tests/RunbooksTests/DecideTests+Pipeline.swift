import Model
import Runbooks
import Testing

// The pipeline's kinds of step, and what decides where there is no `verify`.
extension DecideTests {
    static let look = "- {name: look, agent: {role: root-cause, inputs: {unit: $labels.unit}}}"
    static let checkout = "- {name: checkout, repository: {checkout: '{{ $params.project }}'}}"
    static let stage = "- {name: stage, deploy: {test: staging, project: '{{ $params.project }}'}}"
    static let produce = """
        - name: produce
          deploy: {to: production, project: '{{ $params.project }}', revision: abc}
          undo: {deploy: {rollback: production, project: '{{ $params.project }}'}}
        """
    static let child = "- {name: child, runbook: {name: stage, parameters: {project: '{{ $params.project }}'}}}"
    private static let watched = "verify: {expr: '{{ $project.watch }}', for: '{{ $project.watch_for }}'}"
    private static let lookThenStage = ["guards", "perform look/1", "perform stage/1"]

    static let pipeline: [DecideCase] = [
        .init(
            "agent: its inputs are values, and its result is read by later steps",
            Play.pipeline(look + "\n- {name: tell, notify: {to: x, text: '{{ $steps.look.result.why }}'}}\n" + stage),
            ["guards", "perform look/1", "perform tell/1"]
        ) {
            $0.admit()
            #expect(
                $0.lastEffects == [
                    .perform(
                        key: $0.key("look"),
                        step: .agent(RenderedAgent(role: "root-cause", inputs: ["unit": "web.service"])))
                ])
            $0.does("look", .done(["why": "a race"]))
            #expect($0.lastEffects == [.perform(key: $0.key("tell"), step: .notify(to: "x", text: "a race"))])
            #expect(!$0.state.hasActed)
        },
        .init(
            "agent: a gate that stops it ends the steps", Play.pipeline(look + "\n" + stage),
            ["guards", "perform look/1", "escalate", "end escalated"],
            says: "look failed: citation: the quote is not in log-9"
        ) {
            $0.admit()
            $0.does("look", .failed("citation: the quote is not in log-9"))
        },
        .init(
            "agent: unknown is the next attempt, within the transcript's budget", Play.pipeline(look + "\n" + stage),
            ["guards", "perform look/1", "perform look/2"]
        ) {
            $0.admit()
            $0.does("look", .unknown("the process is gone"))
        },
        .init(
            "agent: past its timeout it is cancelled", Play.pipeline(look + "\n" + stage),
            ["guards", "perform look/1", "cancel look/1", "escalate", "end escalated"], says: "look timed out"
        ) {
            $0.admit()
            $0.start("look")
            $0.expire()
            $0.result("look", .cancelled("stopped"))
        },
        .init(
            "repository: unknown is the next attempt: git itself knows", Play.pipeline(checkout + "\n" + stage),
            ["guards", "perform checkout/1", "perform checkout/2", "perform stage/1"]
        ) {
            $0.admit()
            $0.does("checkout", .unknown("the process is gone"))
            $0.does("checkout", .done([:]), 2)
        },
        .init(
            "deploy: a unit that is kept until its result is on disk; the test's exit is the proof",
            Play.pipeline(stage), ["guards", "perform stage/1", "collect stage/1", "end resolved"],
            says: "proven by stage"
        ) {
            $0.admit()
            $0.does("stage", .done(["exit": 0]))
        },
        .init(
            "deploy: a failure on staging names its gate", Play.pipeline(stage),
            ["guards", "perform stage/1", "collect stage/1", "escalate", "end escalated"],
            says: "staging: stage failed: exit status 1"
        ) {
            $0.admit()
            $0.does("stage", .failed("exit status 1"))
        },
        .init(
            "deploy: unknown is never repeated on a guess", Play.pipeline(produce, tail: watched),
            ["guards", "perform produce/1", "collect produce/1", "escalate", "end escalated"], says: "is unknown"
        ) {
            $0.project = ["watch": "up == 1", "watch_for": "30s"]
            $0.admit()
            $0.does("produce", .unknown("rebooted"))
        },
        .init(
            "deploy: the project's watch proves it", Play.pipeline(produce, tail: watched),
            ["guards", "perform produce/1", "collect produce/1", "end resolved"], says: "proven by up == 1 for 30s"
        ) {
            $0.project = ["watch": "up == 1", "watch_for": "30s"]
            $0.admit()
            $0.does("produce")
            #expect($0.state.watch?.within == .seconds(90), "without `within`: twice, and at least a minute more")
            $0.watch(true)
            $0.wait(.seconds(30))
            $0.watch(true)
        },
        .init(
            "deploy: where it does not hold, the rollback, and the gate's name",
            Play.pipeline(produce, tail: watched + "\notherwise: [undo, escalate]"),
            [
                "guards", "perform produce/1", "collect produce/1", "perform undo.produce/1", "collect undo.produce/1",
                "escalate", "end escalated",
            ], says: "watch: up == 1 did not hold for 30s within 1m30s"
        ) {
            $0.project = ["watch": "up == 1", "watch_for": "30s"]
            $0.admit()
            $0.does("produce")
            $0.watch(false)
            $0.expire()
            $0.does("undo.produce")
        },
        .init(
            "what is needed of the project is looked at before anything is done", Play.pipeline(produce, tail: watched),
            ["guards", "end refused parameters"], says: "the project's watch is no expression"
        ) {
            $0.project = ["watch": "up ==", "watch_for": "30s"]
            $0.create()
            if case .refused(let name, let text)? = $0.state.facts?.binding {
                $0.take(.guarded(.refused(guard: name, text: text)))
            }
        },
        .init(
            "without `verify`, nothing that acted is nothing that helped",
            Play.pipeline(look + "\n- {name: stage, if: 'false', deploy: {test: staging, project: x}}"),
            ["guards", "perform look/1", "escalate", "end escalated"], says: "there was nothing that play could do"
        ) {
            $0.admit()
            $0.does("look")
        },
        .init(
            "nor is a step before the one that decides",
            Play.pipeline(
                "- {name: run, run: [/bin/x]}\n- {name: stage, if: 'false', deploy: {test: staging, project: x}}"),
            ["guards", "perform run/1", "collect run/1", "escalate", "end escalated"],
            says: "nothing proves that run helped"
        ) {
            $0.admit()
            $0.does("run")
        },
        .init(
            "nor one that failed and was let go on",
            Play.pipeline("- {name: stage, deploy: {test: staging, project: x}, on_error: continue}"),
            ["guards", "perform stage/1", "collect stage/1", "escalate", "end escalated"],
            says: "nothing proves that stage helped"
        ) {
            $0.admit()
            $0.does("stage", .failed("exit status 1"))
        },
        .init(
            "a refusal after work was done is told to a person with what was found",
            Play.pipeline(look + "\n" + stage, tail: "escalate: {show: 'cause: {{ $steps.look.result.why }}'}"),
            lookThenStage + ["escalate", "end escalated"],
            says: "stage was refused by storm: 3 down; cause: a race"
        ) {
            $0.admit()
            $0.does("look", .done(["why": "a race"]))
            $0.result("stage", .refused(guard: "storm", text: "3 down"))
        },
        .init(
            "what there is to show is shown, and no more",
            Play.pipeline(look + "\n" + stage, tail: "escalate: {show: '{{ $steps.look.result.why }}'}"),
            ["guards", "perform look/1", "escalate", "end escalated"], says: "look failed: budget: spent"
        ) {
            $0.admit()
            $0.does("look", .failed("budget: spent"))
            #expect($0.state.end?.text.hasSuffix("spent") == true)
        },
        .init(
            "the end of the signal does not end what a person's incident waits for", Play.pipeline(look + "\n" + stage),
            lookThenStage
        ) {
            $0.create()
            $0.take(.signal(incident: "i1", stands: false))
            $0.take(.guarded(.passed(note: "")))
            $0.does("look")
        },
        .init(
            "a halt waits for what has started and begins nothing else", Play.pipeline(look + "\n" + stage),
            ["guards", "perform look/1", "escalate", "end escalated"], says: "halted by ada: stop; look ended as done"
        ) {
            $0.admit()
            $0.start("look")
            $0.take(.halted(by: "ada", why: "stop"))
            $0.result("look", .done([:]))
        },
    ]
}
