import Actuation
import Model
import Runbooks
import Synchronization

/// A pretended systemd with its units; it outlives the pretended deaths of the executors that use it.
final class FakeHost: Sendable {
    typealias Waiter = CheckedContinuation<Result<String?, Fault>, Never>

    struct Job {
        var unit: String
        /// Nil while it runs.
        var end: String?
        var waiters: [Waiter] = []
    }

    struct State {
        var units: [String: UnitState] = [:]
        /// Alias to unit.
        var aliases: [String: String] = [:]
        var begun: Set<String> = []
        /// The units of steps, as they were asked for.
        var steps: [StepUnit] = []
        var jobs: [UInt32: Job] = [:]
        /// Everything that ever took effect: `restart web.service`, `run /usr/bin/dump web.service …`.
        var effects: [String] = []
        /// The next jobs wait for `finish`.
        var holdsJobs = false
        /// How the next jobs end.
        var jobEnd = "done"
        var lastJob: UInt32 = 100
        var lastInvocation = 0
    }

    let state = Mutex(State())

    init() {
        add("web.service", active: true)
        add("other.service", active: true)
    }

    var effects: [String] { state.withLock { $0.effects } }
    var steps: [StepUnit] { state.withLock { $0.steps } }

    func add(_ unit: String, active: Bool, loadState: String = "loaded") {
        state.withLock { state in
            state.lastInvocation += 1
            state.units[unit] = UnitState(
                id: unit, loadState: loadState, activeState: active ? "active" : "inactive",
                invocationID: active ? "invocation\(state.lastInvocation)" : "")
        }
    }

    func alias(_ name: String, of unit: String) {
        state.withLock { state in
            state.aliases[name] = unit
            state.units[unit]?.names.append(name)
        }
    }

    func change(_ unit: String, _ body: @Sendable (inout UnitState) -> Void) {
        state.withLock { state in
            guard var found = state.units[unit] else { return }
            body(&found)
            state.units[unit] = found
        }
    }

    /// Whether the next jobs wait for `finish`.
    func holdJobs(_ holds: Bool) { state.withLock { $0.holdsJobs = holds } }
    /// How the next jobs end.
    func endJobs(_ end: String) { state.withLock { $0.jobEnd = end } }

    /// Ends the job that runs for a unit.
    func finish(_ unit: String, _ end: String = "done") {
        let waiters = state.withLock { state -> [Waiter] in
            guard let id = state.units[unit]?.job, var job = state.jobs[id] else { return [] }
            job.end = end
            let waiters = job.waiters
            job.waiters = []
            state.jobs[id] = job
            state.settle(unit, end)
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: .success(end)) }
    }
}

extension FakeHost.State {
    mutating func begin(_ verb: SystemdVerb, _ name: String) throws(Fault) -> UnitJob? {
        let unit = aliases[name] ?? name
        guard units[unit] != nil else { throw Fault("bus.refused", "Unit \(name) not found.") }
        effects.append("\(verb.rawValue) \(unit)")
        switch verb {
        case .resetFailed:
            units[unit]?.activeState = "inactive"
            return nil
        case .start, .restart:
            lastInvocation += 1
            units[unit]?.invocationID = "invocation\(lastInvocation)"
            units[unit]?.activeState = "activating"
        case .stop: units[unit]?.activeState = "deactivating"
        case .reload: break
        }
        return job(for: unit, stops: verb == .stop)
    }

    mutating func begin(_ step: StepUnit) throws(Fault) -> UnitJob {
        guard units[step.name] == nil else { throw Fault("bus.refused", "Unit \(step.name) was already loaded.") }
        effects.append("run " + step.arguments.joined(separator: " "))
        begun.insert(step.name)
        steps.append(step)
        lastInvocation += 1
        units[step.name] = UnitState(
            id: step.name, activeState: "activating", invocationID: "invocation\(lastInvocation)")
        return job(for: step.name, stops: false)
    }

