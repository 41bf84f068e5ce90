public import Model
import Text

/// The one agent loop: asks the model, answers its calls, and ends only with a result that holds, or by a named reason.
///
/// All that it knows is the fold of its transcript. A loop started again on a stored transcript goes on behind the last
/// complete exchange and sends nothing of it again.
public struct AgentLoop: Sendable {
    let role: Role
    let client: any ModelClient
    let store: any TranscriptStore
    let clock: HostClock
    let limits: AgentLimits
    let gate: BudgetGate
    let prices: Prices
    let checks: [ResultCheck]
    let desk: ToolDesk

    /// `tools` must hold those that the role names; others are not offered.
    ///
    /// `mask` goes over all that a tool or the task gives, before it is stored or sent.
    public init(
        role: Role, client: any ModelClient, tools: [AgentTool], store: any TranscriptStore, clock: HostClock,
        mask: @escaping @Sendable (String) -> String, prices: Prices,
        gate: @escaping BudgetGate, checks: [ResultCheck] = [], limits: AgentLimits = AgentLimits()
    ) throws(Fault) {
        var offered: [AgentTool] = []
        for name in role.tools {
            guard let tool = tools.first(where: { $0.name == name }) else {
                throw Fault(
                    "agent.tool", "role \(role.name) needs the tool \"\(name)\", which is not there",
                    hint: "There are: \(tools.map(\.name).sorted().joined(separator: ", ")).")
            }
            guard tool.schema.kinds == [.object] else {
                throw Fault("agent.tool", "the arguments of the tool \"\(name)\" are not declared as an object")
            }
            offered.append(tool)
        }
        self.role = role
        self.client = client
        self.store = store
        self.clock = clock
        self.limits = limits
        self.gate = gate
        self.prices = prices
        self.checks = checks
        desk = ToolDesk(tools: offered, limits: limits, mask: mask, clock: clock)
    }

    /// Works to the end. Throws only what the store throws, or a fault of the role's prompt: then nothing was decided.
    public func run(_ task: AgentTask, onText: @Sendable (String) -> Void = { _ in }) async throws -> AgentEnd {
        let stored = try await store.exchanges()
        let opening = try stored.isEmpty ? self.opening(task) : Self.opening(of: stored)
        var state = AgentState(opening, earlier: task.earlier, exchanges: stored)
        let (began, before) = (clock.now(), state.worked)
        while true {
            if let end = state.end { return end }
            let left = role.budget.wall - before - clock.now().since(began)
            var request: ModelRequest
            switch await next(state, left: left) {
            case .success(let planned): request = planned
            case .failure(let failure): return .failed(failure)
            }
            let at = clock.now()
            // The gate may have been waited for.
            request.timeout = min(request.timeout, role.budget.wall - before - at.since(began))
            guard request.timeout > .zero else { return .failed(late(lost: ModelUsage())) }
            let reply: ModelReply
            do throws(ModelError) {
                reply = try await client.send(request, onText: onText)
            } catch {
                return .failed(AgentFailure(error))
            }
            var exchange = Exchange(
                number: state.exchanges.count + 1, at: at, model: client.model, request: try request.digest,
                opening: state.exchanges.isEmpty ? opening : nil, reply: reply, cost: prices.cost(of: reply.usage))
            await judge(&exchange, state, left: left - clock.now().since(at))
            exchange.took = clock.now().since(at)
            // What a cancelled tool answered is no answer: the exchange is not complete.
            if Task.isCancelled, exchange.end == nil {
                var failure = Self.cancelled
                failure.lost = reply.usage
                return .failed(failure)
            }
            try await store.append(exchange)
            state.take(exchange)
        }
    }

    private static let cancelled = AgentFailure(.cancelled, "the agent was told to stop")

    private func late(lost: ModelUsage? = nil) -> AgentFailure {
        var failure = AgentFailure(.budget, "\(role.name) did not finish within \(role.budget.wall.literal)")
        failure.lost = lost
        return failure
    }

    /// The next request, if the role and the gate allow it at its worst.
    private func next(_ state: AgentState, left: Duration) async -> Result<ModelRequest, AgentFailure> {
        let budget = role.budget
        if Task.isCancelled { return .failure(Self.cancelled) }
        if state.exchanges.count >= budget.turns {
            return .failure(AgentFailure(.turns, "\(role.name) did not finish within \(budget.turns) requests"))
        }
        if left <= .zero { return .failure(late()) }
        var request = state.conversation.request(outputMax: 0, timeout: min(limits.requestTimeout, left))
        let tokens = budget.tokens - state.tokens
        let (rest, overflow) = tokens.subtractingReportingOverflow(request.inputTokensMost)
        request.outputMax = min(limits.outputMax, overflow ? 0 : rest)
        guard request.outputMax >= limits.outputMin else {
            let used = "\(state.tokens) of \(budget.tokens) tokens are used"
            return .failure(AgentFailure(.budget, "\(used); the next request of \(role.name) could go past them"))
        }
        // A shorter answer may be what the money still allows.
        let money = Money(microdollars: budget.cost.microdollars - state.cost.microdollars)
        request.outputMax = min(request.outputMax, prices.outputMost(after: request.inputTokensMost, within: money))
        guard request.outputMax >= limits.outputMin else {
            let used = "\(state.cost) of \(budget.cost) are spent"
            return .failure(AgentFailure(.budget, "\(used); the next request of \(role.name) could go past that"))
        }
        let number = state.exchanges.count
        let unused = Role.Budget(turns: budget.turns - number, tokens: tokens, cost: money, wall: left)
        if let stop = await gate(AgentAsk(request: request, number: number + 1, left: unused)) {
            return .failure(AgentFailure(.budget, stop))
        }
        return .success(request)
    }

