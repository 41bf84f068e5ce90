import Delivery
import Ledger
import Logging
import Model
import Runbooks
import Text

// Steps that the agents' process performs: offered at the desk, which hands them out when it is polled.
extension Driver {
    /// Offers an agent's or a repository's step; its result comes later, by `workFinished`.
    func offer(_ key: EffectKey, _ step: RenderedStep) async {
        guard let development = parts.development else {
            return await feedSurely(
                .result(
                    key: key, outcome: .refused(guard: "agents", text: "no model's provider is set, so no agent works")),
                to: key.run)
        }
        do {
            let task = try await task(key, step, development)
            await development.desk.offer(task)
            // Who ended it meanwhile found nothing at the desk to cancel.
            if !isWanted(key) { await cancelWork(key) }
        } catch {
            await feedSurely(.result(key: key, outcome: .failed(parts.masking.mask(error.description))), to: key.run)
        }
    }

    /// Whether the step's result is awaited, and nobody has withdrawn its run or is past its time.
    private func isWanted(_ key: EffectKey) -> Bool {
        guard let state = open[key.run]?.state, state.running == key, state.withdrawal == nil,
            case .step(let attempt) = state.phase
        else { return false }
        if case .overdue = attempt.status { return false }
        return true
    }

    /// The agents' process is done with a task.
    func workFinished(_ key: EffectKey, _ outcome: Outcome) async {
        await feedSurely(.result(key: key, outcome: masked(outcome)), to: key.run)
    }

    /// Whether the task is at the desk; after a restart it is put there again, under the same key.
    func probeWork(_ key: EffectKey, _ step: RenderedStep) async -> Probed {
        guard let development = parts.development else { return .unknown("no model's provider is set any more") }
        if await !development.desk.holds(key) {
            do {
                await development.desk.offer(try await task(key, step, development))
            } catch {
                return .result(.failed(parts.masking.mask(error.description)))
            }
        }
        return .running
    }

    func cancelWork(_ key: EffectKey) async {
        guard let desk = parts.development?.desk, await desk.cancel(key) else { return }
        await feedSurely(
            .result(key: key, outcome: .cancelled("the agents' process was not at work on it")), to: key.run)
    }

    // MARK: - Silence

    /// Says once in the log, and once on the timeline of each incident that waits, that nobody comes for its step.
    func tellOfSilence() async {
        guard let desk = parts.development?.desk else { return }
        let attendance = await desk.attendance
        if attendance.isHeard, isSilenceLogged {
            isSilenceLogged = false
            parts.logger.notice("the agents' process is heard again")
        }
        for key in await desk.forsaken {
            if !isSilenceLogged {
                isSilenceLogged = true
                parts.logger.warning(
                    "\(attendance.tasks) of the agents' tasks wait, and the agents' process is not heard\(attendance.lastPoll.map { " since \($0)" } ?? ""): is nightshift-agents.service running?"
                )
            }
            let line = TimelineLine(
                at: parts.clock.now().wall, kind: .note,
                text: "\(key.path): the agents' process is not heard; the step waits",
                evidence: [Evidence(.ledger, key.description)])
            let incidents = open[key.run].map { Array($0.incidents.keys) } ?? []
            do {
                try await parts.ledger.write { transaction in
                    for incident in incidents { try transaction.append(line: line, to: incident) }
                }
                await desk.missed(key)
            } catch {
                parts.logger.error("the timeline cannot say that the agents' process is not heard: \(error)")
            }
        }
    }

    // MARK: - Tasks

    private func task(
        _ key: EffectKey, _ step: RenderedStep, _ development: Development
    ) async throws(Fault) -> WorkTask {
        guard let run = open[key.run], let facts = run.state.facts, let incident = run.incidents[facts.incident] else {
            throw Fault("work.unknown", "repository: the run of \(key) is over")
        }
        let project = run.state.projectName.flatMap { development.project(named: $0) }
        var revision: String?
        if let project {
            revision = try await self.revision(of: project, for: step, incident.labels, development)
        }
        let lines = try await parts.ledger.read { try $0.timeline(of: facts.incident) }
        return WorkTask(
            key: key, step: try await workStep(step, project, development),
            incident: WorkIncident(incident, lines, units: project?.units ?? [], mask: { parts.masking.mask($0) }),
            project: project, item: run.state.item, revision: revision,
            timeout: run.state.timer?.after ?? .seconds(900))
    }

