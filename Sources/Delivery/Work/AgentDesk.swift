public import Agents
public import Model
public import Text

/// Lets an agent do a step: its tools, its transcript, its budget, and the checks of its result.
public struct AgentDesk: Sendable {
    let line: PatientLine
    let client: any ModelClient
    let provider: ProviderSettings
    let budget: Budget
    let state: String
    let masking: Masking
    let clock: HostClock
    let random: @Sendable () -> Double

    /// - Parameters:
    ///   - client: the provider's, without retries.
    ///   - state: a directory of our own, absolute, the repository desk's too.
    ///   - random: from 0 up to 1.
    public init(
        line: any WorkLine, client: any ModelClient, provider: ProviderSettings, budget: Budget, state: String,
        masking: Masking, clock: HostClock, random: @escaping @Sendable () -> Double
    ) {
        self.line = PatientLine(line: line, clock: clock)
        self.client = client
        self.provider = provider
        self.budget = budget
        self.state = state
        self.masking = masking
        self.clock = clock
        self.random = random
    }

    /// Done with what the role's schema says, or failed with `GATE: sentence`.
    public func perform(
        _ task: WorkTask, file: String, text: String, inputs: [String: JSONValue]
    ) async -> Outcome {
        do {
            var role = try Role.parse(text, file: file)
            role.budget = role.budget.part(of: budget)
            if let failure = egress(role, task) { return .failed(failure.description) }
            switch try await run(role, task, inputs) {
            case .finished(let result): return .done(result)
            case .failed(let failure):
                if Task.isCancelled { return Self.stopped }
                return .failed(masking.mask(failure.description))
            }
        } catch is CancellationError {
            return Self.stopped
        } catch let problems as Diagnostics {
            return .failed(failure(.schema, "the role's file cannot be used: \(problems)"))
        } catch let fault as Fault where !fault.code.hasPrefix("work.") {
            return .failed(failure(.schema, fault.description))
        } catch {
            return Task.isCancelled ? Self.stopped : .failed(failure(.unreachable, "\(error)"))
        }
    }

    private static let stopped = Outcome.cancelled("the agent was told to stop")

    private func failure(_ reason: AgentFailure.Reason, _ text: String) -> String {
        masking.mask(AgentFailure(reason, text).description)
    }

    /// Roles that work on code are given pieces of it by their inputs, whatever their tools refuse.
    ///
    /// Of a role that we do not know nobody can say what its inputs hold, so it counts as one of them.
    private func egress(_ role: Role, _ task: WorkTask) -> AgentFailure? {
        guard !Self.rolesWithoutCode.contains(role.name) else { return nil }
        guard let project = task.project else {
            return AgentFailure(.refusal, "\(role.name) works on code, and the incident belongs to no project")
        }
        guard !project.sendsCode else { return nil }
        return AgentFailure(
            .refusal,
            "the code of \(project.name) may not be sent to a model; "
                + "projects.\(project.name).egress.code in the settings allows it")
    }

    private static let rolesWithoutCode: Set = ["log-analysis", "root-cause"]

    private func run(_ role: Role, _ task: WorkTask, _ inputs: [String: JSONValue]) async throws -> AgentEnd {
        let key = task.key
        let budget = AgentBudget(
            line: line, key: key, model: provider.model, prices: provider.prices, clock: clock)
        let transcript = LineTranscript(line: line, key: key, budget: budget)
        let view = CodeView(task, state: state, line: line, masking: masking)
        var limits = AgentLimits()
        limits.outputMax = provider.outputMax
        limits.requestTimeout = provider.timeout
        let retrying = RetryingClient(client, clock: clock, random: random) { await budget.time(for: $0) }
        let loop = try AgentLoop(
            role: role, client: retrying, tools: DaemonTools.all(key, line) + CodeTools.all(view), store: transcript,
            clock: clock, mask: masking.mask, prices: provider.prices, gate: { await budget.refusal($0) },
            checks: checks(role, task, inputs), limits: limits)
        var inputs = inputs
        var material: [(name: String, text: String)] = []
        // A transcript that has begun holds what it began with.
        if role.material.contains(.journal), try await transcript.exchanges().isEmpty {
            let journal = await line.tool(key, "raw-journal", [:])
            if journal.isError {
                inputs[JournalMaterial.name] = .string("There is no log text to read: \(journal.text)")
            } else {
                material = JournalMaterial.pieces(journal.text)
            }
        }
        let end = try await loop.run(
            AgentTask(
                inputs: inputs, incident: task.incident.json, material: material,
                earlier: Citations(transcripts: [try await line.seen(key)])))
        if case .failed(let failure) = end, let lost = failure.lost { try await budget.lost(lost) }
        return end
    }
}

extension WorkIncident {
    /// `$incident` of the roles' prompts.
    var json: JSONValue {
        [
            "id": .string(id), "name": .string(name), "severity": .string(severity), "summary": .string(summary),
            "labels": .object(labels.mapValues { .string($0) }), "opened_at": .string(openedAt.description),
            "timeline": .array(timeline.map { .string($0) }),
        ]
    }
}
