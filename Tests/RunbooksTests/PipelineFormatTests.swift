import FoundationEssentials
import Model
import Testing

@testable import Runbooks

/// The pipeline's part of the format: what is read, what is refused, and what is rendered.
@Suite("The pipeline's format")
struct PipelineFormatTests {
    /// Every kind of step, a group and its rounds.
    static let everything = """
        runbook: pipeline
        description: Does one of each.
        on: []
        parameters:
          project: {type: text, pattern: '[a-z]+'}
          revision: {type: text, from: abc}
        target: project
        risk: low
        mode: auto
        steps:
          - name: look
            agent: {role: root-cause, inputs: {unit: $labels.unit, given: $params, name: '"x"'}}
          - name: checkout
            repository: {checkout: '{{ $params.project }}'}
          - name: rounds
            if: eq $steps.look.result.kind "fix"
            repeat: {until: 'eq $steps.test.outcome "done"', at_most: 3}
            steps:
              - name: apply
                repository: {apply: '{{ $params.project }}', edits: $steps.look.result.edits, as: fix}
              - name: test
                repository: {test: '{{ $params.project }}', expect: passes, times: 10}
                on_error: continue
          - name: commit
            repository: {commit: '{{ $params.project }}', message: 'For {{ $run.incident }}'}
          - name: open
            forge: {open: '{{ $params.project }}', commit: '{{ $steps.commit.result.commit }}', title: t, body: b}
          - name: merge
            forge: {merge-when-approved: '{{ $params.project }}', pr: '{{ $steps.open.result.id }}', policy: $steps.open.result.low_risk}
          - name: child
            runbook: {name: '{{ $steps.look.result.runbook }}', parameters: $steps.look.result.parameters}
          - name: produce
            deploy: {to: production, project: '{{ $params.project }}', revision: '{{ $params.revision }}'}
            undo: {deploy: {rollback: production, project: '{{ $params.project }}'}}
        verify:
          expr: '{{ $project.watch }}'
          for: '{{ $project.watch_for }}'
          within: '{{ $project.watch_within }}'

        """
    static let project: JSONValue = ["watch": "up == 1", "watch_for": "5m", "watch_within": "10m"]
    static let labels: Labels = ["unit": "web.service"]

    private func parse(_ text: String = everything) throws -> Runbook { try Samples.parse(text) }

