import Actuation
import Ledger
import Logging
import Model
import Runbooks

// The guards: everything that they look at is gathered here, and judged by one pure function.
extension Driver {
    /// The path under which the run itself is approved, as opposed to one of its `approve` steps.
    static let runPath = "run"
    /// How long an executor may be out of reach, as while it is started anew, before its silence refuses.
    private static let patience = Duration.seconds(10)

    /// Asks all guards before the first step; what they give out (locks, budget) is stored with their verdict.
    func admit(_ id: String) async {
        await admission.enter()
        defer { admission.leave() }
        guard let run = open[id] else { return }
        switch run.state.phase {
        case .guarding, .waiting: break
        default: return
        }
        let verdict = evaluateGuards(await snapshot(run, .admission), of: run.state.definition)
        await feedLoosely(.guarded(verdict), to: id)
    }

    /// What stops a start now, of all that can have changed since the run was allowed.
    func stop(of run: OpenRun, isUndo: Bool) async -> (guard: String, text: String)? {
        let stage: GuardStage = isUndo ? .undo : .start
        switch evaluateGuards(await snapshot(run, stage), of: run.state.definition, at: stage) {
        case .passed: return nil
        case .refused(let name, let text): return (name, text)
        case .observed, .needsApproval, .busy: return (GuardName.mode.rawValue, "it may only observe by now")
        }
    }

    private func snapshot(_ run: OpenRun, _ stage: GuardStage) async -> GuardSnapshot {
        let definition = run.state.definition
        var snapshot = GuardSnapshot()
        snapshot.mode = run.state.facts?.mode ?? .observe
        snapshot.binding = run.state.facts?.binding ?? snapshot.binding
        snapshot.actionLimit = parts.actionLimit
        await lookUpAuthority(run, &snapshot)
        await lookUpUnits(run, &snapshot)
        if stage != .undo, let notWhen = definition.limits.notWhen { snapshot.storm = await condition(notWhen, run) }
        if stage == .admission {
            for precondition in definition.preconditions {
                snapshot.preconditions.append(await condition(precondition, run))
            }
        }
        if stage != .undo { snapshot.approval = await approval(run, snapshot) }
        // From here on nothing is awaited: locks and budgets are as they are when the verdict is stored.
        count(run, &snapshot)
        return snapshot
    }

    private func count(_ run: OpenRun, _ snapshot: inout GuardSnapshot) {
        let now = parts.clock.now()
        let limits = run.state.definition.limits
        let wanted = Set(run.state.lockNames)
        // Those that began it hold the same locks for it.
        let family = ancestors(of: run)
        for (id, other) in open.sorted(by: { $0.key < $1.key })
        where id != run.header.id && snapshot.lock == nil && !family.contains(id) {
            snapshot.lock = other.state.locks.first { wanted.contains($0) }.map { ($0, id) }
        }
        let others = records.filter { $0.id != run.header.id }
        let same = others.filter { $0.runbook == run.header.runbook && $0.target == run.header.target }
        snapshot.sinceLast = same.compactMap(\.ended).map { now.since($0) }.min()
        snapshot.attempts = same.count { now.since($0.created) < limits.attempts.per }
        snapshot.concurrent = open.count { id, other in
            id != run.header.id && other.header.runbook == run.header.runbook && other.isActing
        }
        snapshot.actions = others.count { $0.acted.map { now.since($0) < parts.actionLimit.per } ?? false }
    }

    private func lookUpAuthority(_ run: OpenRun, _ snapshot: inout GuardSnapshot) async {
        guard let executor = parts.executor else {
            snapshot.isInstalled = .known(true)  // nobody acts, so nothing needs to be installed
            snapshot.halt = .known(halt)
            return
        }
        do {
            let hello = try await patiently { () throws(Fault) in try await executor.hello() }
            snapshot.isInstalled = .known(
                hello.installed.contains { $0.runbook == run.header.runbook && $0.digest == run.header.digest })
            snapshot.halt = .known(halt ?? hello.halted)
        } catch {
            snapshot.isInstalled = .unknown(error.description)
            snapshot.halt = .unknown(error.description)
        }
    }

