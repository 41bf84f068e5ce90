import Model
import Runbooks

/// A no, with the name of the guard that said it.
struct Refusal: Error, Hashable {
    var `guard`: String
    var text: String

    init(_ name: String, _ text: String) {
        `guard` = name
        self.text = text
    }

    init(_ name: GuardName, _ text: String) { self.init(name.rawValue, text) }
}

/// What the executor checks before anything happens, believing only the installed set, its own book, and systemd.
///
/// Pure: everything that it looks at is given. Each method is one guard or a few that belong together.
struct Guards {
    let installed: InstalledSet
    let book: Book
    /// Started keys that never began: they hold no lock.
    let idle: Set<EffectKey>
    let now: Stamp
    /// Where the directories of runs are.
    let runsDirectory: String
    /// Whether steps that run as root can be had.
    let mayBeRoot: Bool

    /// How long approvals stand before the run has begun.
    static let approvalLifetime = Duration.seconds(1800)
    /// Attempts at one step, whatever a runbook says.
    static let attemptsMax = 20

    // MARK: What is asked for

    /// digest, parameters: the order names an installed runbook as it is, with values that it declares.
    func runbook(_ order: Order) throws(Refusal) -> Runbook {
        guard Self.isRunID(order.run) else {
            throw Refusal("run", "a run's ID is 1 to 64 lower-case letters and digits")
        }
        guard let runbook = installed.runbooks[order.runbook] else {
            throw Refusal(.digest, "no runbook \"\(order.runbook.prefix(64))\" is installed")
        }
        guard runbook.digest == order.digest else {
            throw Refusal(
                .digest,
                "\(runbook.name) is installed as \(runbook.digest.prefix(12)), not as \(order.digest.prefix(12))")
        }
        if case .refused(let name, let text) = runbook.validate(order.parameters) { throw Refusal(name, text) }
        if let known = book.runs[order.run], known.order != order {
            throw Refusal("parameters", "run \(order.run) has begun or was proposed with other parameters")
        }
        return runbook
    }

    /// step, project: the path is one of the runbook's, one that the executor performs, and its program is installed.
    func step(_ path: String, _ order: Order, _ runbook: Runbook) throws(Refusal) -> Deed {
        switch try rendered(path, order, runbook) {
        case .systemd(let verb, let unit): return .systemd(verb, unit: unit)
        case .run(let arguments, let asRoot):
            if asRoot && !mayBeRoot { throw Refusal("step", "a step as root needs the helper") }
            return .run(
                Program(
                    arguments: arguments, account: asRoot ? .root : .sandboxed,
                    directory: context(order, runbook).directory))
        case .deploy(let deploy): return .run(try program(deploy))
        default: throw Refusal("step", "\"\(path)\" is not a step that an executor performs")
        }
    }

    func rendered(_ path: String, _ order: Order, _ runbook: Runbook) throws(Refusal) -> RenderedStep {
        do {
            return try runbook.renderedStep(path: path, parameters: order.parameters, run: context(order, runbook))
        } catch {
            throw Refusal("step", error.message)
        }
    }

    func context(_ order: Order, _ runbook: Runbook) -> RunContext {
        RunContext(
            id: order.run, runbook: runbook.name, target: runbook.targetValue(order.parameters) ?? "",
            directory: runsDirectory + "/" + order.run)
    }

    // MARK: What may be done at all

    func halt() throws(Refusal) {
        if let why = book.haltedWhy { throw Refusal(.halt, "halted: \(why)") }
    }

    func mode(_ runbook: Runbook) throws(Refusal) {
        guard runbook.effectiveMode == .observe else { return }
        let unbound = runbook.unboundUnits.map { "; its parameter \($0) has no allow list" }.joined()
        throw Refusal(.mode, "\(runbook.name) only observes\(unbound)")
    }

    /// protected unit, target: each unit is loaded, is what was declared and not another's alias, and is not protected.
    func units(_ asked: [String], _ states: [String: UnitState]) throws(Refusal) {
        for unit in asked {
            guard let state = states[unit] else { throw Refusal(.target, "\(unit) cannot be told") }
            if let name = installed.settings.protected.protection(id: state.id, names: state.names + [unit]) {
                let alias = name == unit ? "" : ", which is another name of \(unit)"
                throw Refusal(.protected, "\(name)\(alias) is a protected unit, never a target")
            }
        }
        for unit in asked {
            guard let state = states[unit] else { continue }
            guard state.loadState == "loaded" else {
                throw Refusal(.target, "\(unit) is \(state.loadState), so there is nothing to act on")
            }
            guard state.id == unit || asked.contains(state.id) else {
                throw Refusal(.target, "\(unit) is another name of \(state.id), which was not declared")
            }
        }
    }

    // MARK: This key, now

    /// attempt, lock: the attempts at a step come in order, as often as the runbook says, one step of a run at a time,
    /// and one run on a unit, or on a project's stage, at a time.
    func attempt(_ key: EffectKey, _ runbook: Runbook, subjects: [String]) throws(Refusal) {
        let earlier = book.attempts(at: key.path, of: key.run).filter { $0.key != key.attempt }
        guard key.attempt > 0, key.attempt <= Self.attemptsMax else {
            throw Refusal("attempt", "attempt \(key.attempt) is out of range")
        }
        if let last = earlier.keys.max(), last >= key.attempt {
            throw Refusal("attempt", "attempt \(key.attempt) comes after attempt \(last)")
        }
        try retry(key, Array(earlier.values), runbook)
        if let undone = key.undonePath {
            guard book.attempts(at: undone, of: key.run).values.contains(where: { $0.action != nil }) else {
                throw Refusal("step", "\(undone) was not started, so there is nothing to take back")
            }
        }
        for (other, entry) in book.keys where other != key && entry.phase == .started && !idle.contains(other) {
            guard other.run != key.run else { throw Refusal(.lock, "\(other.path) of this run has not ended") }
            guard let subject = entry.action?.subject, subjects.contains(subject) else { continue }
            throw Refusal(.lock, "run \(other.run) is acting on \(subject)")
        }
    }

