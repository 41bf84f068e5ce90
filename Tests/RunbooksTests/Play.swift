import Model
import Runbooks
import Testing

/// A run in a test's hands: events go in, and what came of them is written down.
struct Play {
    private(set) var state: RunState
    private(set) var history: [(event: RunEvent, stamp: Stamp)] = []
    /// Effects as short text: `perform restart/1`, `end resolved`.
    private(set) var effects: [String] = []
    private(set) var lastEffects: [RunEffect] = []
    var now = Duration.seconds(1000)
    var boot = "0"
    /// What a run that is begun by its name knows besides.
    var parent: EffectKey?
    var depth: Int?
    var project: JSONValue?

    static let labels: Labels = ["alertname": "WebDown", "unit": "web.service"]

    init(_ text: String) throws { state = RunState(definition: try Samples.parse(text)) }

    /// The sample's head with other steps and, where given, another tail.
    static func runbook(_ steps: String, tail: String = "", risk: String = "low") -> String {
        let indented = steps.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return """
            runbook: play
            description: A play.
            on: [[alertname="WebDown"]]
            parameters:
              unit: {type: unit, from: '{{ $labels.unit }}', allow: [web.service]}
            risk: \(risk)
            mode: auto
            steps:
            \(indented)
            verify: {expr: up == 1, for: 10s, within: 1m}
            \(tail)
            """
    }

    /// A definition that is begun by its name, without `verify`.
    static func pipeline(_ steps: String, tail: String = "") -> String {
        let indented = steps.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return """
            runbook: play
            description: A play.
            on: []
            parameters: {project: {type: text, from: payments}}
            target: project
            risk: low
            mode: auto
            steps:
            \(indented)
            \(tail)
            """
    }

    var stamp: Stamp { Stamp(wall: Timestamp(seconds: now.inSeconds), bootID: boot, sinceBoot: now) }

    mutating func take(_ event: RunEvent) {
        let (next, effects) = decide(state, event, now: stamp)
        history.append((event, stamp))
        state = next
        lastEffects = effects
        self.effects += effects.map(\.short)
    }

    mutating func wait(_ duration: Duration) { now += duration }

    mutating func create() {
        let runbook = state.definition
        take(
            .created(
                RunFacts(
                    id: "r1", runbook: runbook.name, digest: runbook.digest, incident: "i1", fingerprint: "f1",
                    labels: Self.labels, binding: runbook.bind(labels: Self.labels, project: project),
                    mode: runbook.effectiveMode, target: "web.service", occurrence: 1, directory: "/runs/r1",
                    parent: parent, depth: depth, project: project)))
    }

    mutating func admit() {
        create()
        take(.guarded(.passed(note: "")))
    }

    func key(_ path: String, _ attempt: Int = 1) -> EffectKey { EffectKey(run: "r1", path: path, attempt: attempt) }

    mutating func start(_ path: String, _ attempt: Int = 1) {
        take(.started(key: key(path, attempt), boot: boot, invocationBefore: nil))
    }

    mutating func result(_ path: String, _ outcome: Outcome, _ attempt: Int = 1) {
        take(.result(key: key(path, attempt), outcome: outcome))
    }

    /// Starts and ends a step.
    mutating func does(_ path: String, _ outcome: Outcome = .done([:]), _ attempt: Int = 1) {
        start(path, attempt)
        result(path, outcome, attempt)
    }

    mutating func probe(_ path: String, _ answer: Probed, _ attempt: Int = 1) {
        take(.probed(key: key(path, attempt), answer: answer))
    }

    /// Lets the time of the state's timer pass and fires it.
    mutating func expire() {
        guard let timer = state.timer else {
            Issue.record("there is no timer to wait for")
            return
        }
        now += timer.remaining(at: stamp)
        take(.timer(timer.name))
    }

    mutating func watch(_ holds: Bool, path: String = "verify") {
        take(.watched(path: path, holds: holds, detail: "", samples: 1))
    }

    /// The proof holds for long enough.
    mutating func prove() {
        watch(true)
        wait(.seconds(10))
        watch(true)
    }

    mutating func approve(_ name: String, uid: UInt32, plan: String = "p", path: String = "run", remaining: Int? = nil)
    {
        take(.approved(path: path, plan: plan, by: Approver(name: name, uid: uid), remaining: remaining))
    }

    static func request(needs: Int = 1) -> ApprovalRequest {
        ApprovalRequest(path: "run", plan: "p", text: "text", needs: needs, expires: .seconds(1800))
    }
}

extension RunEffect {
    var short: String {
        switch self {
        case .guards: "guards"
        case .perform(let key, _): "perform \(key.path)/\(key.attempt)"
        case .probe(let key): "probe \(key.path)/\(key.attempt)"
        case .await(let key): "await \(key.path)/\(key.attempt)"
        case .cancel(let key): "cancel \(key.path)/\(key.attempt)"
        case .collect(let key): "collect \(key.path)/\(key.attempt)"
        case .ask(let request): "ask \(request.path)"
        case .escalate: "escalate"
        case .end(let end): "end \(end.kind.rawValue)\(end.guard.map { " \($0)" } ?? "")"
        }
    }
}
