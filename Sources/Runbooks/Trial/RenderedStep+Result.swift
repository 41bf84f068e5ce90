import Model

extension RenderedStep {
    /// What a step's result looks like when all is well.
    var resultShape: [String: JSONValue] {
        switch self {
        case .systemd:
            [
                "job": 1, "job_result": "done", "active_state": "active", "invocation_before": "0",
                "invocation_after": "1",
            ]
        case .run, .deploy: ["exit": 0, "signal": 0, "result": "success", "invocation": "1", "unit": "step.service"]
        case .http: ["status": 200, "body": ""]
        case .repository(let repository): repository.resultShape
        case .forge(let forge): forge.resultShape
        case .runbook: ["run": "subrun", "end": "resolved", "text": "proven"]
        case .wait, .check, .approve, .notify, .agent: [:]
        }
    }
}

extension RenderedRepository {
    fileprivate var resultShape: [String: JSONValue] {
        switch action {
        case .checkout: ["revision": "0a1b2c", "branch": "nightshift/item"]
        case .apply: ["files": ["file"], "lines": 1, "diff": "diff"]
        case .test(let expect, _):
            [
                "passed": expect == .passes ? 1 : 0, "failed": expect == .fails ? 1 : 0, "tests": 1,
                "new_tests": ["new"], "output": "",
            ]
        case .commit: ["commit": "c0ffee", "branch": "nightshift/item", "files": ["file"], "lines": 1, "diff": "diff"]
        }
    }
}

extension RenderedForge {
    fileprivate var resultShape: [String: JSONValue] {
        switch action {
        case .open(let commit, _, _):
            [
                "id": 1, "head": .string(commit), "base": "ba5e", "branch": "nightshift/item", "lines": 1,
                "low_risk": false,
            ]
        case .merge(let merge): ["commit": "d00d1e", "by": .string(merge.by ?? "")]
        }
    }
}
