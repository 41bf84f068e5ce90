import Model
import Runbooks
import Testing

/// What is wrong with a definition of the pipeline, and with several of them together.
@Suite("Errors in the pipeline's format")
struct PipelineErrorTests {
    static let wrong: [(old: String, new: String, says: String)] = [
        ("role: root-cause", "role: Root Cause", "\"role\" needs lower-case letters"),
        ("agent: {role: root-cause,", "agent: {", "\"agent\" needs \"role\""),
        ("unit: $labels.unit", "my-unit: $labels.unit", "an input's name needs"),
        ("unit: $labels.unit", "unit: $steps.checkout.result.revision", "not there yet"),
        ("{checkout: '{{ $params.project }}'}", "{}", "exactly one of checkout, apply, test, commit"),
        ("{checkout: '{{ $params.project }}'}", "{checkout: x, times: 3}", "\"checkout\" has no \"times\""),
        ("{checkout: '{{ $params.project }}'}", "{checkout: x, commit: y}", "exactly one of"),
        ("as: fix", "as: edits", "test or fix"), ("edits: $steps.look.result.edits, ", "", "needs \"edits\""),
        ("expect: passes", "expect: pass", "fails or passes"), ("times: 10", "times: 0", "from 1 to 100"),
        ("$steps.commit.result.commit", "$steps.commit.result.comit", "did you mean \"commit\"?"),
        ("$steps.open.result.id", "$steps.open.result.number", "in the result of \"open\"; there is id"),
        ("forge: {open:", "forge: {update:", "\"update\" is not in this version"),
        ("policy: $steps.open.result.low_risk", "policy: $steps.look.result.low_risk", "\"policy\" needs to be"),
        ("policy: $steps.open.result.low_risk", "policy: 'true'", "\"policy\" needs to be"),
        ("{to: production,", "{to: producton,", "did you mean \"production\"?"),
        ("{rollback: production,", "{rollback: staging,", "\"rollback\" needs production"),
        (", revision: '{{ $params.revision }}'", "", "needs \"revision\""),
        (
            "revision: '{{ $params.revision }}'", "revision: '{{ $steps.commit.result.commit }}'",
            "that the helper performs reads only"
        ),
        (
            "revision: '{{ $params.revision }}'", "revision: '{{ $project.name }}'",
            "that the helper performs reads only"
        ),
        ("name: '{{ $steps.look.result.runbook }}'", "name: No Name", "is not the name of a runbook"),
        ("parameters: $steps.look.result.parameters", "parameters: [a]", "needs a mapping"),
        ("at_most: 3", "at_most: 21", "from 1 to 20"),
        ("until: 'eq $steps.test.outcome \"done\"', ", "", "needs \"until\""),
        ("until: 'eq $steps.test.outcome", "until: 'eq $steps.commit.outcome", "not there yet"),
        ("if: eq $steps.look.result.kind", "if: eq $steps.apply.result.kind", "not there yet"),
        (
            "      - name: apply\n", "      - name: apply\n        repeat: {until: 'true', at_most: 2}\n",
            "a group within a group is not in this version"
        ),
        ("  - name: rounds\n", "  - name: rounds\n    timeout: 5m\n", "unknown key \"timeout\" in group 3"),
        ("  - name: rounds\n", "  - name: look\n", "the group's name \"look\" occurs twice"),
        ("      - name: apply\n", "      - name: look\n", "the step's name \"look\" occurs twice"),
        ("  - name: commit\n", "  - name: commit\n    undo: {run: [/bin/x]}\n", "a repository step changes nothing"),
        (
            "  - name: merge\n", "  - name: merge\n    probe: {unit: a.service}\n",
            "the outcome of a forge step is always known"
        ),
        ("for: '{{ $project.watch_for }}'", "for: '{{ $params.project }}'", "exactly one setting"),
        ("within: '{{ $project.watch_within }}'", "within: 0s", "above zero"),
        ("from: abc", "from: '{{ $run.id }}'", "a template here reads $labels, $project, not $run"),
        ("on: []", "on: [[a=\"b\"]]", "parameter \"project\" needs \"from\""),
        ("verify:\n", "parallel: []\nverify:\n", "unknown key \"parallel\""),
    ]

    @Test("each says what was expected", arguments: wrong.indices)
    func error(index: Int) throws {
        let (old, new, says) = Self.wrong[index]
        let text = Samples.changed(PipelineFormatTests.everything, old, to: new)
        let error = try #require(throws: Diagnostics.self) { try Samples.parse(text) }
        #expect(error.description.contains(says), "\(new): \(error)")
        #expect(!error.all.contains { $0.place.line < 1 })
    }

    @Test("a runbook that acts needs a proof, unless its last step is one")
    func proof() throws {
        let deploy = "- {name: a, deploy: {to: staging, project: x, revision: y}}"
        #expect(throws: Diagnostics.self) { try Samples.parse(Play.pipeline(deploy)) }
        #expect(throws: Diagnostics.self) { try Samples.parse(Play.pipeline(DecideTests.stage + "\n" + deploy)) }
        _ = try Samples.parse(Play.pipeline(deploy + "\n" + DecideTests.stage))
        _ = try Samples.parse(Play.pipeline(deploy + "\n" + DecideTests.child))
    }

    // MARK: - All together

    private func named(_ name: String, _ steps: String, parameters: String = "{type: text, from: payments}") throws
        -> Runbook
    {
        try Samples.parse(
            Play.pipeline(steps).replacing("runbook: play\n", with: "runbook: \(name)\n").replacing(
                "{type: text, from: payments}", with: parameters))
    }

    private func begins(_ name: String, _ parameters: String = "{}") -> String {
        "- {name: child, runbook: {name: \(name), parameters: \(parameters)}}"
    }

    @Test("what only all definitions show: names, parameters, circles and depth")
    func set() throws {
        let leaf = try named("leaf", DecideTests.stage)
        let one = try named("one", begins("leaf"))
        let two = try named("two", begins("one"))
        try RunbookSet.check([leaf, one, two])
        try RunbookSet.check([leaf, try named("free", begins("'{{ $params.project }}'"))])
        let cases: [([Runbook], String)] = [
            ([leaf, try named("a", begins("leef"))], "there is no runbook \"leef\"; did you mean \"leaf\"?"),
            ([leaf, try named("a", begins("leaf", "{projct: x}"))], "did you mean \"project\"?"),
            (
                [try named("leaf", DecideTests.stage, parameters: "{type: text}"), one],
                "needs its parameter \"project\""
            ),
            ([try named("a", begins("a"))], "begin each other for ever: a > a"),
            ([try named("a", begins("b")), try named("b", begins("a"))], "for ever: a > b > a"),
            ([leaf, one, two, try named("three", begins("two"))], "at most 3 deep: three > two > one > leaf"),
        ]
        for (definitions, says) in cases {
            let error = try #require(throws: Diagnostics.self) { try RunbookSet.check(definitions) }
            #expect(error.description.contains(says), "\(error)")
        }
    }
}