    /// Answers the reply's calls, or ends.
    private func judge(_ exchange: inout Exchange, _ state: AgentState, left: Duration) async {
        let reply = exchange.reply
        let calls = state.conversation.calls(in: reply)
        switch (reply.stop, calls) {
        case (.refusal, _):
            let words = reply.text.isEmpty ? "without a word" : quoted(reply.text, max: 200)
            exchange.end = .failed(AgentFailure(.refusal, "the model declined: \(words)"))
        case (.length, _):
            let size = "\(reply.usage.output) tokens"
            exchange.end = .failed(AgentFailure(.length, "the answer was cut off after \(size)"))
        case (.other(let word), .failure):
            exchange.end = .failed(AgentFailure(.malformed, "the model stopped for \(quoted(word)), without a call"))
        case (_, .failure(let complaint)):
            exchange.note = complaint.text
            exchange.complain(.answer, complaint.text)
        case (_, .success(let calls)) where calls.count == 1 && calls[0].tool == Role.finish:
            await finish(calls[0], &exchange, state)
        case (_, .success(let calls)):
            await answer(calls, &exchange, state, left: left)
        }
        endIfHopeless(&exchange, state)
        if exchange.end == nil, exchange.number + 1 == role.budget.turns {
            let last = "This is your last turn: call \(Role.finish) now."
            exchange.note = exchange.note.map { "\($0) \(last)" } ?? last
        }
    }

    private func answer(
        _ calls: [ToolCall], _ exchange: inout Exchange, _ state: AgentState, left: Duration
    ) async {
        let began = clock.now()
        var citations = state.citations
        citations.add(exchange.opening?.material ?? [])
        var seen: [String: Int] = [:]
        for (index, call) in calls.enumerated() {
            let answer: ToolAnswer
            seen[call.key, default: state.count(of: call)] += 1
            if call.tool == Role.finish {
                answer = ToolDesk.own("Call \(Role.finish) alone, after reading the answers to the other calls.")
                exchange.complain(.finish, answer.text)
            } else if index >= limits.callsPerTurn {
                answer = ToolDesk.own("At most \(limits.callsPerTurn) calls at once; this one was not made.")
            } else if let times = seen[call.key], times >= limits.repeats {
                let text = "\(quoted(call.tool)) was called \(times) times with the same arguments"
                exchange.end = .failed(AgentFailure(.loop, text))
                return
            } else {
                let rest = max(.zero, left - clock.now().since(began))
                let (made, complaint) = await desk.answer(call, id: citations.nextID, within: rest)
                if let complaint { exchange.complain(.call, complaint) }
                answer = made
            }
            citations.add([answer])
            exchange.answers.append(Exchange.Answer(call: call.id, tool: call.tool, answer: answer))
        }
    }

    /// The result, if it fits the schema and every gate lets it through; else what is wrong goes back.
    private func finish(_ call: ToolCall, _ exchange: inout Exchange, _ state: AgentState) async {
        func back(_ text: String) {
            exchange.answers = [Exchange.Answer(call: call.id, tool: call.tool, answer: ToolDesk.own(text))]
        }
        let problems = role.result.validate(call.arguments)
        guard problems.isEmpty else {
            let text = problems.map(\.description).joined(separator: "\n")
            exchange.complain(.finish, text)
            return back("The result does not fit:\n\(text)")
        }
        let result = ReviewResult.counted(call.arguments)
        if let (gate, problem) = await failedGate(result, state, exchange) {
            guard !state.hasFailed(gate: gate) else {
                exchange.end = .failed(AgentFailure(gate: gate, problem))
                return
            }
            exchange.complain(.gate, problem, gate: gate)
            let lines = problem.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            let proof = lines.count > 1 ? "\n\(lines[1])" : ""
            return back(
                "The result is refused (\(gate)): \(lines[0]). Mend it and finish again; there is no third try.\(proof)"
            )
        }
        exchange.end = .finished(result)
    }

    private func failedGate(
        _ result: JSONValue, _ state: AgentState, _ exchange: Exchange
    ) async -> (gate: String, problem: String)? {
        var citations = state.citations
        citations.add(exchange.shown)
        if let problem = citations.check(Citation.all(in: result)) {
            return (AgentFailure.Reason.citation.rawValue, problem)
        }
        for check in checks {
            if let problem = await check.problem(result) { return (check.gate, problem) }
        }
        return nil
    }

    private func endIfHopeless(_ exchange: inout Exchange, _ state: AgentState) {
        guard exchange.end == nil, let last = exchange.complaints.last?.text else { return }
        let results = exchange.complaints.count { $0.kind == .finish || $0.kind == .answer }
        let calls = exchange.complaints.count { $0.kind == .call }
        let invalid = state.count(of: [.finish, .answer]) + results
        let invalidCalls = state.count(of: [.call]) + calls
        if results > 0 && invalid >= limits.invalid || calls > 0 && invalidCalls >= 2 * limits.invalid {
            exchange.end = .failed(AgentFailure(.schema, "the model does not keep to the form; at last: \(last)"))
        }
    }
}