    private func retry(_ key: EffectKey, _ earlier: [Book.Key], _ runbook: Runbook) throws(Refusal) {
        let step = runbook.step(at: key.path)
        var failures = 0
        for entry in earlier where entry.action != nil {
            switch entry.phase {
            case .void, .started: continue
            case .ended(.done), .ended(.refused): throw Refusal("attempt", "\(key.path) is done already")
            case .ended(.unknown):
                guard step?.retrySafe == true else {
                    throw Refusal("attempt", "what became of \(key.path) is unknown, and it is not retry_safe")
                }
            case .ended(.failed), .ended(.timedOut), .ended(.cancelled): failures += 1
            }
        }
        let allowed = (step?.retry ?? .once).attempts
        guard failures < allowed else {
            throw Refusal("attempt", "\(key.path) has failed \(failures) times; it may be tried \(allowed) times")
        }
    }

    /// cooldown, attempts, concurrency, budget: asked once, when a run begins.
    func limits(_ order: Order, _ runbook: Runbook) throws(Refusal) {
        let target = runbook.targetValue(order.parameters) ?? ""
        let limits = runbook.limits
        let others = book.runs(of: runbook.name, on: target, besides: order.run)
        if let since = others.compactMap(\.lastStart).map({ now.since($0) }).min(), since < limits.cooldown {
            throw Refusal(
                .cooldown,
                "the last run acted on \(target) \(since.literal) ago; cooldown is \(limits.cooldown.literal)")
        }
        let recent = others.count { now.since($0.begun ?? now) < limits.attempts.per }
        guard recent < limits.attempts.count else {
            throw Refusal(.attempts, "\(recent) runs on \(target); the limit is \(limits.attempts)")
        }
        let acting = Set(book.open.filter { $0.run != order.run }.map(\.run))
        let alike = acting.count { book.runs[$0]?.order.runbook == runbook.name }
        guard alike < limits.concurrentOnHost else {
            throw Refusal(.concurrency, "\(alike) at work on this host; the limit is \(limits.concurrentOnHost)")
        }
        let budget = installed.settings.actions
        let actions = book.runs.count {
            $0.key != order.run && $0.value.begun.map { now.since($0) < budget.per } ?? false
        }
        guard actions < budget.count else {
            throw Refusal(.budget, "\(actions) runs acted on this host; the limit is \(budget)")
        }
    }

    // MARK: Approval

    /// How many persons must approve: none for a runbook that may act by itself.
    static func approvals(_ runbook: Runbook) -> Int { runbook.effectiveMode == .approve ? runbook.risk.approvers : 0 }

    func plan(_ order: Order, _ runbook: Runbook, _ states: [String: UnitState]) throws(Refusal) -> Proposal {
        let invocations = states.map { "\($0.key)=\($0.value.invocationID)" }.sorted().joined(separator: ",")
        let context = context(order, runbook)
        var hash: String
        var text: String
        do {
            hash = try runbook.planHash(parameters: order.parameters, run: context, invocation: invocations)
            text = try runbook.planText(parameters: order.parameters, run: context)
        } catch {
            throw Refusal("step", error.message)
        }
        (hash, text) = try withCommands(hash, text, order, runbook)
        let required = Self.approvals(runbook)
        guard let run = book.runs[order.run] else {
            return Proposal(planHash: hash, text: text, needs: required, expires: nil, approvedBy: [])
        }
        if run.begun != nil {
            // What was approved was settled when it began; its own steps have changed the target since.
            return Proposal(
                planHash: run.approvals.last?.planHash ?? hash, text: text, needs: 0, expires: nil,
                approvedBy: run.approvals.map(\.by))
        }
        let isLapsed = run.proposed.map { now.since($0) >= Self.approvalLifetime } ?? true
        let counted = isLapsed ? [] : run.approvals.filter { $0.planHash == hash }.map(\.by)
        return Proposal(
            planHash: hash, text: text, needs: max(0, required - counted.count),
            expires: required == 0 ? nil : run.proposed.map { $0.wall + Self.approvalLifetime }, approvedBy: counted)
    }

    /// approval: enough persons have approved exactly what is about to be done, and not too long ago.
    func approval(_ order: Order, _ runbook: Runbook, _ states: [String: UnitState]) throws(Refusal) {
        guard Self.approvals(runbook) > 0 else { return }
        let plan = try plan(order, runbook, states)
        guard plan.needs > 0 else { return }
        guard let run = book.runs[order.run], let proposed = run.proposed else {
            throw Refusal(.approval, "nobody was asked to approve it")
        }
        if now.since(proposed) >= Self.approvalLifetime { throw Refusal(.approval, "its approval has lapsed") }
        if !run.approvals.isEmpty, plan.approvedBy.isEmpty {
            throw Refusal(.approval, "it was approved as something else than it would be now")
        }
        throw Refusal(.approval, "\(plan.needs) more must approve it")
    }

    func rejection(_ run: String) throws(Refusal) {
        guard let rejected = book.runs[run]?.rejected else { return }
        throw Refusal(.approval, "\(rejected.by.name) rejected it\(rejected.why.isEmpty ? "" : ": \(rejected.why)")")
    }

    static func isRunID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }
}

extension EffectKey {
    /// The step that this takes back; nil when it is not an undo.
    var undonePath: String? { path.hasPrefix("undo.") ? String(path.dropFirst(5)) : nil }
}