    private func lookUpUnits(_ run: OpenRun, _ snapshot: inout GuardSnapshot) async {
        guard let facts = run.state.facts, case .bound(let parameters) = facts.binding else { return }
        do {
            var units: [GuardSnapshot.Unit] = []
            for name in try run.state.definition.unitsNamed(parameters) {
                guard let executor = parts.executor else {
                    if parts.protectedUnits.protection(id: name) != nil { snapshot.protectedUnits.append(name) }
                    units.append(GuardSnapshot.Unit(asked: name, id: name, loadState: "loaded"))
                    continue
                }
                let state = try await executor.unitState(name)
                if let found = parts.protectedUnits.protection(id: state.id, names: state.names + [name]) {
                    snapshot.protectedUnits.append(found)
                }
                units.append(GuardSnapshot.Unit(asked: name, id: state.id, loadState: state.loadState))
            }
            snapshot.units = .known(units)
        } catch {
            snapshot.units = .unknown(error.description)
        }
    }

    private func condition(_ template: ExpressionTemplate, _ run: OpenRun) async -> GuardSnapshot.Condition {
        let text: String
        do {
            text = try template.render(run.state.scope)
        } catch {
            return GuardSnapshot.Condition(expr: template.source, holds: .unknown(error.description))
        }
        do {
            let holds = try await parts.observations.holds(text, newerThan: nil)
            return GuardSnapshot.Condition(
                expr: text, holds: holds.map { .known($0) } ?? .unknown("it has no value"))
        } catch {
            return GuardSnapshot.Condition(expr: text, holds: .unknown(error.description))
        }
    }

    // MARK: - Approval

    private func approval(_ run: OpenRun, _ snapshot: GuardSnapshot) async -> GuardSnapshot.Approval {
        guard snapshot.mode == .approve else { return .notNeeded }
        // The approval is for the beginning: what the run itself changes later does not void it.
        if run.state.firstStart != nil { return .granted }
        guard let executor = parts.executor else { return .unknown("nobody acts here") }
        guard case .known(true) = snapshot.isInstalled, case .bound? = run.state.facts?.binding else {
            return .unknown("it cannot be proposed")
        }
        do {
            switch try await executor.propose(run.order) {
            case .refused(let name, let text): return .void("\(name): \(text)")
            case .proposed(let plan): return judge(plan, run)
            }
        } catch {
            return .unknown(error.description)
        }
    }

    private func judge(_ plan: Proposal, _ run: OpenRun) -> GuardSnapshot.Approval {
        let now = parts.clock.now()
        guard let grant = run.state.grant else {
            if plan.needs == 0 { return .granted }
            let left = plan.expires.map { $0 - now.wall } ?? .seconds(1800)
            return .needed(
                ApprovalRequest(
                    path: Self.runPath, plan: plan.planHash, text: plan.text, needs: plan.needs,
                    expires: max(.zero, left)))
        }
        guard grant.request.plan == plan.planHash else {
            return .void("what would be done now is not what was approved: plan \(plan.planHash.prefix(12))")
        }
        guard now.since(grant.asked) < grant.request.expires, plan.needs == 0 else {
            return .void("the approval has lapsed")
        }
        return .granted
    }

    /// Looks whether a run was approved or rejected while nobody listened, or its plan has changed since it was shown.
    func askAgain(_ id: String) async {
        guard let run = open[id], let question = run.state.question, question.path == Self.runPath,
            let executor = parts.executor
        else { return }
        do {
            switch try await executor.propose(run.order) {
            case .refused: await feedLoosely(.unblocked, to: id)
            case .proposed(let plan) where plan.planHash != question.plan: await feedLoosely(.unblocked, to: id)
            case .proposed(let plan):
                guard plan.needs == 0, let by = plan.approvedBy.last else { return }
                let approver = Approver(name: by.name, uid: by.uid)
                await feedLoosely(
                    .approved(path: Self.runPath, plan: plan.planHash, by: approver, remaining: 0), to: id)
            }
        } catch {
            parts.logger.warning("whether run \(id) was approved cannot be asked: \(error)")
        }
    }

    private func patiently<Answer: Sendable>(
        _ ask: () async throws(Fault) -> Answer
    ) async throws(Fault) -> Answer {
        let since = parts.clock.now()
        while true {
            do {
                return try await ask()
            } catch {
                guard parts.clock.now().since(since) < Self.patience else { throw error }
                do {
                    try await parts.clock.sleep(.milliseconds(500))
                } catch {
                    throw Fault("driver.stopping", "Nightshift is being stopped")
                }
            }
        }
    }
}
