import Model
import Runbooks
import Testing

@Suite("Plans")
struct PlanTests {
    let runbook: Runbook
    let parameters: Parameters

    init() throws {
        runbook = try Samples.parse(Samples.everything)
        guard case .bound(let parameters) = runbook.bind(labels: RenderTests.labels) else {
            throw Fault("test", "the sample does not bind")
        }
        self.parameters = parameters
    }

    @Test("a plan shows every effect, the proof, what follows otherwise, and the limits")
    func text() throws {
        let text = try runbook.planText(parameters: parameters, run: RenderTests.context)
        for part in [
            "everything on web.service: Does one of each.",
            "1. run /usr/bin/dump web.service --to /runs/0123abcd/heap", "(goes on if it fails)", "2. http POST",
            "(only if its condition holds)", "4. systemd restart web.service", "7. notify on-call",
            #"proven by memory_bytes{unit="web.service"} < 67108864 and rate(x[1m30s]) >= 0 for 30s within 3m"#,
            "otherwise systemd start web.service, then http POST", "needs one approver; at most 2 per 1h, cooldown 10m",
        ] {
            #expect(text.contains(part), "\(part) is not in\n\(text)")
        }
    }

    @Test("the hash is the same for the same plan and another for any other")
    func hash() throws {
        func hash(
            _ runbook: Runbook, _ parameters: Parameters, _ run: RunContext, _ invocation: String?
        ) throws -> String {
            try runbook.planHash(parameters: parameters, run: run, invocation: invocation)
        }
        let first = try hash(runbook, parameters, RenderTests.context, "aa")
        let reordered = Parameters(Dictionary(uniqueKeysWithValues: parameters.values.reversed()))
        #expect(try hash(runbook, reordered, RenderTests.context, "aa") == first)
        var other = parameters
        other.values["limit"] = 1
        #expect(try hash(runbook, other, RenderTests.context, "aa") != first)
        #expect(try hash(runbook, parameters, RenderTests.context, "ab") != first)
        var run = RenderTests.context
        run.id = "ffff"
        #expect(try hash(runbook, parameters, run, "aa") != first)
        let edited = try Samples.parse(Samples.everything + "# a comment\n")
        #expect(try hash(edited, parameters, RenderTests.context, "aa") != first)
    }
}
