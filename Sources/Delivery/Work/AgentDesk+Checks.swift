import Agents
import Model
import Synchronization
import Text

extension AgentDesk {
    /// What code checks of a role's result before it counts, besides its schema and its citations.
    func checks(_ role: Role, _ task: WorkTask, _ inputs: [String: JSONValue]) -> [ResultCheck] {
        switch role.name {
        case "root-cause": return [proposal(task, inputs)]
        case "test": return trial(task, as: .test)
        case "code", "fix": return trial(task, as: .fix)
        default: return []
        }
    }

    /// A proposal names what there is; whether a runbook takes the parameters, the daemon says, which has its rules.
    private func proposal(_ task: WorkTask, _ inputs: [String: JSONValue]) -> ResultCheck {
        let projects = (inputs["projects"]?.array ?? []).compactMap(\.string)
        return Proposal.check(projects: projects) { name, parameters in
            let answer = await line.tool(task.key, "proposal", ["runbook": .string(name), "parameters": parameters])
            return answer.isError ? answer.text : nil
        }
    }

    /// Each gate of a change as a check, so that the model hears once of what its step would fail by.
    private func trial(_ task: WorkTask, as part: RepositoryWork.Part) -> [ResultCheck] {
        guard let project = task.project else { return [] }
        let trial = EditTrial { () throws(GateFailure) -> (Item, ItemRecord)? in
            do throws(Fault) {
                let item = try Item(task, project, state: state, line: line, masking: masking)
                guard let record = try item.record() else { return nil }
                return (item, record)
            } catch {
                throw GateFailure(error)
            }
        }
        return EditTrial.gates.map { gate in
            ResultCheck(gate: gate.rawValue) { result in
                let failure = await trial.failure(result, as: part)
                return failure?.gate == gate ? failure?.masked(by: masking).told : nil
            }
        }
    }
}

/// Applies a result's edits to the item as it stands, for trial; once for each result, whoever asks.
private final class EditTrial: Sendable {
    /// Those that a model can mend; a repository that cannot be read is not its fault, and the step itself will say so.
    static let gates: [GateFailure.Gate] = [
        .schema, .paths, .apply, .noChange, .buildFiles, .dependency, .testsKept, .testsPass, .secret, .injected,
    ]

    /// The item with its record; nil where nothing is checked out yet.
    private let standing: @Sendable () throws(GateFailure) -> (Item, ItemRecord)?
    private let last = Mutex<(result: JSONValue, failure: GateFailure?)?>(nil)

    init(_ standing: @escaping @Sendable () throws(GateFailure) -> (Item, ItemRecord)?) { self.standing = standing }

    func failure(_ result: JSONValue, as part: RepositoryWork.Part) async -> GateFailure? {
        if let known = last.withLock({ $0?.result == result ? $0 : nil }) { return known.failure }
        var failure: GateFailure?
        do throws(GateFailure) {
            if let (item, record) = try standing() {
                _ = try await item.change(result["edits"] ?? .null, as: part, over: record)
            }
        } catch {
            failure = error
        }
        last.withLock { $0 = (result, failure) }
        return failure
    }
}
