import Glibc
public import Model
import Runbooks

extension ExecutorCore {
    public func perform(_ key: EffectKey, _ order: Order) async throws(Fault) -> Acceptance {
        if case .started = book.keys[key]?.phase, !followed.contains(key), !neverBegan.contains(key) {
            try await settle(key)
        }
        if let known = known(key, order) { return known }
        let units: [String]
        do throws(Refusal) {
            units = try unitsToAsk(key, order)
        } catch {
            return refuse(key, order, error)
        }
        let states = try await states(of: units)

        // From here to the commit nothing waits, so what is checked is what is begun.
        if let known = known(key, order) { return known }
        let admitted: Admitted
        do throws(Refusal) {
            admitted = try admit(key, order, states)
            if case .run(let program) = admitted.deed, program.deploy == nil {
                try makeDirectory(program.directory, asRoot: program.account == .root)
            }
        } catch {
            return refuse(key, order, error)
        }
        try commit(.started(key: key, order: order, action: admitted.action))
        followed.insert(key)
        neverBegan.remove(key)
        return try await begin(key, admitted)
    }

    /// A step that passed every guard.
    struct Admitted {
        var action: Action
        var deed: Deed
        var timeout: Duration
    }

    /// What was answered when the key first came; nil for a key that may begin.
    private func known(_ key: EffectKey, _ order: Order) -> Acceptance? {
        guard let entry = book.keys[key] else { return nil }
        if let first = entry.order, first != order {
            return refuse(key, order, Refusal("key", "\(key) was used for something else"))
        }
        guard let action = entry.action, entry.phase != .void else {
            return refuse(key, order, Refusal("key", "\(key) is void"))
        }
        if neverBegan.contains(key) { return nil }
        return .accepted(boot: action.boot, invocationBefore: action.invocationBefore)
    }

    /// Before a run begins all the units that it names, later only the step's own.
    private func unitsToAsk(_ key: EffectKey, _ order: Order) throws(Refusal) -> [String] {
        guard key.run == order.run else { throw Refusal("key", "\(key) is not a key of run \(order.run.prefix(64))") }
        let guards = try guards()
        let runbook = try guards.runbook(order)
        let step = try guards.step(key.path, order, runbook)
        if book.runs[key.run]?.begun == nil { return try named(runbook, order) }
        if case .systemd(_, let unit) = step { return [unit] }
        return []
    }

    private func admit(
        _ key: EffectKey, _ order: Order, _ states: [String: UnitState]
    ) throws(Refusal) -> Admitted {
        let guards = try guards()
        let runbook = try guards.runbook(order)
        let deed = try guards.step(key.path, order, runbook)
        let isUndo = key.undonePath != nil
        let begins = book.runs[key.run]?.begun == nil
        try guards.halt()
        if !isUndo { try guards.mode(runbook) }
        try guards.units(try unitsToAsk(key, order), states)
        try guards.attempt(key, runbook, subjects: states.values.map(\.id) + (deed.stage.map { [$0] } ?? []))
        if !isUndo { try guards.rejection(order.run) }
        if begins {
            _ = try guards.commands(order, runbook)
            try guards.limits(order, runbook)
            try guards.approval(order, runbook, states)
        }
        let kind: Action.Kind
        var summary = deed.summary
        switch deed {
        case .systemd(let verb, let unit):
            guard let state = states[unit] else { throw Refusal(.target, "\(unit) cannot be told") }
            summary += " (was \(state.activeState))"
            kind = .systemd(
                verb: verb, unit: state.id,
                before: Action.Before(invocation: state.invocationID, activeState: state.activeState))
        case .run: kind = .run(unit: StepUnit.name(of: key))
        }
        let action = Action(
            kind: kind, target: guards.context(order, runbook).target, boot: clock.now().bootID, summary: summary,
            stage: deed.stage)
        return Admitted(action: action, deed: deed, timeout: timeout(key.path, runbook))
    }

    private func begin(_ key: EffectKey, _ admitted: Admitted) async throws(Fault) -> Acceptance {
        let action = admitted.action
        let accepted = Acceptance.accepted(boot: action.boot, invocationBefore: action.invocationBefore)
        do throws(Fault) {
            let job: UnitJob?
            switch admitted.deed {
            case .run(let program):
                job = try await bus.begin(
                    StepUnit(
                        name: StepUnit.name(of: key), description: "Nightshift \(key)", arguments: program.arguments,
                        account: program.account, directory: program.directory, timeout: admitted.timeout))
            case .systemd(let verb, _): job = try await bus.begin(verb, action.subject ?? "")
            }
            options.say("\(key): \(action.summary)\(job.map { ", job \($0.id)" } ?? "")")
            newErrands.yield(.follow(key, job, end: job == nil ? "done" : nil))
            return accepted
        } catch {
            guard error.isRefusalByBus else {
                // Whether it has begun nobody knows; whoever asks next, or the errand, finds out.
                followed.remove(key)
                newErrands.yield(.settle(key))
                throw error
            }
            try end(key, .failed(error.message))
            return accepted
        }
    }

    // MARK: Parts

    func guards() throws(Refusal) -> Guards {
        let set: InstalledSet
        do {
            set = try installed.current()
        } catch {
            throw Refusal(.digest, error.description)
        }
        return Guards(
            installed: set, book: book, idle: neverBegan, now: clock.now(),
            runsDirectory: options.directory + "/runs", mayBeRoot: options.isRoot)
    }

    func named(_ runbook: Runbook, _ order: Order) throws(Refusal) -> [String] {
        do {
            return try runbook.unitsNamed(order.parameters)
        } catch {
            throw Refusal(.target, error.message)
        }
    }

    /// The units as systemd knows them; one that systemd does not even name is left out, and then refused.
    func states(of units: [String]) async throws(Fault) -> [String: UnitState] {
        var states: [String: UnitState] = [:]
        for unit in units {
            do throws(Fault) {
                states[unit] = try await bus.state(of: unit)
            } catch {
                guard error.isRefusalByBus else { throw error }
            }
        }
        return states
    }

    func refuse(_ key: EffectKey, _ order: Order, _ refusal: Refusal) -> Acceptance {
        options.say("\(key) of \(order.runbook) refused by \(refusal.guard): \(refusal.text)".onOneLine)
        return .refused(guard: refusal.guard, text: refusal.text)
    }

    private func timeout(_ path: String, _ runbook: Runbook) -> Duration {
        // The step was rendered a moment ago, so it is there.
        (try? runbook.kindAndTimeout(of: path).1) ?? .seconds(60)
    }

    /// The run's directory, for its steps to write to.
    private func makeDirectory(_ path: String, asRoot: Bool) throws(Refusal) {
        for directory in [options.directory + "/runs", path] {
            guard mkdir(directory, 0o711) == 0 || errno == EEXIST else {
                throw Refusal("directory", "\(directory) cannot be made: \(String(cString: strerror(errno)))")
            }
        }
        guard options.isRoot else { return }
        guard let user = Accounts.user(StepUnit.user) else {
            if asRoot { return }
            throw Refusal("step", "there is no user \(StepUnit.user) on this host to run it as")
        }
        guard lchown(path, user.uid, user.gid) == 0 else {
            throw Refusal("directory", "\(path) cannot be handed to \(StepUnit.user)")
        }
    }
}

extension String {
    /// Control characters replaced, and at most 500 characters: it is to stand in a line of the journal.
    var onOneLine: String {
        var line = ""
        for scalar in unicodeScalars.prefix(500) {
            line.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return line
    }
}
