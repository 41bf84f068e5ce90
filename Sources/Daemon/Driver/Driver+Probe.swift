import Actuation
import HTTPClient
import Model
import Runbooks
import Text

// What became of an effect: asked of whoever acted, or by the probe that the runbook declares.
extension Driver {
    /// Finds out what became of a started effect whose result was lost.
    ///
    /// Silence is not an answer: it is asked again for a minute, and only then is the outcome unknown.
    func probe(_ key: EffectKey) async {
        let since = parts.clock.now()
        while !Task.isCancelled {
            guard let run = open[key.run], run.state.running == key else { return }
            do {
                await feedSurely(.probed(key: key, answer: try await answer(to: key, run)), to: key.run)
                return
            } catch {
                if parts.clock.now().since(since) >= RunBounds.probePatience {
                    let text = "nobody could be asked for \(RunBounds.probePatience.literal): \(error)"
                    await feedSurely(.probed(key: key, answer: .unknown(text)), to: key.run)
                    return
                }
            }
            do { try await parts.clock.sleep(.seconds(1)) } catch { return }  // cancelled: a restart asks again
        }
    }

    private func answer(to key: EffectKey, _ run: OpenRun) async throws(Fault) -> Probed {
        guard case .step(let attempt) = run.state.phase, attempt.key == key else { return .unknown("it is over") }
        switch attempt.step {
        case .systemd, .run, .deploy:
            guard let executor = parts.executor else { return .unknown("nobody acts here any more") }
            switch try await executor.probe(key) {
            case .running: return .running
            case .result(let outcome): return .result(masked(outcome))
            case .void: return .void
            case .unknown(let text):
                return try await declaredProbe(key, run).map { .result($0) } ?? .unknown(parts.masking.mask(text))
            }
        case .http:
            if requests.contains(key) { return .running }
            return try await declaredProbe(key, run).map { .result($0) } ?? .unknown("its answer was lost")
        case .notify, .wait, .check, .approve: return .unknown("it does not act")
        case .agent, .repository: return await probeWork(key, attempt.step)
        case .forge(let forge): return .result(masked(await self.forge(forge, key)))
        case .runbook: return try await probeSubrun(key)
        }
    }

    /// What the step's own `probe` says; nil where there is none, or it cannot say.
    private func declaredProbe(_ key: EffectKey, _ run: OpenRun) async throws(Fault) -> Outcome? {
        let definition = run.state.definition
        let parameters = run.state.facts?.parameters ?? Parameters()
        switch definition.step(at: key.path)?.probe {
        case nil: return nil
        case .expr(let template)?:
            let condition = try template.render(run.state.scope)
            return try await parts.observations.holds(condition, newerThan: nil).map {
                $0 ? .done(["probe": .string(condition)]) : .failed("\(condition) does not hold")
            }
        case .unit(let reference)?:
            guard let executor = parts.executor else { return nil }
            let unit = try definition.unit(reference, parameters)
            switch try await executor.unitState(unit).activeState {
            case "active": return .done(["active_state": "active"])
            case "failed": return .failed("\(unit) is failed")
            default: return nil
            }
        case .http(let step)?:
            let request = try definition.request(step, .seconds(10), run.state.scope, parameters)
            return masked(request.expect.judge(try await parts.send(HTTPRequest(request, key: nil))))
        }
    }

    // MARK: - Requests

    /// Sends a step's request. Where it may have arrived and nobody answered, the declared probe is asked.
    func outcome(of request: RenderedRequest, _ key: EffectKey, _ run: OpenRun) async -> Outcome {
        requests.insert(key)
        defer { requests.remove(key) }
        do {
            return masked(request.expect.judge(try await parts.send(HTTPRequest(request, key: key))))
        } catch {
            let text = parts.masking.mask(error.description)
            switch error.code {
            case "http.timeout": return .timedOut
            case "http.connect", "http.request", "http.busy", "http.engine": return .failed(text)
            case _ where request.method == "GET" || request.method == "HEAD": return .failed(text)
            default: break
            }
            do {
                return try await declaredProbe(key, run) ?? .unknown(text)
            } catch {
                return .unknown(text)
            }
        }
    }
}

extension HTTPRequest {
    /// With the effect's key as `Idempotency-Key`, so that a receiver can tell a repetition.
    init(_ request: RenderedRequest, key: EffectKey?) {
        var headers = request.headers.map { (name: $0.name, value: $0.value) }
        if let key { headers.append((name: "Idempotency-Key", value: key.description)) }
        self.init(
            method: request.method, url: request.url, headers: headers, body: request.body.map { Array($0.utf8) },
            timeout: request.timeout, bodyLimit: 64 << 10)
    }
}

extension HTTPStep.Expectation {
    func judge(_ response: HTTPResponse) -> Outcome {
        let isExpected = statuses.isEmpty ? (200...299).contains(response.status) : statuses.contains(response.status)
        guard isExpected else { return .failed("status \(response.status)") }
        if let pattern {
            do {
                guard try Pattern(pattern).matches(response.text) else {
                    return .failed("status \(response.status), and the body has nothing like \(pattern)")
                }
            } catch {
                return .failed("the expected pattern cannot be read: \(error)")
            }
        }
        return .done(["status": .number(Double(response.status)), "body": .string(String(response.text.prefix(4096)))])
    }
}
