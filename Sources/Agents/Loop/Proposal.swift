public import Model
import Text

/// What the root-cause role proposes to do. It acts by itself no more than any other words of a model.
public struct Proposal: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case runbook, fix, person
    }

    public var kind: Kind
    /// For the kind `runbook`.
    public var runbook: String?
    public var parameters: JSONValue?
    /// For the kind `fix`.
    public var project: String?
    public var text: String

    /// Reads what the role's schema lets through.
    public init(_ result: JSONValue) throws(Fault) {
        let proposal = result["proposal"]
        guard let kind = proposal?["kind"]?.string.flatMap(Kind.init), let text = proposal?["text"]?.string else {
            throw Fault("agent.proposal", "the diagnosis proposes nothing: its proposal lacks kind or text")
        }
        self.kind = kind
        self.text = text
        runbook = proposal?["runbook"]?.string
        parameters = proposal?["parameters"]
        project = proposal?["project"]?.string
    }

    /// Whether it names what there is: an installed runbook with parameters that fit it, or one of the projects.
    ///
    /// - Parameter runbook: a sentence that says why the runbook of this name does not take these parameters, or that
    ///   there is none; nil where it does.
    public static func check(
        projects: [String], runbook: @escaping @Sendable (_ name: String, _ parameters: JSONValue) async -> String?
    ) -> ResultCheck {
        ResultCheck(gate: AgentFailure.Reason.schema.rawValue) { result in
            let proposal: Proposal
            do throws(Fault) { proposal = try Proposal(result) } catch { return error.message }
            switch proposal.kind {
            case .person: return nil
            case .fix:
                guard let name = proposal.project else { return "a proposal of the kind fix needs \"project\"" }
                guard !projects.contains(name) else { return nil }
                let near = nearest(name, among: projects).map { "; did you mean \"\($0)\"?" } ?? ""
                return "there is no project \(quoted(name))\(near)"
            case .runbook:
                guard let name = proposal.runbook, let parameters = proposal.parameters else {
                    return "a proposal of the kind runbook needs \"runbook\" and \"parameters\""
                }
                return await runbook(name, parameters)
            }
        }
    }
}