    /// What of the project runs; a checkout begins a change, and is refused where none could be made or delivered.
    private func revision(
        of project: Project, for step: RenderedStep, _ labels: Labels, _ development: Development
    ) async throws(Fault) -> String? {
        var begins = false
        if case .repository(let repository) = step, case .checkout = repository.action { begins = true }
        guard begins else {
            do {
                return try await DeployedRevision.read(project, labels: labels)
            } catch {
                // Agents can look at the branch's head.
                parts.logger.warning("\(error)")
                return nil
            }
        }
        var gate = "forge"
        do throws(Fault) {
            let forge = try await development.forge(of: project)
            gate = "repository"
            // A fix of something else than what runs is none.
            let revision = try await DeployedRevision.read(project, labels: labels)
            gate = "forge"
            let fault = try await forge.strays(try BranchName(project.repository.branch), from: revision)
            if let fault { throw fault }
            return revision
        } catch {
            throw Fault(error.code, "\(gate): \(error.message)", hint: error.hint)
        }
    }

    private func workStep(
        _ step: RenderedStep, _ project: Project?, _ development: Development
    ) async throws(Fault) -> WorkTask.Step {
        switch step {
        case .agent(let agent):
            guard let file = development.roles().first(where: { $0.name == agent.role }) else {
                throw Fault(
                    "agent.role", "schema: there is no role \"\(agent.role)\"", hint: "runbooks/roles/ holds them.")
            }
            var inputs = agent.inputs
            if agent.role == "root-cause" {
                inputs["runbooks"] = .array(await proposable().map(\.offer))
                inputs["projects"] = .array(project.map { [.string($0.name)] } ?? [])
            }
            return .agent(role: agent.role, file: file.path, text: file.text, inputs: inputs)
        case .repository(let repository):
            guard project?.name == repository.project else {
                throw Fault("repository.project", "repository: the settings have no project \"\(repository.project)\"")
            }
            return .repository(repository.work)
        default: throw Fault("work.step", "repository: \(step.summary) is nothing that agents do")
        }
    }
}

extension WorkIncident {
    /// What agents are told of an incident.
    ///
    /// Log text comes to one of them, by the tool `raw-journal`: labels that a log's sender claims are left out, and the
    /// summary of an incident that log lines opened, for a rule may quote them in it; where a line of the timeline has
    /// them, it has their names instead. Of a signal its line has no more than the incident's name, and of any line what
    /// it rests on stays here.
    ///
    /// - Parameter units: the project's, whose names are the settings' own, whoever claims one.
    init(_ incident: Incident, _ lines: [TimelineLine], units: [String], mask: (String) -> String) {
        let claims = incident.labels.dictionary.filter { name, value in
            incident.claims.contains(name) && !(name == "unit" && units.contains(value))
        }
        var hidden = claims.filter { $0.value.count >= Self.tellingMin }.sorted { $0.value.count > $1.value.count }
        if lines.isOfLogs, !incident.summary.isEmpty { hidden.insert((key: "summary", incident.summary), at: 0) }
        self.init(
            id: incident.id, name: incident.name,
            severity: claims["severity"] == nil ? incident.severity : "as a log line claims",
            summary: lines.isOfLogs ? incident.name : mask(incident.summary),
            labels: incident.labels.dictionary.filter { claims[$0.key] == nil },
            openedAt: incident.openedAt,
            timeline: lines.suffix(40).map { line in
                let said = hidden.reduce(line.text) { $0.replacing($1.value, with: "<\($1.key)>") }
                let text = line.kind == .signal ? incident.name : String(said.prefix(300))
                return mask("\(line.at) \(line.kind.rawValue): \(text)")
            })
    }

    /// Shorter claims are in any text, and say nothing.
    private static let tellingMin = 4
}

extension RenderedRepository {
    var work: RepositoryWork {
        switch action {
        case .checkout: .checkout
        case .apply(let edits, let kind): .apply(edits: .array(edits), as: kind == .test ? .test : .fix)
        case .test(let expect, let times): .test(expect: expect == .fails ? .fails : .passes, times: times)
        case .commit(let message): .commit(message: message)
        }
    }
}