    private mutating func job(for unit: String, stops: Bool) -> UnitJob {
        if let old = units[unit]?.job, old != 0, var job = jobs[old] {
            job.end = "canceled"
            for waiter in job.waiters { waiter.resume(returning: .success("canceled")) }
            job.waiters = []
            jobs[old] = job
        }
        lastJob += 1
        units[unit]?.job = lastJob
        jobs[lastJob] = FakeHost.Job(unit: unit)
        if !holdsJobs || stops {
            jobs[lastJob]?.end = jobEnd
            settle(unit, jobEnd)
        }
        return UnitJob(id: lastJob)
    }

    /// What a unit is like when its job has ended.
    mutating func settle(_ unit: String, _ end: String) {
        units[unit]?.job = 0
        let isStep = begun.contains(unit)
        switch (end, units[unit]?.activeState) {
        case ("done", "deactivating") where isStep: units[unit] = nil
        case ("done", "deactivating"): units[unit]?.activeState = "inactive"
        case ("done", _):
            units[unit]?.activeState = "active"
            units[unit]?.exitCode = isStep ? 1 : 0
        default:
            units[unit]?.activeState = "failed"
            units[unit]?.result = end == "timeout" ? "timeout" : "exit-code"
            units[unit]?.exitCode = 1
            units[unit]?.exitStatus = 3
        }
    }
}

/// A connection to a `FakeHost`, which can be cut as the death of its process would.
final class FakeUnitBus: UnitBus {
    let host: FakeHost
    private let isCut = Mutex(false)
    private let cutsNext = Mutex(false)
    /// Told after each effect, while nobody knows of it yet.
    private let afterEffect: @Sendable (FakeUnitBus) -> Void

    init(_ host: FakeHost, afterEffect: @escaping @Sendable (FakeUnitBus) -> Void = { _ in }) {
        self.host = host
        self.afterEffect = afterEffect
    }

    func cut() {
        isCut.withLock { $0 = true }
        let waiters = host.state.withLock { state in
            let all = state.jobs.values.flatMap(\.waiters)
            for id in state.jobs.keys { state.jobs[id]?.waiters = [] }
            return all
        }
        for waiter in waiters { waiter.resume(returning: .failure(Self.lost)) }
    }

    func cutAfterNextEffect() { cutsNext.withLock { $0 = true } }
    func restore() { isCut.withLock { $0 = false } }
    func close() { cut() }

    func state(of unit: String) async throws(Fault) -> UnitState {
        try check()
        return host.state.withLock { state in
            state.units[state.aliases[unit] ?? unit]
                ?? UnitState(id: unit, loadState: "not-found", activeState: "inactive")
        }
    }

    func begin(_ verb: SystemdVerb, _ unit: String) async throws(Fault) -> UnitJob? {
        try check()
        let begun = try host.state.withLock { state throws(Fault) in try state.begin(verb, unit) }
        try tellEffect()
        return begun
    }

    func begin(_ step: StepUnit) async throws(Fault) -> UnitJob {
        try check()
        let begun = try host.state.withLock { state throws(Fault) in try state.begin(step) }
        try tellEffect()
        return begun
    }

    func end(of job: UnitJob) async throws(Fault) -> String? {
        try check()
        let result: Result<String?, Fault> = await withCheckedContinuation { waiter in
            let known = host.state.withLock { state -> Result<String?, Fault>? in
                guard let found = state.jobs[job.id] else { return .success(nil) }
                if let end = found.end { return .success(end) }
                state.jobs[job.id]?.waiters.append(waiter)
                return nil
            }
            if let known { waiter.resume(returning: known) }
        }
        return try result.get()
    }

    func hasBegun(_ step: String) async throws(Fault) -> Bool {
        try check()
        return host.state.withLock { $0.begun.contains(step) }
    }

    func collect(_ step: String) async throws(Fault) {
        try check()
        host.state.withLock { state in
            state.units[step] = nil
            state.begun.remove(step)
        }
    }

    private func tellEffect() throws(Fault) {
        afterEffect(self)
        let cuts = cutsNext.withLock { cuts in
            defer { cuts = false }
            return cuts
        }
        if cuts { cut() }
        try check()
    }

    private func check() throws(Fault) { if isCut.withLock({ $0 }) { throw Self.lost } }

    private static let lost = Fault("bus.lost", "The pretended bus is cut")
}
