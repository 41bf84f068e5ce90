import Actuation
import Model
import Runbooks

extension DriverWorld {
    /// An executor that counts what really happens, and is no more than that.
    struct CountingExecutor: Executor {
        let world: DriverWorld
        let reach: Reach
        private let noticed: AsyncStream<ExecutorNotice>
        let notice: AsyncStream<ExecutorNotice>.Continuation

        init(_ world: DriverWorld) {
            self.world = world
            reach = Reach(world)
            (noticed, notice) = AsyncStream.makeStream()
        }

        func hello() throws(Fault) -> ExecutorHello {
            try reach.check()
            return world.with { state in
                ExecutorHello(
                    boot: state.boot, halted: state.isHalted,
                    installed: state.installed.map { .init(runbook: $0.name, digest: $0.digest) })
            }
        }

        func propose(_ order: Order) throws(Fault) -> ProposalAnswer {
            try reach.check()
            return world.with { state in
                guard let runbook = state.installed.first(where: { $0.name == order.runbook }) else {
                    return .refused(guard: "digest", text: "not installed")
                }
                let persons = state.approvers[order.run] ?? []
                let unit = state.units["web.service"]?.invocationID ?? ""
                return .proposed(
                    Proposal(
                        planHash: "plan-\(order.run)-\(unit)", text: "restart web.service",
                        needs: max(0, runbook.risk.approvers - persons.count),
                        expires: DriverWorld.stamp(state).wall + .seconds(1800), approvedBy: persons))
            }
        }

        func perform(_ key: EffectKey, _ order: Order) async throws(Fault) -> Acceptance {
            try reach.check()
            let begun = world.with { state -> Acceptance? in
                if let halted = state.isHalted { return .refused(guard: "halt", text: halted) }
                if let known = state.keys[key] {
                    return known.isVoid
                        ? .refused(guard: "attempt", text: "the key is void")
                        : .accepted(boot: state.boot, invocationBefore: nil)
                }
                state.keys[key] = Key()
                return nil
            }
            if let begun { return begun }
            world.boundary()
            await world.with { $0.beforeDeed }?()
            // The executor lives on, whatever becomes of whoever asked.
            world.act(key, on: order.parameters.values["unit"]?.string ?? "")
            world.boundary()
            return .accepted(boot: "b0", invocationBefore: nil)
        }

        func result(of key: EffectKey) throws(Fault) -> Outcome {
            try reach.check()
            return world.with { $0.keys[key]?.outcome ?? .failed("it never began") }
        }

        func probe(_ key: EffectKey) throws(Fault) -> ProbeAnswer {
            try reach.check()
            return world.with { state in
                guard let known = state.keys[key] else {
                    state.keys[key] = Key(isVoid: true)
                    return .void
                }
                if known.isVoid { return .void }
                switch known.outcome {
                case nil: return .running
                case .unknown(let text)?: return .unknown(text)
                case let outcome?: return .result(outcome)
                }
            }
        }

        func cancel(_ key: EffectKey) throws(Fault) { try reach.check() }

        func collect(_ key: EffectKey) throws(Fault) {
            try reach.check()
            world.with { $0.keys[key]?.isCollected = true }
        }

        func halt(why: String) throws(Fault) {
            try reach.check()
            world.with { $0.isHalted = why }
        }

        func unitState(_ unit: String) throws(Fault) -> UnitState {
            try reach.check()
            return world.with { $0.units[unit] ?? UnitState(id: unit, loadState: "not-found") }
        }

        func notices() -> AsyncStream<ExecutorNotice> { noticed }
    }

    /// The deed itself, and its end.
    fileprivate func act(_ key: EffectKey, on unit: String) {
        with { state in
            let name = "\(key.run)/\(key.path)"
            state.done[name, default: 0] += 1
            state.lastDeed = state.now
            let count = state.done[name] ?? 1
            let given = state.outcomes[key.path] ?? []
            let invocation = "inv\(state.keys.count)"
            state.units[unit]?.invocationID = invocation
            state.log.append((state.now, key, unit))
            if let silence = state.silenceAfterDeed { state.outOfReachUntil = state.now + silence }
            state.keys[key]?.outcome =
                given.isEmpty
                ? .done(["active_state": "active", "invocation_after": .string(invocation), "exit": 0])
                : given[min(count, given.count) - 1]
        }
    }
}
