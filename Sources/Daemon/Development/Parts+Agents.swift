import Actuation
import Agents
import Console
import Delivery
import FoundationEssentials
import Glibc
import Logging
import Model
import ServiceLifecycle
import Text

// The agents' process as the daemon sees it: a socket on which it asks, and, run by hand, a child.
extension Parts {
    func agentServices(_ development: Development, _ settingsPath: String?) -> [any Service] {
        let masking: Masking
        do {
            masking = try Masking(extra: settings.redaction)
        } catch {
            logger.critical("agents do not work, for nothing could be masked: \(error)")
            return []
        }
        let tools = WorkTools(
            settings: settings, ledger: ledger, observatory: observatory,
            state: { [bus] unit throws(Fault) in try await bus.state(of: unit) }, clock: clock, masking: masking,
            runbooks: { [driver] in await driver.proposable() })
        let service = WorkService(
            desk: development.desk, tools: tools, ledger: ledger, git: development.git,
            budget: settings.agents.budget, clock: clock,
            finish: { [driver] in await driver.workFinished($0, $1) })
        let (user, own) = (settings.agents.user, geteuid())
        var services: [any Service] = [
            PeerSocket(
                path: settings.agentsSocket, bodyMax: WorkRules.messageMax,
                isAllowed: { $0.uid == own || $0.uid == 0 || $0.name == user }, logger: logger,
                answer: { try await service.answer($0) }),
            // Ends before the socket does, which waits for the polls that it has not answered.
            DeskCloser(desk: development.desk),
        ]
        // Under systemd it is a unit of its own, with its own user and the model's key.
        if development.startsAgents { services.append(child(settingsPath)) }
        return services
    }

    private func child(_ settingsPath: String?) -> Running {
        Running { [logger, clock] in
            var pause = Duration.seconds(1)
            while true {
                let began = clock.now()
                let text = try await AgentsChild.run(settings: settingsPath)
                if clock.now().since(began) > .seconds(60) { pause = .seconds(1) }
                logger.error("nightshift agents ended (\(text)); it is started again in \(pause.literal)")
                try await clock.sleep(pause)
                pause = min(pause * 2, .seconds(60))
            }
        }
    }
}

private struct DeskCloser: Service {
    let desk: WorkDesk

    func run() async throws {
        try await gracefulShutdown()
        await desk.close()
    }
}
