import Actuation
import Agents
import Delivery
import FoundationEssentials
import Ledger
import Model
import Text

@testable import Daemon

/// The daemon's side of the agents' socket over a ledger, with the run `r` of the incident `4f2a`.
struct WorkStage {
    let ledger: Ledger
    let clock: SteppedClock
    let desk: WorkDesk
    let service: WorkService

    init(_ budget: Agents.Budget = Agents.Budget(), ledger: Ledger? = nil) async throws {
        self.ledger = try ledger ?? Ledger.inMemory()
        let stage = try await ObservatoryStage(ledger: self.ledger)
        clock = stage.clock
        desk = WorkDesk(clock: clock.host)
        let tools = WorkTools(
            settings: ObservatoryStage.settings, ledger: self.ledger, observatory: stage.observatory,
            state: { UnitState(id: $0) }, clock: clock.host, masking: try Masking())
        service = WorkService(
            desk: desk, tools: tools, ledger: self.ledger, git: nil, budget: budget, clock: clock.host,
            finish: { _, _ in })
    }

    /// Puts the incident and its run into a new ledger.
    func begin() async throws {
        let stamp = clock.host.now()
        try await ledger.write { transaction in
            try transaction.insert(
                incident: Incident(
                    id: "4f2a", fingerprint: "f", name: "HighErrorRate", severity: "critical", labels: [:], claims: [],
                    summary: "", openedAt: stamp.wall, rule: SourcePlace(file: "a", line: 1, column: 1)))
            try transaction.insertDefinition(digest: "d", name: "incident-fix", text: "", at: stamp.wall)
            try transaction.insert(
                run: RunHeader(
                    id: "r", incident: "4f2a", runbook: "incident-fix", digest: "d", occurrence: 1, target: "payments",
                    mode: "auto", trigger: "{}", parameters: "{}", stamp: stamp))
        }
    }

    /// As the agents' process asks, over JSON.
    @discardableResult func ask(_ request: WorkRequest) async throws -> WorkAnswer {
        let bytes = try await service.answer(Array(JSONEncoder().encode(request)))
        return try JSONDecoder().decode(WorkAnswer.self, from: Data(bytes))
    }

    /// The fault's code; nil where there is none.
    func fault(_ request: WorkRequest) async -> String? {
        do {
            _ = try await ask(request)
            return nil
        } catch {
            return (error as? Fault)?.code ?? "\(error)"
        }
    }

    /// Whether so much is held.
    func holds(_ key: EffectKey, _ request: String, number: Int = 1, part: Int = 0, cost: Int) async throws -> Bool {
        switch try await ask(Self.hold(key, request, number: number, part: part, cost: cost)) {
        case .done: true
        case .refused: false
        default: throw Fault("test", "another answer")
        }
    }

    func cost(run: String? = nil) async throws -> Int {
        try await ledger.read { try run.map($0.spent(run:))?.cost ?? $0.spent(since: Timestamp(seconds: 0)).cost }
    }

    static func key(_ path: String) -> EffectKey { EffectKey(run: "r", path: path, attempt: 1) }
    static func name(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    static func hold(
        _ key: EffectKey, _ request: String, number: Int = 1, part: Int = 0, tokens: Int = 10, cost: Int = 100
    ) -> WorkRequest {
        let most = WorkSpending(model: "m", tokens: tokens, cost: cost)
        return .hold(key, WorkHold(request: request, part: part, number: number, most: most))
    }

    static func exchange(
        _ key: EffectKey, _ request: String, number: Int = 1, body: String = "{}", tokens: Int = 5, cost: Int = 7
    ) -> WorkRequest {
        .exchange(
            key, number: number, body: body, spent: WorkSpending(model: "m", tokens: tokens, cost: cost),
            request: request)
    }

    static func review(_ id: String, role: String = "---\nrole: review\n---\n", range: String = "a..b") -> WorkRequest {
        .review(WorkReview(id: id, project: "payments", range: range, by: "ada", role: role))
    }
}
