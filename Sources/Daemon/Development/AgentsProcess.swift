import Actuation
import Agents
import Delivery
import FoundationEssentials
import Glibc
import HTTPClient
import Logging
import Model
import Text
import UnixSignals

/// The composition root of `nightshift agents`: the process that talks to models, and works on repositories.
///
/// It has the model's key and no right on the host; the daemon has the rights and no key. It listens nowhere.
public enum AgentsProcess {
    /// Runs until SIGTERM or SIGINT; a Fault `settings.unusable` says why it cannot start.
    ///
    /// - Parameter endsWithParent: it ends as well when whoever started it has ended.
    public static func run(settingsPath: String?, endsWithParent: Bool, version: String) async throws {
        let parent = getppid()
        let logger = Logger(label: "agents") {
            JournalLogHandler(label: $0, toJournal: JournalLogHandler.isUnderJournal)
        }
        let workshop: Workshop
        let settings: Settings
        do {
            settings = try SettingsFile.load(settingsPath)
            workshop = try await self.workshop(settings, say: { logger.notice("\($0)") })
        } catch {
            throw Fault("settings.unusable", "Nightshift's agents cannot start:\n\(error)")
        }
        let state = try await AgentsState(settings.agents.state)
        defer { withExtendedLifetime(state) {} }
        do {
            try await state.sweep()
        } catch {
            logger.warning("what was left behind in \(state.path) cannot be removed: \(error)")
        }
        logger.notice("nightshift \(version): agents, in \(state.path)")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await workshop.run() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return }
            }
            if endsWithParent { group.addTask { await waits(forEndOf: parent) } }
            await group.next()
            group.cancelAll()
        }
        logger.notice("stopped; what was begun goes on from what is stored")
    }

    private static func workshop(
        _ settings: Settings, say: @escaping @Sendable (String) -> Void
    ) async throws -> Workshop {
        guard let provider = settings.agents.provider else {
            throw Fault(
                "agents.none", "agents.provider is none: nothing is sent to a model, so there is nothing to do here",
                hint: "Set agents.provider in the settings, or leave this process off")
        }
        let (http, clock, state) = (HTTPClient(), HostClock.host, settings.agents.state)
        let client = try provider.client(http: http, environment: ProcessInfo.processInfo.environment)
        let masking = try Masking(extra: settings.redaction)
        let line = WorkClient(socket: settings.agentsSocket, http: http)
        var sandbox: Result<Sandbox, Fault>
        do throws(Fault) {
            sandbox = .success(try await Sandbox.open())
        } catch {
            say("no test of a repository can be run: \(error)")
            sandbox = .failure(error)
        }
        let agents = AgentDesk(
            line: line, client: client, provider: provider, budget: settings.agents.budget, state: state,
            masking: masking, clock: clock, random: { Double.random(in: 0..<1) })
        let repositories = RepositoryDesk(
            line: line, state: state, sandbox: sandbox, masking: masking, clock: clock)
        return Workshop(line: line, clock: clock, say: say) { task in
            switch task.step {
            case .agent(_, let file, let text, let inputs):
                await agents.perform(task, file: file, text: text, inputs: inputs)
            case .repository(let work): await repositories.perform(task, work)
            }
        }
    }

    /// Returns once another process has taken the place of the parent, or when it is cancelled.
    private static func waits(forEndOf parent: pid_t) async {
        while getppid() == parent, !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))  // cancelled: the loop ends
        }
    }
}