    @Test("every part is read, in one flat list of steps")
    func everything() throws {
        let runbook = try parse()
        #expect(runbook.isBegunByName && !runbook.matches(Self.labels))
        #expect(
            runbook.steps.map(\.kind.word) == [
                "agent", "repository", "repository", "repository", "repository", "forge", "forge", "runbook", "deploy",
            ])
        #expect(runbook.steps.map(\.timeout.literal) == ["15m", "30m", "30m", "30m", "30m", "10s", "10s", "1d", "10m"])
        #expect(runbook.steps.map(\.retrySafe) == [true, true, true, true, true, false, false, true, false])
        #expect(runbook.steps.filter(\.kind.acts).map(\.name) == ["merge", "child", "produce"])
        #expect(runbook.steps.filter(\.kind.isExecutors).map(\.name) == ["produce"])
        #expect(runbook.groups.map(\.range) == [2..<4])
        #expect(runbook.paths.prefix(5) == ["look", "checkout", "rounds[1].apply", "rounds[1].test", "commit"])
        #expect(runbook.verify?.within == .project("watch_within"))
        #expect(runbook.projectNamesRead == ["watch", "watch_for", "watch_within"])
    }

    @Test(
        "a path leads to a step only where a run can have it",
        arguments: [
            ("look", "look"), ("rounds[1].apply", "apply"), ("rounds[3].apply", "apply"), ("rounds[4].apply", nil),
            ("rounds[0].apply", nil), ("rounds[01].apply", nil), ("apply", nil), ("look[1].apply", nil), ("", nil),
            ("rounds[1].look", nil), ("undo.produce", nil),
        ])
    func paths(path: String, name: String?) throws {
        #expect(try parse().step(at: path)?.name == name)
    }

    @Test("each kind is rendered with all its values")
    func rendered() throws {
        let runbook = try parse()
        let context = RunContext(id: "0a", runbook: "pipeline", target: "pay", directory: "/runs/0a", incident: "4f2a")
        let results: [String: JSONValue] = [
            "look": [
                "outcome": "done",
                "result": [
                    "edits": [["path": "a", "search": "b", "replace": "c"]], "runbook": "stage",
                    "parameters": ["n": 5, "none": nil],
                ],
            ], "commit": ["outcome": "done", "result": ["commit": "c0ffee"]],
            "open": [
                "outcome": "done",
                "result": ["id": 7, "head": "c0ffee", "base": "ba5e", "branch": "b", "lines": 3, "low_risk": false],
            ],
        ]
        func step(_ path: String) throws -> RenderedStep {
            try runbook.renderedStep(
                path: path, parameters: Parameters(["project": "pay", "revision": "abc"]), run: context,
                labels: Self.labels, results: results, project: Self.project)
        }
        let inputs: [String: JSONValue] = [
            "unit": "web.service", "given": ["project": "pay", "revision": "abc"], "name": "x",
        ]
        #expect(try step("look") == .agent(RenderedAgent(role: "root-cause", inputs: inputs)))
        let edits: [JSONValue] = [["path": "a", "search": "b", "replace": "c"]]
        let expected: [(String, RenderedStep, String)] = [
            ("checkout", .repository(.init(project: "pay", action: .checkout)), "repository checkout pay"),
            (
                "rounds[2].apply", .repository(.init(project: "pay", action: .apply(edits: edits, kind: .fix))),
                "repository apply fix pay"
            ),
            (
                "rounds[3].test", .repository(.init(project: "pay", action: .test(expect: .passes, times: 10))),
                "repository test pay passes 10 of 10"
            ),
            (
                "commit", .repository(.init(project: "pay", action: .commit(message: "For 4f2a"))),
                "repository commit pay"
            ),
            (
                "open", .forge(.init(project: "pay", action: .open(commit: "c0ffee", title: "t", body: "b"))),
                "forge open pay"
            ), ("child", .runbook(.init(name: "stage", parameters: ["n": 5], isChosen: true)), "runbook stage n=5"),
            (
                "produce", .deploy(.init(project: "pay", action: .to(.production, revision: "abc"))),
                "deploy to production pay abc"
            ),
            (
                "undo.produce", .deploy(.init(project: "pay", action: .rollback(.production))),
                "deploy rollback production pay"
            ),
        ]
        for (path, wanted, summary) in expected {
            let got = try step(path)
            #expect(got == wanted && got.summary == summary)
            let coded = try JSONDecoder().decode(RenderedStep.self, from: JSONEncoder().encode(got))
            #expect(coded == got)
        }
        #expect(try step("merge").summary == "forge merge pay 7")
    }

    @Test("a plan shows groups, and what is not known yet as it is written")
    func plan() throws {
        let text = try parse().planText(
            parameters: Parameters(["project": "pay", "revision": "abc"]),
            run: RunContext(id: "0", runbook: "pipeline", target: "pay", directory: "/runs/0"), labels: Self.labels,
            project: Self.project)
        for part in [
            "pipeline on pay: Does one of each.", "\n  1. agent root-cause", "\n  2. repository checkout pay",
            "\n  rounds, at most 3 times, until eq $steps.test.outcome \"done\" (only if eq $steps.look.result.kind",
            "\n    3. repository apply fix {{ $params.project }}", "\n    4. repository test pay passes 10 of 10",
            "\n  7. forge merge when approved", "\n  9. deploy to production pay abc",
            "then proven by up == 1 for {{ $project.watch_for }} within",
        ] {
            #expect(text.contains(part), "\(part) is not in\n\(text)")
        }
    }

    @Test(
        "who begins a run by its name gives its parameters, each read by its own type",
        arguments: [
            (["project": "pay"], nil), (["project": "pay", "revision": "abc"], nil), ([:], "has to give it"),
            (["project": "Pay!"], "text that matches"), (["project": ""], "it is empty"),
            (["project": 5], "not a text"),
            (["project": "pay", "revision": "other"], "its author wrote out what it is"),
            (["project": "pay", "extra": "x"], "no parameter \"extra\""),
            (["project": ["pay"]], "not a text"),
        ] as [([String: JSONValue], String?)])
    func given(given: [String: JSONValue], says: String?) throws {
        let binding = try parse().bind(labels: Self.labels, given: given, project: Self.project)
        switch binding {
        case .bound(let parameters):
            #expect(says == nil)
            #expect(parameters == Parameters(["project": "pay", "revision": "abc"]))
            #expect(try parse().validate(parameters) == binding, "the helper takes what the core gives")
        case .refused(_, let text): #expect(says.map { text.contains($0) } ?? false, "\(text)")
        }
    }

    @Test("a list of units comes as text or as a list, and only from the allowed ones")
    func givenUnits() throws {
        let runbook = try Samples.parse(
            Play.pipeline(DecideTests.stage).replacing(
                "{type: text, from: payments}}",
                with:
                    "{type: text, from: payments}, units: {type: list, of: {type: unit, allow: [a.service, b.service]}}, n: {type: integer}}"
            ))
        func bind(_ units: JSONValue, _ n: JSONValue = 3) -> Binding {
            runbook.bind(labels: [:], given: ["units": units, "n": n])
        }
        let bound = Binding.bound(Parameters(["project": "payments", "units": ["a.service", "b.service"], "n": 3]))
        #expect(bind("a.service, b.service") == bound && bind(["a.service", "b.service"], "3") == bound)
        for units: JSONValue in ["c.service", ["a.service", "c.service"], [], .null, ["*"]] {
            guard case .refused = bind(units) else {
                Issue.record("\(units) is bound")
                continue
            }
        }
    }

    @Test(
        "what the project lacks is told before anything is begun",
        arguments: [
            (JSONValue.null, "belongs to no project"), (["watch_for": "5m", "watch_within": "10m"], "no \"watch\""),
            (["watch": "up ==", "watch_for": "5m", "watch_within": "10m"], "watch is no expression"),
            (["watch": "up[5m]", "watch_for": "5m", "watch_within": "10m"], "no condition but a matrix"),
            (["watch": "up == 1", "watch_for": "soon", "watch_within": "10m"], "watch_for is no duration"),
            (["watch": "up == 1", "watch_for": 5, "watch_within": "10m"], "watch_for is no duration"),
            (["watch": "up == 1", "watch_for": "5m", "watch_within": "1m"], "more than its 1m"),
        ] as [(JSONValue, String)])
    func project(project: JSONValue, says: String) throws {
        let binding = try parse().bind(labels: Self.labels, given: ["project": "pay"], project: project)
        guard case .refused("parameters", let text) = binding else {
            Issue.record("it is bound")
            return
        }
        #expect(text.contains(says), "\(text)")
    }

    @Test("what an agent chose is no part of the pipeline, and above low risk a person is asked")
    func chosen() throws {
        var play = try Play(Play.pipeline(DecideTests.child))
        play.create()
        func facts(_ text: String, _ isChosen: Bool) throws -> RunFacts? {
            let runbook = try Samples.parse(text)
            let step = RenderedSubrun(name: runbook.name, parameters: [:], isChosen: isChosen)
            return play.state.factsOfSubrun(play.key("child"), step, runbook, claims: [], directory: "/runs/x")
        }
        let pipeline = Play.pipeline(DecideTests.stage)
        guard case .bound? = try facts(pipeline, false)?.binding else {
            Issue.record("it is begun where its name is written out")
            return
        }
        guard case .refused("parameters", let text)? = try facts(pipeline, true)?.binding else {
            Issue.record("it is not begun where it was chosen")
            return
        }
        #expect(text.contains("only where its name is written out"))
        for (risk, isChosen, mode) in [
            ("low", true, Mode.auto), ("medium", true, .approve), ("medium", false, .auto), ("high", true, .approve),
        ] {
            #expect(try facts(Play.runbook(DecideTests.restart, risk: risk), isChosen)?.mode == mode)
        }
    }

    @Test("a sub-run answers the same incident in the stricter mode, one deeper, under an ID of its own")
    func subrun() throws {
        let stage = try Samples.parse(
            Play.pipeline(DecideTests.stage).replacing("{type: text, from: payments}", with: "{type: text}"))
        var play = try Play(Play.pipeline(DecideTests.child))
        play.project = ["name": "payments"]
        play.create()
        let key = play.key("child")
        let step = RenderedSubrun(name: "stage", parameters: ["project": "payments"])
        let facts = try #require(play.state.factsOfSubrun(key, step, stage, claims: [], directory: "/runs/x"))
        #expect(facts.parent == key && facts.depth == 2 && facts.project == play.project && facts.mode == .auto)
        #expect(facts.incident == "i1" && facts.target == "payments" && facts.id == key.subrunID)
        #expect(facts.id.count == 16 && facts.id != play.key("child", 2).subrunID)
        #expect(facts.binding == .bound(Parameters(["project": "payments"])))
        let coded = try JSONDecoder().decode(RunFacts.self, from: JSONEncoder().encode(facts))
        #expect(coded == facts)
        let observing = try Samples.parse(
            Play.pipeline(DecideTests.stage).replacing("mode: auto", with: "mode: observe"))
        let observed = play.state.factsOfSubrun(
            key, RenderedSubrun(name: "stage", parameters: [:]), observing, claims: [], directory: "")
        #expect(observed?.mode == .observe)
    }
}
