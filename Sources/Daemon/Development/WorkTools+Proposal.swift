import Actuation
import Delivery
import Ledger
import Logging
import Model
import Runbooks

extension WorkTools {
    /// Says nothing where the runbook is installed and takes these parameters for this incident, as its run would.
    func checkProposal(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        guard let name = arguments["runbook"]?.string, let given = arguments["parameters"]?.object else {
            throw Fault("tool.argument", "a proposal of a runbook has its name and, as an object, its parameters")
        }
        let runbooks = await runbooks()
        guard let runbook = runbooks.first(where: { $0.name == name }) else {
            let names = runbooks.map(\.name).sorted()
            throw Fault(
                "proposal.runbook",
                "no runbook \"\(name.prefix(80))\" is installed; "
                    + "there are: \(names.isEmpty ? "none" : names.prefix(40).joined(separator: ", "))")
        }
        let id = task.incident.id
        guard let incident = try await ledger.read({ try $0.incident(id) })?.incident else {
            throw Fault("work.unknown", "there is no incident \(id)")
        }
        let binding = runbook.bind(
            labels: incident.labels, claims: incident.claims, given: given, project: task.project?.snapshot)
        if case .refused(_, let text) = binding {
            // A value that a log's sender claims is not told on.
            let quotes = incident.claims.contains { incident.labels[$0].map { text.contains($0.prefix(20)) } ?? false }
            let why = quotes ? "a label of the incident that was taken from a log line does not fit it" : text
            throw Fault("proposal.parameters", "the runbook \(name) does not take these parameters: \(why)")
        }
        return ""
    }
}

extension Driver {
    /// The runbooks that an agent may propose: installed as they are loaded, and begun by what they are for.
    func proposable() async -> [Runbook] {
        guard let executor = parts.executor else { return [] }
        do {
            let installed = try await executor.hello().installed
            return parts.runbooks().filter { runbook in
                !runbook.isBegunByName
                    && installed.contains { $0.runbook == runbook.name && $0.digest == runbook.digest }
            }
        } catch {
            parts.logger.warning("agents are offered no runbook, for what is installed cannot be asked: \(error)")
            return []
        }
    }
}
