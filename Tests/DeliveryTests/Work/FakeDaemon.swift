import Agents
import Model
import Synchronization

@testable import Delivery

/// A daemon in memory: hands out tasks, keeps exchanges and outcomes, and can be away for a while.
actor FakeDaemon: WorkLine {
    private var offered: [WorkTask] = []
    private var cancelled: Set<EffectKey> = []
    private var stored: [(key: EffectKey, body: String)] = []
    private var outcomes: [(key: EffectKey, outcome: Outcome)] = []
    private var tools: [String: (text: String, isError: Bool)] = [:]
    private var unreachable = 0
    private let repository: Project.Repository?
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private(set) var calls: [String] = []
    private(set) var polls: [[EffectKey]] = []
    /// What is spent or held, by the request's name.
    private var books: [String: WorkSpending] = [:]
    private(set) var holds: [WorkHold] = []
    private let budget = Budget(incidentTokens: 10_000_000)

    /// - Parameter repository: where branches that are offered for the item `1a2b3c4d-1` are taken in.
    init(repository: Project.Repository? = nil) { self.repository = repository }

    func offer(_ tasks: [WorkTask]) {
        offered += tasks
        wake()
    }
    func cancel(_ key: EffectKey) {
        cancelled.insert(key)
        wake()
    }
    func answer(_ tool: String, _ text: String, isError: Bool = false) { tools[tool] = (text, isError) }
    /// So many questions from now on get no answer.
    func goAway(for questions: Int) { unreachable = questions }
    func spend(incidentCost: Int) { books["before"] = WorkSpending(model: "m", tokens: 0, cost: incidentCost) }
    var spending: (incidentTokens: Int, incidentCost: Int) {
        books.values.reduce((0, 0)) { ($0.0 + $1.tokens, $0.1 + $1.cost) }
    }
    var ended: [String: Outcome] {
        Dictionary(outcomes.map { ($0.key.path, $0.outcome) }) { first, _ in first }
    }
    var endedCount: Int { outcomes.count }
    func exchanges(of path: String) -> Int { stored.count { $0.key.path == path } }

    /// Returns once so many outcomes have come.
    func outcomes(_ count: Int) async -> [String: Outcome] {
        while outcomes.count < count { await pause() }
        return ended
    }
    func polled(_ count: Int) async {
        while polls.count < count { await pause() }
    }

    func ask(_ question: WorkRequest) async throws(Fault) -> WorkAnswer {
        if unreachable > 0 {
            unreachable -= 1
            throw Fault("work.unreachable", "nobody answers")
        }
        switch question {
        case .poll(let running): return try await poll(running)
        case .tool(_, let name, let arguments):
            calls.append("\(name) \(arguments.object?.keys.sorted().joined(separator: ",") ?? "")")
            if name == "proposal" {
                let known = arguments["runbook"]?.string == "restart"
                return .tool(text: known ? "" : "no such runbook is installed; there are: restart", isError: !known)
            }
            let answer = tools[name] ?? ("nothing of \(name)", false)
            return .tool(text: answer.text, isError: answer.isError)
        case .exchanges(let key): return .exchanges(stored.filter { $0.key == key }.map(\.body))
        case .seen(let key):
            return .exchanges(stored.filter { $0.key.run == key.run && $0.key.path != key.path }.map(\.body))
        case .exchange(let key, let number, let body, let spent, let request):
            if number > stored.count(where: { $0.key == key }) {
                stored.append((key, body))
                books[request] = spent
            }
            return .done
        case .lost(_, let request, let spent):
            books[request] = spent
            return .done
        case .review: throw Fault("control.body", "no review begins here")
        case .hold(_, let hold): return take(hold)
        case .offer(_, let offer):
            guard let repository else { throw Fault("repository.offer", "no branch is taken in here") }
            let forge = try await LocalForge(repository, git: try Git())
            _ = try await forge.receive(offer, as: try ItemName("1a2b3c4d-1"))
            return .done
        case .finished(let key, let outcome):
            if offered.contains(where: { $0.key == key }) { outcomes.append((key, outcome)) }
            offered.removeAll { $0.key == key }
            wake()
            return .done
        }
    }

    private func take(_ hold: WorkHold) -> WorkAnswer {
        if holds.contains(where: { $0.request == hold.request && $0.part == hold.part }) { return .done }
        let cost = Money(microdollars: Int64(spending.incidentCost))
        let spent = Spending(incident: cost, incidentTokens: spending.incidentTokens, day: cost, month: cost)
        let most = Money(microdollars: Int64(hold.most.cost))
        if let refusal = budget.refusal(tokens: hold.most.tokens, cost: most, spent: spent) {
            return .refused(refusal.description)
        }
        holds.append(hold)
        var held = books[hold.request] ?? WorkSpending(model: "m", tokens: 0, cost: 0)
        held.tokens += hold.most.tokens
        held.cost += hold.most.cost
        books[hold.request] = held
        return .done
    }

    private func poll(_ running: [EffectKey]) async throws(Fault) -> WorkAnswer {
        polls.append(running)
        wake()
        while true {
            let start = offered.filter { !running.contains($0.key) && !cancelled.contains($0.key) }
            let cancel = running.filter(cancelled.contains)
            cancelled.subtract(cancel)
            if !start.isEmpty || !cancel.isEmpty { return .tasks(start: start, cancel: cancel) }
            if Task.isCancelled { throw Fault("work.unreachable", "cancelled") }
            await pause()
        }
    }

    private func pause() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiting.append($0) }
        } onCancel: {
            Task { await wake() }
        }
    }

    private func wake() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// Short waits are over at once; long ones, the bounds of tasks, only by being cancelled.
