import Actuation
import Agents
import Console
import Delivery
import Model
import Runbooks

// What a fix needs: a model, git, bubblewrap, the pipeline's definitions, and commands that the helper has.
extension Doctor {
    static func agents(_ settings: Settings, _ ask: Ask) async -> [Finding] {
        guard settings.agents.provider != nil else {
            return [
                Finding(
                    verdict: .fine, about: "agents",
                    text: "no provider: what no runbook repairs goes to a person only", mend: nil)
            ]
        }
        var findings = [git(), await sandbox(), definitions(settings), await process(settings, ask)]
        findings += budget(settings)
        if settings.projects.isEmpty {
            findings.append(
                Finding(
                    verdict: .warning, about: "projects", text: "there is none, so no incident goes to the agents",
                    mend: "`projects` says which unit's code is where."))
        }
        findings += await repositories(settings)
        if settings.actuation == .exec { findings.append(commands(settings)) }
        return findings
    }

    /// Whether the agents' process is heard by the daemon, which alone knows it.
    private static func process(_ settings: Settings, _ ask: Ask) async -> Finding {
        let about = "agents' process"
        let mend =
            "systemctl start nightshift-agents.service; journalctl -u nightshift-agents.service says why it ended."
        let agents: StatusView.Agents
        do {
            agents = try await ask(settings.controlSocket).agents
        } catch {
            return Finding(
                verdict: .warning, about: about, text: "whether it works cannot be asked: \(error)",
                mend: "systemctl start nightshift.service, or ask as somebody who may (`access.viewers`).")
        }
        switch agents.state {
        case .heard where agents.own_child == true:
            return Finding(
                verdict: .warning, about: about,
                text:
                    "it is a child of the daemon, as the same user: nothing but its own code keeps it from the ledger, "
                    + "from the control socket and from what that user may do",
                mend: "Run both as units: nightshift.service, and nightshift-agents.service with a user of its own.")
        case .heard: return Finding(verdict: .fine, about: about, text: "it asks the daemon for work", mend: nil)
        case .waiting:
            let since = agents.last_poll.map { "since \($0)" } ?? "so far"
            return Finding(
                verdict: .warning, about: about,
                text: "the daemon has not heard it \(since), \(agents.tasks) steps wait",
                mend: mend)
        case .absent:
            return Finding(
                verdict: .warning, about: about, text: "the daemon runs with settings that have no provider",
                mend: "systemctl restart nightshift.service nightshift-agents.service")
        }
    }

    /// An incident's budget that is less than one role's own cannot pay for one conversation.
    private static func budget(_ settings: Settings) -> [Finding] {
        let (budget, roles) = (settings.agents.budget, roles(settings))
        var short: [String] = []
        if let most = roles.max(by: { $0.budget.tokens < $1.budget.tokens }), budget.incidentTokens < most.budget.tokens
        {
            short.append("\(budget.incidentTokens) tokens are less than the \(most.budget.tokens) of \(most.name)")
        }
        if let most = roles.max(by: { $0.budget.cost < $1.budget.cost }) {
            for (name, money) in [("incident", budget.incident), ("day", budget.day), ("month", budget.month)]
            where money < most.budget.cost {
                short.append(
                    "\(money) for a\(name == "incident" ? "n" : "") \(name) is less than the \(most.budget.cost) of \(most.name)"
                )
            }
        }
        guard !short.isEmpty else { return [] }
        return [
            Finding(
                verdict: .warning, about: "budget", text: "\(short.joined(separator: "; ")): not one conversation fits",
                mend: "Raise `agents.budget`: 1 USD and 200k for an incident are the least for one fix.")
        ]
    }

    /// The roles as they are written.
    private static func roles(_ settings: Settings) -> [Role] {
        do {
            return try Content.load(settings).roles.map { try Role.parse($0.text, file: $0.path) }
        } catch {
            return []  // what cannot be read is a finding of its own, "pipeline"
        }
    }

    private static func git() -> Finding {
        do {
            _ = try Git()
            return Finding(verdict: .fine, about: "git", text: "it is installed", mend: nil)
        } catch {
            return Finding(verdict: .broken, about: "git", text: error.message, mend: "apt-get install git")
        }
    }

    /// A branch is taken in and merged only where nothing is checked out.
    private static func repositories(_ settings: Settings) async -> [Finding] {
        var findings: [Finding] = []
        for project in settings.projects {
            let about = "repository of \(project.name)"
            do {
                let forge = try await LocalForge(project.repository, git: try Git())
                findings.append(
                    Finding(verdict: .fine, about: about, text: "\(forge.repository) is bare", mend: nil))
            } catch {
                findings.append(
                    Finding(
                        verdict: .broken, about: about, text: error.message,
                        mend: error.hint ?? "Correct repository.url of the project."))
            }
        }
        return findings
    }

    private static func sandbox() async -> Finding {
        do {
            _ = try await Sandbox.open()
            return Finding(verdict: .fine, about: "sandbox", text: "bubblewrap works here", mend: nil)
        } catch {
            return Finding(
                verdict: .broken, about: "sandbox", text: error.message,
                mend: error.hint ?? "apt-get install bubblewrap")
        }
    }

    private static func definitions(_ settings: Settings) -> Finding {
        do {
            let content = try Content.load(settings)
            let names = [Development.pipeline, "stage", "deploy"]
            let missing = names.filter { name in !content.runbooks.contains { $0.name == name } }
            guard missing.isEmpty else {
                return Finding(
                    verdict: .broken, about: "pipeline", text: "there is no \(missing.joined(separator: ", "))",
                    mend: "Name the directory with pipeline/ and roles/ in `runbooks`.")
            }
            return Finding(
                verdict: .fine, about: "pipeline", text: "its definitions and \(content.roles.count) roles are there",
                mend: nil)
        } catch {
            return Finding(
                verdict: .broken, about: "pipeline", text: "\(error)", mend: "nightshift check names every error.")
        }
    }

    /// Deploy commands of the settings have no effect until the helper has them.
    private static func commands(_ settings: Settings) -> Finding {
        let mend = "nightshift runbooks install stage deploy"
        do {
            let installed = try InstalledDirectory(path: settings.helperInstalled).current().settings.projects
            let differing = settings.installedProjects.filter { project in
                installed[project.name].map { $0.staging != project.staging || $0.production != project.production }
                    ?? true
            }.map(\.name)
            guard differing.isEmpty else {
                return Finding(
                    verdict: .warning, about: "deploy commands",
                    text: "the helper has others than the settings for \(differing.joined(separator: ", "))", mend: mend
                )
            }
            return Finding(
                verdict: .fine, about: "deploy commands", text: "the helper has those of the settings", mend: nil)
        } catch {
            return Finding(verdict: .broken, about: "deploy commands", text: error.message, mend: mend)
        }
    }
}
