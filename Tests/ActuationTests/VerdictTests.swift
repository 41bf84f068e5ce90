import Model
import Runbooks
import Testing

@testable import Actuation

/// What systemd's words mean, where nobody heard how the job ended and where somebody did.
@Suite struct VerdictTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var verb: SystemdVerb
        var before = "active"
        var now = "active"
        var isSame = true
        var result = "success"
        var job: UInt32 = 0
        var jobEnd: String?
        var verdict: String
        var testDescription: String { "\(verb) \(before) to \(now), job \(jobEnd ?? "unheard"): \(verdict)" }
    }

    static let cases: [Case] = [
        Case(verb: .restart, jobEnd: "done", verdict: "done"),
        Case(verb: .restart, now: "failed", result: "exit-code", jobEnd: "failed", verdict: "failed"),
        Case(verb: .restart, now: "failed", result: "timeout", jobEnd: "failed", verdict: "timed_out"),
        Case(verb: .restart, jobEnd: "timeout", verdict: "timed_out"),
        Case(verb: .restart, jobEnd: "canceled", verdict: "failed"),
        Case(verb: .restart, jobEnd: "dependency", verdict: "failed"),
        Case(verb: .restart, jobEnd: "skipped", verdict: "failed"),
        Case(verb: .restart, job: 7, verdict: "running"),
        Case(verb: .restart, verdict: "never"),
        Case(verb: .restart, isSame: false, verdict: "done"),
        Case(verb: .restart, now: "failed", isSame: false, result: "signal", verdict: "failed"),
        Case(verb: .restart, now: "activating", isSame: false, verdict: "running"),
        Case(verb: .restart, now: "inactive", isSame: false, verdict: "done"),
        Case(verb: .start, before: "inactive", now: "inactive", verdict: "never"),
        Case(verb: .start, before: "failed", isSame: false, verdict: "done"),
        Case(verb: .stop, now: "inactive", verdict: "done"),
        Case(verb: .stop, now: "failed", verdict: "done"),
        Case(verb: .stop, verdict: "never"),
        Case(verb: .stop, before: "inactive", now: "inactive", verdict: "never"),
        Case(verb: .stop, now: "deactivating", verdict: "running"),
        Case(verb: .stop, isSame: false, verdict: "unknown"),
        Case(verb: .reload, verdict: "unknown"),
        Case(verb: .reload, now: "reloading", verdict: "running"),
        Case(verb: .reload, job: 9, verdict: "running"),
        Case(verb: .reload, jobEnd: "done", verdict: "done"),
        Case(verb: .resetFailed, before: "failed", now: "inactive", verdict: "done"),
        Case(verb: .resetFailed, before: "failed", now: "failed", verdict: "never"),
        Case(verb: .resetFailed, before: "failed", now: "failed", isSame: false, verdict: "unknown"),
    ]

    @Test(arguments: cases) func ofAVerb(example: Case) {
        let now = UnitState(
            id: "web.service", activeState: example.now, result: example.result,
            invocationID: example.isSame ? "one" : "other", job: example.job)
        let finding = Verdicts.systemd(
            example.verb, before: Action.Before(invocation: "one", activeState: example.before), now: now,
            job: UnitJob(id: 5), jobEnd: example.jobEnd)
        #expect(finding.word == example.verdict, "\(finding)")
    }

    @Test(
        arguments: [
            ("active", "success", 0, true, false, "done"), ("failed", "exit-code", 0, true, false, "failed"),
            ("failed", "timeout", 0, true, false, "timed_out"), ("failed", "signal", 0, true, true, "cancelled"),
            ("activating", "success", 0, true, false, "running"), ("inactive", "success", 4, false, false, "running"),
            ("deactivating", "success", 0, true, true, "running"), ("inactive", "success", 0, false, false, "never"),
            ("inactive", "success", 0, false, true, "cancelled"), ("inactive", "success", 0, true, true, "cancelled"),
            ("inactive", "success", 0, true, false, "unknown"),
        ] as [(String, String, UInt32, Bool, Bool, String)])
    func ofARunStep(
        active: String, result: String, job: UInt32, hasBegun: Bool, isCancelled: Bool, verdict: String
    ) {
        let now = UnitState(id: "s.service", activeState: active, result: result, exitStatus: 3, exitCode: 1, job: job)
        #expect(Verdicts.run(now, hasBegun: hasBegun, isCancelled: isCancelled).word == verdict)
    }

    @Test(arguments: [
        (1, 3, "status 3"), (1, 203, "203/EXEC"), (1, 217, "217/USER"), (2, 9, "signal 9"), (0, 0, "success"),
    ])
    func endsAreSaidInWords(code: Int, status: Int, words: String) {
        let state = UnitState(id: "s.service", exitStatus: status, exitCode: code)
        #expect(Verdicts.exit(state).contains(words))
    }
}

extension Finding {
    fileprivate var word: String {
        switch self {
        case .ended(let outcome): outcome.word
        case .running: "running"
        case .neverBegan: "never"
        }
    }
}
