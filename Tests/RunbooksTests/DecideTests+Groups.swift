import Model
import Runbooks
import Testing

// Groups and their rounds.
extension DecideTests {
    /// Review until nothing blocks; what blocks is answered.
    private static let rounds = """
        - name: rounds
          repeat: {until: 'eq $steps.review.result.blocking 0', at_most: 3}
          steps:
            - {name: review, agent: {role: review}}
            - {name: answer, if: 'gt $steps.review.result.blocking 0', agent: {role: fix}}
            - {name: put, if: 'gt $steps.review.result.blocking 0', run: [/bin/put], undo: {run: [/bin/unput]}}
        """
    private static func reviewed(_ blocking: Int, in round: Int) -> (String, Outcome) {
        ("rounds[\(round)].review", .done(["blocking": .number(Double(blocking))]))
    }
    private static func round(_ number: Int) -> [String] {
        ["review", "answer", "put"].map { "perform rounds[\(number)].\($0)/1" } + ["collect rounds[\(number)].put/1"]
    }

    static let groups: [DecideCase] = [
        .init(
            "a round that reaches what it is for is the last", Play.pipeline(rounds + "\n" + stage),
            ["guards", "perform rounds[1].review/1", "perform stage/1"]
        ) {
            $0.admit()
            $0.does(reviewed(0, in: 1).0, reviewed(0, in: 1).1)
            #expect($0.state.ended.map(\.path) == ["rounds[1].review", "rounds[1].answer", "rounds[1].put"])
        },
        .init(
            "else there is another, and its results are the latest", Play.pipeline(rounds + "\n" + stage),
            ["guards"] + round(1) + ["perform rounds[2].review/1", "perform stage/1"]
        ) {
            $0.admit()
            $0.does(reviewed(2, in: 1).0, reviewed(2, in: 1).1)
            $0.does("rounds[1].answer", .done(["edits": []]))
            $0.does("rounds[1].put")
            #expect($0.state.round == 2)
            $0.does(reviewed(0, in: 2).0, reviewed(0, in: 2).1)
            #expect($0.state.results["review"]?["result"]?["blocking"] == 0)
            #expect($0.state.results["answer"] == nil, "it was skipped in this round")
        },
        .init(
            "never reached: otherwise", Play.pipeline(rounds + "\n" + stage),
            ["guards"] + round(1) + round(2) + round(3) + ["escalate", "end escalated"],
            says: "rounds: eq $steps.review.result.blocking 0 was not reached after 3 rounds of rounds"
        ) {
            $0.admit()
            for number in 1...3 {
                $0.does(reviewed(1, in: number).0, reviewed(1, in: number).1)
                $0.does("rounds[\(number)].answer")
                $0.does("rounds[\(number)].put")
            }
        },
        .init(
            "what was done in each round is taken back, the last first",
            Play.pipeline(rounds + "\n" + stage, tail: "otherwise: [undo, escalate]"),
            ["guards"] + round(1) + round(2) + [
                "perform rounds[3].review/1", "perform undo.rounds[2].put/1", "collect undo.rounds[2].put/1",
                "perform undo.rounds[1].put/1", "collect undo.rounds[1].put/1", "escalate", "end escalated",
            ]
        ) {
            $0.admit()
            for number in 1...2 {
                $0.does(reviewed(1, in: number).0, reviewed(1, in: number).1)
                $0.does("rounds[\(number)].answer")
                $0.does("rounds[\(number)].put")
            }
            $0.does("rounds[3].review", .failed("budget: spent"))
            $0.does("undo.rounds[2].put")
            $0.does("undo.rounds[1].put")
        },
        .init(
            "what takes a round back reads that round's results",
            Play.pipeline(
                """
                - name: rounds
                  repeat: {until: 'eq $steps.put.result.body "2"', at_most: 2}
                  steps:
                    - name: put
                      http: {method: POST, url: 'http://h/'}
                      undo: {http: {method: POST, url: 'http://h/undo/{{ $steps.put.result.body }}'}}
                """ + "\n" + stage, tail: "otherwise: [undo, escalate]"),
            [
                "guards", "perform rounds[1].put/1", "perform rounds[2].put/1", "perform stage/1", "collect stage/1",
                "perform undo.rounds[2].put/1", "perform undo.rounds[1].put/1",
            ]
        ) {
            $0.admit()
            $0.does("rounds[1].put", .done(["body": "1"]))
            $0.does("rounds[2].put", .done(["body": "2"]))
            $0.does("stage", .failed("exit status 1"))
            $0.does("undo.rounds[2].put")
            guard case .perform(_, .http(let request))? = $0.lastEffects.first else {
                Issue.record("nothing is taken back")
                return
            }
            #expect(request.url == "http://h/undo/1")
        },
        .init(
            "a skipped step's result from an earlier round is none",
            Play.pipeline(
                """
                - name: rounds
                  repeat: {until: 'false', at_most: 2}
                  steps:
                    - {name: first, agent: {role: a}}
                    - {name: once, if: 'eq $steps.first.result.n 1', agent: {role: b}}
                    - {name: last, agent: {role: c, inputs: {n: $steps.once.result.n}}}
                """ + "\n" + stage),
            [
                "guards", "perform rounds[1].first/1", "perform rounds[1].once/1", "perform rounds[1].last/1",
                "perform rounds[2].first/1", "escalate", "end escalated",
            ],
            says: "rounds[2].last failed: it could not be rendered"
        ) {
            $0.admit()
            $0.does("rounds[1].first", .done(["n": 1]))
            $0.does("rounds[1].once", .done(["n": 5]))
            $0.does("rounds[1].last")
            $0.does("rounds[2].first", .done(["n": 2]))
        },
        .init(
            "a group whose condition does not hold is skipped whole",
            Play.pipeline(
                """
                - name: rounds
                  if: eq $params.project "other"
                  steps:
                    - {name: first, agent: {role: a}}
                    - {name: second, agent: {role: b}}
                """ + "\n" + stage), ["guards", "perform stage/1"]
        ) {
            $0.admit()
            #expect($0.state.ended.map(\.path) == ["rounds"])
        },
        .init(
            "without `repeat` it runs once, and two groups follow each other",
            Play.pipeline(
                """
                - name: one
                  steps:
                    - {name: first, agent: {role: a}}
                - name: two
                  steps:
                    - {name: second, agent: {role: b}}
                """ + "\n" + stage),
            ["guards", "perform one[1].first/1", "perform two[1].second/1", "perform stage/1"]
        ) {
            $0.admit()
            $0.does("one[1].first")
            $0.does("two[1].second")
        },
        .init(
            "what cannot be told is not reached",
            Play.pipeline(
                """
                - name: rounds
                  repeat: {until: 'eq $steps.first.result.n 1', at_most: 2}
                  steps: [{name: first, agent: {role: a}}]
                """ + "\n" + stage), ["guards", "perform rounds[1].first/1", "escalate", "end escalated"],
            says: "whether rounds is done cannot be told"
        ) {
            $0.admit()
            $0.does("rounds[1].first", .done([:]))
        },
        .init(
            "attempts are a step's, rounds are the group's",
            Play.pipeline(
                """
                - name: rounds
                  repeat: {until: 'true', at_most: 2}
                  steps: [{name: first, agent: {role: a}, retry: {attempts: 2, backoff: 1s}}]
                """ + "\n" + stage),
            ["guards", "perform rounds[1].first/1", "perform rounds[1].first/2", "perform stage/1"]
        ) {
            $0.admit()
            $0.does("rounds[1].first", .failed("no"))
            $0.expire()
            $0.does("rounds[1].first", .done([:]), 2)
        },
        .init(
            "a restart in a later round goes on there", Play.pipeline(rounds + "\n" + stage),
            ["guards"] + round(1) + ["perform rounds[2].review/1", "probe rounds[2].review/1", "perform stage/1"]
        ) {
            $0.admit()
            $0.does(reviewed(1, in: 1).0, reviewed(1, in: 1).1)
            $0.does("rounds[1].answer")
            $0.does("rounds[1].put")
            $0.start("rounds[2].review")
            $0.take(.restarted(downtime: .seconds(5)))
            $0.probe("rounds[2].review", .result(reviewed(0, in: 2).1))
        },
    ]
}
