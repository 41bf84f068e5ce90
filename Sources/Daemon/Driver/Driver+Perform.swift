import Actuation
import Logging
import Model
import Runbooks
import Text

// Effects: guards once more, START committed, the deed, RESULT.
extension Driver {
    func perform(_ key: EffectKey, _ step: RenderedStep) async {
        guard let run = open[key.run], case .step(let attempt) = run.state.phase, attempt.key == key else { return }
        // A message needs no START: it goes into the outbox in the transaction that says it is done.
        if case .notify(let to, _) = step {
            await feedSurely(.result(key: key, outcome: .done(["to": .string(to)])), to: key.run)
            return
        }
        if let stop = await stop(of: run, isUndo: attempt.isUndo) {
            await feedSurely(.result(key: key, outcome: .refused(guard: stop.guard, text: stop.text)), to: key.run)
            return
        }
        var invocation: String?
        if case .systemd(_, let unit) = step, let executor = parts.executor {
            do {
                invocation = try await executor.unitState(unit).invocationID
            } catch {
                await feedSurely(
                    .result(key: key, outcome: .failed("\(unit) cannot be looked at: \(error)")), to: key.run)
                return
            }
        }
        guard !Task.isCancelled else { return }
        let child: NewSubrun?
        do {
            child = try newSubrun(key, step)
        } catch {
            return await feedSurely(.result(key: key, outcome: .failed(error.message)), to: key.run)
        }
        do {
            try await feed(
                .started(key: key, boot: parts.clock.now().bootID, invocationBefore: invocation), to: key.run,
                beginning: child)
        } catch {
            // Nothing has begun. The run is taken up again when the ledger can be written.
            parts.logger.error("\(key) does not start, for it cannot be stored: \(error)")
            return
        }
        guard open[key.run]?.state.running == key else { return }
        switch step {
        case .systemd, .run, .deploy: await performByExecutor(key, run.order)
        case .http(let request):
            let outcome = await outcome(of: request, key, run)
            await feedSurely(.result(key: key, outcome: outcome), to: key.run)
        case .notify, .wait, .check, .approve: break  // told already; timers and watches follow from the state
        case .agent, .repository: await offer(key, step)
        case .forge(let forge):
            let outcome = await self.forge(forge, key)
            await feedSurely(.result(key: key, outcome: masked(outcome)), to: key.run)
        case .runbook: break  // the sub-run began with the start, and its end is the result
        }
    }

    private func performByExecutor(_ key: EffectKey, _ order: Order) async {
        guard let executor = parts.executor else {
            await feedSurely(.result(key: key, outcome: .failed("nobody acts here")), to: key.run)
            return
        }
        do {
            switch try await executor.perform(key, order) {
            case .accepted: await awaitResult(of: key)
            case .refused(let name, let text):
                await feedSurely(.result(key: key, outcome: .refused(guard: name, text: text)), to: key.run)
            }
        } catch {
            parts.logger.warning("\(key): the executor is out of reach, asking what became of it: \(error)")
            await probe(key)
        }
    }

    /// Awaits the end of an effect that runs; an executor out of reach meanwhile is asked again.
    func awaitResult(of key: EffectKey) async {
        guard let executor = parts.executor, isExecutors(key) else { return }
        do {
            let outcome = try await executor.result(of: key)
            await feedSurely(.result(key: key, outcome: masked(outcome)), to: key.run)
        } catch {
            do { try await parts.clock.sleep(.seconds(1)) } catch { return }  // cancelled: a restart asks again
            await probe(key)
        }
    }

    func cancel(_ key: EffectKey) async {
        guard case .step(let attempt)? = open[key.run]?.state.phase, attempt.key == key else { return }
        switch attempt.step {
        case .run, .deploy:
            do {
                try await parts.executor?.cancel(key)
            } catch {
                parts.logger.warning("\(key) cannot be cancelled: \(error)")
            }
        case .agent, .repository: await cancelWork(key)
        case .runbook:
            await feedLoosely(.withdrawn(by: "the run that began it", why: "its time is over"), to: key.subrunID)
        // A request ends by its own timeout, which is the step's; its result comes by itself.
        case .http, .forge, .systemd, .wait, .check, .approve, .notify: break
        }
    }

    /// Whether the step that the key stands for is performed by the executor.
    private func isExecutors(_ key: EffectKey) -> Bool {
        guard case .step(let attempt)? = open[key.run]?.state.phase, attempt.key == key else { return false }
        switch attempt.step {
        case .systemd, .run, .deploy: return true
        default: return false
        }
    }

    func collect(_ key: EffectKey) async {
        guard let executor = parts.executor else { return }
        do {
            try await executor.collect(key)
        } catch {
            parts.logger.warning("the unit of \(key) is left behind: \(error)")
        }
    }

    /// Secrets that a program or a server printed are masked before anything is stored.
    func masked(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .done(let result): .done(masked(result))
        case .failed(let text): .failed(parts.masking.mask(text))
        case .unknown(let text): .unknown(parts.masking.mask(text))
        case .cancelled(let text): .cancelled(parts.masking.mask(text))
        case .refused(let name, let text): .refused(guard: name, text: parts.masking.mask(text))
        case .timedOut: .timedOut
        }
    }

    private func masked(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(parts.masking.mask(text))
        case .array(let items): .array(items.map { masked($0) })
        case .object(let members): .object(members.mapValues { masked($0) })
        case .null, .bool, .number: value
        }
    }
}
