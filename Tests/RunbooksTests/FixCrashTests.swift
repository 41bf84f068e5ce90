import Model
import Runbooks
import Testing

/// The driver dies once, at each place where it can: after each stored event and after each thing that it did outside.
@Suite("The fix, and a death at every boundary")
struct FixCrashTests {
    static let project: JSONValue = [
        "name": "payments", "watch": "up == 1", "watch_for": "10s",
    ]
    static let labels: Labels = ["alertname": "HighErrorRate", "unit": "payments.service"]
    static let answers: [String: JSONValue] = [
        "read-logs": ["facts": []],
        "diagnose": ["hypotheses": [], "proposal": ["kind": "fix", "project": "payments", "text": "a race"]],
        "architect": ["summary": "one statement", "files": ["src/pay.py"], "alternatives": [], "risk": "low"],
        "reproduce": ["edits": [], "explanation": "two threads"],
        "code": ["edits": [], "explanation": "one statement"], "answer": ["edits": [], "explanation": "as asked"],
    ]

    private func world(_ death: FixWorld.Death) throws -> FixWorld {
        let definitions = try PipelineRunbooksTests.names.map { try PipelineRunbooksTests.runbook($0) }
        let fix = try #require(definitions.first { $0.name == "incident-fix" })
        var world = FixWorld(definitions, answers: Self.answers, death: death)
        try world.run(
            RunFacts(
                id: FixWorld.fix, runbook: fix.name, digest: fix.digest, incident: "4f2a", fingerprint: "f",
                labels: Self.labels, binding: fix.bind(labels: Self.labels, project: Self.project),
                mode: fix.effectiveMode, target: "payments", occurrence: 1, directory: "/runs/fix",
                project: Self.project))
        return world
    }

    @Test("it ends the same, and nothing happens twice")
    func sweep() throws {
        let untouched = try world(.never)
        #expect(untouched.end?.kind == .resolved)
        let once = ["open", "merge"].map { "incident-fix deliver[1].\($0)" } + ["deploy to-production"]
        for deed in once + ["incident-fix review-rounds[2].commit", "stage integration"] {
            #expect(untouched.deeds.count { $0 == deed } == 1, "\(deed)")
        }
        #expect(Set(untouched.deeds).count == untouched.deeds.count)
        #expect(untouched.events > 50 && untouched.deeds.count > 20)
        let deaths =
            (1...untouched.events).map { FixWorld.Death.afterEvent($0) }
            + (1...untouched.deeds.count).map { FixWorld.Death.afterDeed($0) }
        for death in deaths {
            let world = try world(death)
            #expect(world.end == untouched.end, "\(death): \(world.end?.text ?? "it does not end")")
            #expect(world.deeds == untouched.deeds, "\(death)")
        }
    }
}
