import Agents
public import Model

/// Where the agents' process asks the daemon; `WorkClient` over its socket, a closure in tests.
public protocol WorkLine: Sendable {
    /// A fault's code is `work.unreachable` where nobody answers.
    func ask(_ question: WorkRequest) async throws(Fault) -> WorkAnswer
}

extension WorkClient: WorkLine {}

/// Asks again while the daemon is not there, until it answers or the asking task is cancelled.
///
/// Every question but a poll may be asked twice: an exchange and an outcome are taken once.
struct PatientLine: WorkLine {
    let line: any WorkLine
    let clock: HostClock

    func ask(_ question: WorkRequest) async throws(Fault) -> WorkAnswer {
        var pauses = WorkPauses()
        while true {
            do throws(Fault) {
                return try await line.ask(question)
            } catch {
                guard error.code == "work.unreachable", !Task.isCancelled else { throw error }
            }
            do {
                try await clock.sleep(pauses.next())
            } catch {
                throw Fault("work.cancelled", "The work was cancelled while the daemon was away")
            }
        }
    }

    /// Tells what a request took, once more where the asking task is cancelled: a stopped agent's bill comes all the same.
    ///
    /// Where not even that arrives, what was held for the request stays spent.
    func settle(_ message: WorkRequest) async throws(Fault) {
        do throws(Fault) {
            return try await tell(message)
        } catch {
            guard Task.isCancelled else { throw error }
        }
        // A task of its own is not cancelled with ours; the line's timeout bounds it.
        let told = await Task { [line] () async -> Result<Void, Fault> in
            do throws(Fault) { return .success(try await line.tell(message)) } catch { return .failure(error) }
        }.value
        try told.get()
    }
}

/// Twice as long each time, up to five seconds.
struct WorkPauses: Sendable {
    private var pause = Duration.milliseconds(250)

    mutating func next() -> Duration {
        defer { pause = min(pause * 2, .seconds(5)) }
        return pause
    }
}

extension WorkLine {
    func tool(_ key: EffectKey, _ name: String, _ arguments: JSONValue) async -> ToolResult {
        do throws(Fault) {
            guard case .tool(let text, let isError) = try await ask(.tool(key, name: name, arguments: arguments)) else {
                throw Self.otherAnswer
            }
            return ToolResult(text, isError: isError)
        } catch {
            return ToolResult(error.description, isError: true)
        }
    }

    func exchanges(_ key: EffectKey) async throws(Fault) -> [String] {
        guard case .exchanges(let bodies) = try await ask(.exchanges(key)) else { throw Self.otherAnswer }
        return bodies
    }

    /// All exchanges of the run's agents.
    func seen(_ key: EffectKey) async throws(Fault) -> [Exchange] {
        guard case .exchanges(let bodies) = try await ask(.seen(key)) else { throw Self.otherAnswer }
        return try LineTranscript.decoded(bodies)
    }

    /// Why so much may not be held; nil where it is.
    func hold(_ key: EffectKey, _ hold: WorkHold) async throws(Fault) -> String? {
        switch try await ask(.hold(key, hold)) {
        case .done: return nil
        case .refused(let sentence): return sentence
        default: throw Self.otherAnswer
        }
    }

    func tell(_ message: WorkRequest) async throws(Fault) {
        guard case .done = try await ask(message) else { throw Self.otherAnswer }
    }

    static var otherAnswer: Fault { Fault("work.answer", "The daemon answered something else than what was asked") }
}
