import Model
import Runbooks

/// Something to be done in the background, by `run()`.
enum Errand: Sendable {
    /// Await the job (nil: ask systemd what becomes of the unit) and write the key's end. `end`: the job's end, if known.
    case follow(EffectKey, UnitJob?, end: String?)
    /// Find out what became of a start that has no end in the log.
    case settle(EffectKey)
}

/// What systemd says of a started key.
enum Finding: Hashable {
    case ended(Outcome)
    /// By this job, or (nil) without one that could be awaited.
    case running(UnitJob?)
    case neverBegan
}

extension ExecutorCore {
    /// Ends what was started; first finds out what became of starts that a former process left. Returns when cancelled.
    public func run() async {
        for key in book.open { newErrands.yield(.settle(key)) }
        let bus = bus
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for await errand in errands {
                    group.addTask { await self.perform(errand) }
                }
            }
        } onCancel: {
            bus.close()
        }
    }

    private func perform(_ errand: Errand) async {
        var next: Errand? = errand
        var pause = Duration.milliseconds(100)
        while let errand = next, !Task.isCancelled {
            do throws(Fault) {
                next = try await advance(errand)
                continue
            } catch {
                options.say("trying again: \(error.message)".onOneLine)
            }
            do {
                try await clock.sleep(pause)
            } catch {
                return
            }
            pause = min(pause * 2, .seconds(5))
        }
    }

    /// One thing awaited; what is to be awaited next, or nil when the key has its end.
    private func advance(_ errand: Errand) async throws(Fault) -> Errand? {
        switch errand {
        case .settle(let key):
            try await settle(key)
            return nil
        case .follow(let key, let job?, end: nil):
            let jobEnd = try await bus.end(of: job)
            return .follow(key, jobEnd == nil ? nil : job, end: jobEnd)
        case .follow(let key, let job, let jobEnd):
            switch try await examine(key, job, jobEnd) {
            case .ended(let outcome):
                try end(key, outcome)
                return nil
            case .running(let job?): return .follow(key, job, end: nil)
            case .running(nil):
                await pause()
                return .follow(key, nil, end: nil)
            case .neverBegan:
                // It was begun, so this is somebody's doing.
                try end(key, .unknown("its unit is gone"))
                return nil
            }
        }
    }

    private func pause() async {
        do {
            try await clock.sleep(.milliseconds(200))
        } catch {
            // Cancelled: the loop that called sees it.
        }
    }

    /// Finds out what became of a started key that nobody follows.
    func settle(_ key: EffectKey) async throws(Fault) {
        let finding = try await examine(key, nil, nil)
        guard case .started = book.keys[key]?.phase, !followed.contains(key), !neverBegan.contains(key) else { return }
        switch finding {
        case .ended(let outcome): try end(key, outcome)
        case .running(let job):
            followed.insert(key)
            newErrands.yield(.follow(key, job, end: nil))
        case .neverBegan: neverBegan.insert(key)
        }
    }

    private func examine(_ key: EffectKey, _ job: UnitJob?, _ jobEnd: String?) async throws(Fault) -> Finding {
        guard let entry = book.keys[key], let action = entry.action else { return .neverBegan }
        guard action.boot == clock.now().bootID else {
            return .ended(.unknown("the host was started anew before its end was written down"))
        }
        switch action.kind {
        case .systemd(let verb, let unit, let before):
            return Verdicts.systemd(verb, before: before, now: try await bus.state(of: unit), job: job, jobEnd: jobEnd)
        case .run(let unit):
            let state = try await bus.state(of: unit)
            let hasBegun = try await bus.hasBegun(unit)
            return Verdicts.run(state, hasBegun: hasBegun, isCancelled: book.keys[key]?.isCancelled ?? false)
        }
    }

    func end(_ key: EffectKey, _ outcome: Outcome) throws(Fault) {
        guard case .started = book.keys[key]?.phase else { return }
        try commit(.ended(key: key, outcome: outcome))
        followed.remove(key)
        options.say("\(key): \(outcome.word)\(outcome.reason)".onOneLine)
        wake(key, outcome)
        subscribers.tell(.result(key: key, outcome: outcome))
    }

    func wake(_ key: EffectKey, _ outcome: Outcome) {
        for waiter in waiters.removeValue(forKey: key) ?? [] {
            waiter.yield(outcome)
            waiter.finish()
        }
    }
}

extension Outcome {
    fileprivate var reason: String {
        switch self {
        case .failed(let text), .unknown(let text), .cancelled(let text): ", \(text)"
        default: ""
        }
    }
}