func quickClock() -> HostClock {
    HostClock(
        now: { Stamp(wall: Timestamp(seconds: 1_800_000_000), bootID: "b", sinceBoot: .seconds(5)) },
        sleep: { duration in
            if duration >= .seconds(30) { try await untilCancelled() }
            await Task.yield()
            try Task.checkCancellation()
        })
}

/// Ends by CancellationError, and only so.
func untilCancelled() async throws {
    let (stream, _) = AsyncStream<Never>.makeStream()
    for await _ in stream {}
    try Task.checkCancellation()
}

/// A model that plays a script: the nth request of a conversation gets the nth move.
final class ScriptedModel: ModelClient {
    let model = "scripted"
    let hasTools = true
    private let moves: [[(tool: String, arguments: JSONValue)]]
    private let sent = Mutex<[ModelRequest]>([])

    init(_ moves: [[(tool: String, arguments: JSONValue)]]) { self.moves = moves }

    var requests: [ModelRequest] { sent.withLock { $0 } }

    func send(_ request: ModelRequest, onText: @Sendable (String) -> Void) async throws(ModelError) -> ModelReply {
        sent.withLock { $0.append(request) }
        let number = request.messages.count { $0.speaker == .assistant }
        guard moves.indices.contains(number) else { throw ModelError(.refused, "the script ends here") }
        return ModelReply(
            parts: moves[number].enumerated().map {
                .call(id: "c\(number)-\($0)", tool: $1.tool, arguments: $1.arguments)
            },
            stop: .calls, usage: ModelUsage(input: 100, output: 10))
    }
}

extension ModelRequest {
    /// All that the model was told, for a test to look into.
    var everything: String {
        system
            + messages.flatMap(\.parts).map { part in
                switch part {
                case .text(let text), .result(_, let text, _): text
                case .call, .vendor: ""
                }
            }.joined(separator: "\n")
    }
}

extension WorkTask {
    static func sample(
        _ path: String, _ step: Step = .repository(.checkout), run: String = "r1", attempt: Int = 1,
        project: Project? = nil, item: String = "1a2b3c4d-1", revision: String? = nil,
        timeout: Duration = .seconds(3600)
    ) -> WorkTask {
        WorkTask(
            key: EffectKey(run: run, path: path, attempt: attempt), step: step,
            incident: WorkIncident(
                id: "1a2b3c4d", name: "PaymentsFail", severity: "critical", summary: "payments fail",
                labels: ["unit": "payments.service"], openedAt: Timestamp(seconds: 1_799_999_000), timeline: []),
            project: project, item: item, revision: revision, timeout: timeout)
    }
}
