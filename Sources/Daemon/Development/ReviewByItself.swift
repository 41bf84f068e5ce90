import Actuation
import Agents
import Delivery
import FoundationEssentials
import HTTPClient
import Model
import Runbooks
import Synchronization
import Text

/// The reviewer without a run: any range of commits of a project, whoever wrote them.
///
/// Bounded by the role's own budget and, where the daemon runs, by its books: it keeps the exchanges and what they cost.
public enum ReviewByItself {
    public struct Finding: Sendable, Codable, Hashable {
        public var severity: String
        public var area: String
        public var path: String
        public var line: Int
        public var text: String
    }

    public struct Review: Sendable {
        /// The worst first.
        public var findings: [Finding]
        /// Under which name the daemon keeps the exchanges; nil where there is no daemon.
        public var kept: String?
    }

    /// What the reviewer finds. A fault says why there is no review.
    ///
    /// - Parameter person: who asks, for the record.
    public static func run(
        settingsPath: String?, project name: String, range: String, by person: String
    ) async throws -> Review {
        let settings = try SettingsFile.load(settingsPath)
        guard let provider = settings.agents.provider else {
            throw Fault("agents.none", "agents.provider is none, so nobody reviews", hint: "Set one in the settings.")
        }
        guard let project = settings.projects.first(where: { $0.name == name }) else {
            let known = settings.projects.map(\.name).joined(separator: ", ")
            throw Fault("agents.project", "The settings have no project \"\(name)\"", hint: "There is: \(known).")
        }
        guard let role = try Content.load(settings).roles.first(where: { $0.name == "review" }) else {
            throw Fault("agents.role", "There is no role \"review\"", hint: "runbooks/roles/ holds the roles.")
        }
        let state =
            FileManager.default.temporaryDirectory.path + "/nightshift-review-\(UInt32.random(in: 1...UInt32.max))"
        // A mirror that is left behind in the temporary directory harms nobody.
        defer { try? FileManager.default.removeItem(atPath: state) }
        let mirror = try Mirror(of: project, state: state, git: try Git())
        try await mirror.update()
        let commits = try await mirror.range(range)
        let diff = try await mirror.diff(commits)
        let masking = try Masking(extra: settings.redaction)
        let (http, id) = (HTTPClient(), WorkReview.newID())
        let daemon = WorkClient(socket: settings.agentsSocket, http: http)
        let review = WorkReview(id: id, project: name, range: range, by: person, role: role.text)
        let isKept = try await hasBegun(review, daemon)
        let desk = AgentDesk(
            line: isKept ? daemon : LoneLine(settings.agents.budget),
            client: try provider.client(http: http, environment: ProcessInfo.processInfo.environment),
            provider: provider, budget: settings.agents.budget, state: state, masking: masking, clock: .host,
            random: { Double.random(in: 0..<1) })
        let inputs: [String: JSONValue] = ["diff": .string(diff.text)]
        let task = WorkTask(
            key: WorkReview.key(id),
            step: .agent(role: "review", file: role.path, text: role.text, inputs: inputs),
            incident: WorkIncident(
                id: "review", name: "review", severity: "none", summary: "A review of \(range) of \(name)", labels: [:],
                openedAt: .now(), timeline: []),
            project: project, item: "review", revision: commits.new.text, timeout: .seconds(3600))
        switch await desk.perform(task, file: role.path, text: role.text, inputs: inputs) {
        case .done(let result): return Review(findings: findings(result), kept: isKept ? id : nil)
        case let outcome: throw Fault("agents.review", "There is no review: \(outcome.sentence)")
        }
    }

    /// False where no daemon runs; one that refuses is a fault.
    private static func hasBegun(_ review: WorkReview, _ daemon: WorkClient) async throws(Fault) -> Bool {
        do throws(Fault) {
            _ = try await daemon.ask(.review(review))
            return true
        } catch {
            guard error.code == "work.unreachable" else { throw error }
            return false
        }
    }

    static func findings(_ result: JSONValue) -> [Finding] {
        let found = (result["findings"]?.array ?? []).map { item in
            Finding(
                severity: item["severity"]?.string ?? "", area: item["area"]?.string ?? "",
                path: item["path"]?.string ?? "", line: item["line"]?.number.flatMap { Int(exactly: $0) } ?? 0,
                text: item["text"]?.string ?? "")
        }
        return Self.severities.flatMap { severity in found.filter { $0.severity == severity } }
    }

    /// As the role's schema has them, the worst first.
    private static let severities = ["blocking", "major", "minor", "note"]
}

/// Stands for the daemon where there is none: keeps exchanges in memory, knows nothing of a host.
private final class LoneLine: WorkLine {
    private let budget: Agents.Budget
    private let kept = Mutex<(bodies: [String], spent: [String: WorkSpending])>(([], [:]))

    init(_ budget: Agents.Budget) { self.budget = budget }

    func ask(_ question: WorkRequest) async throws(Fault) -> WorkAnswer {
        switch question {
        case .poll: return .tasks(start: [], cancel: [])
        case .tool: return .tool(text: "there is no host to look at", isError: true)
        case .exchanges: return .exchanges(kept.withLock { $0.bodies })
        case .seen: return .exchanges([])
        case .hold(_, let hold): return self.hold(hold)
        case .exchange(_, _, let body, let spent, let request):
            kept.withLock { kept in
                kept.bodies.append(body)
                kept.spent[request] = spent
            }
            return .done
        case .lost(_, let request, let spent):
            kept.withLock { $0.spent[request] = spent }
            return .done
        case .offer: throw Fault("repository.offer", "a review by itself has no branch to offer")
        case .finished, .review: return .done
        }
    }

    /// Nobody else spends here, so the one conversation is the incident, the day and the month.
    private func hold(_ hold: WorkHold) -> WorkAnswer {
        kept.withLock { kept in
            let cost = Money(microdollars: kept.spent.values.reduce(0) { $0 + Int64($1.cost) })
            let spent = Spending(
                incident: cost, incidentTokens: kept.spent.values.reduce(0) { $0 + $1.tokens }, day: cost, month: cost)
            let most = Money(microdollars: Int64(hold.most.cost))
            if let refusal = budget.refusal(tokens: hold.most.tokens, cost: most, spent: spent) {
                return .refused(refusal.description)
            }
            var held = kept.spent[hold.request] ?? WorkSpending(model: hold.most.model, tokens: 0, cost: 0)
            held.tokens += hold.most.tokens
            held.cost += hold.most.cost
            kept.spent[hold.request] = held
            return .done
        }
    }
}
