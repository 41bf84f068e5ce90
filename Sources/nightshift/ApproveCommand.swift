import Actuation
import ArgumentParser
import Console
import Glibc
import Model

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Says yes to what an incident's runbook asks, bound to the plan that is shown.")

    @OptionGroup var connection: Connection
    @Argument(help: "The incident's ID, or how it begins.") var id: String
    @Option(help: "The plan's hash, or how it begins; then nobody is asked again.") var plan: String?

    func run() async throws {
        let question = try await connection.client.approval(id)
        var (hash, text) = (question.plan_hash, question.text)
        if question.at_helper {
            switch try await ApproveClient().show(run: question.run) {
            case .refused(let name, let why): throw Fault("approval.\(name)", why)
            case .proposed(let shown): (hash, text) = (shown.planHash, shown.text)
            }
        }
        hash = try Decision.hash(
            of: question, as: hash, shown: text, plan: plan, again: "nightshift approve \(id)")
        guard question.at_helper else {
            return Terminal.say(try await connection.client.perform(.approve(id: id, planHash: hash)))
        }
        switch try await ApproveClient().approve(run: question.run, planHash: hash) {
        case .taken(let needs): Terminal.say(needs == 0 ? "approved" : "approved; \(needs) more must")
        case .refused(let name, let why): throw Fault("approval.\(name)", why)
        }
    }
}

/// A person's yes to exactly what they were shown.
enum Decision {
    /// The hash to approve: the one that `plan` names, or that of what is shown now, once the person has agreed.
    static func hash(
        of question: ApprovalView, as shownHash: String? = nil, shown: String, plan: String?, again: String
    ) throws -> String {
        let hash = shownHash ?? question.plan_hash
        if let plan {
            guard plan.count >= 6, hash.hasPrefix(plan) else {
                throw Fault(
                    "approval.changed", "The plan is \(hash.prefix(12)) by now, not \(plan)",
                    hint: "Look at it again: \(again)")
            }
            return hash
        }
        Terminal.complain("\(shown)\n  plan \(hash.prefix(12)), needs \(question.needs) more")
        guard Terminal.isInteractive else {
            throw Fault(
                "approval.terminal", "There is no terminal to ask on",
                hint: "Name what you saw: --plan \(hash.prefix(12))")
        }
        guard Terminal.confirm("Approve as \(Terminal.userName)?") else { throw ExitCode(1) }
        return hash
    }
}

struct RejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Says no to what an incident's runbook asks.")

    @OptionGroup var connection: Connection
    @Argument(help: "The incident's ID, or how it begins.") var id: String
    @Option(help: "Why, for the timeline.") var why: String

    func run() async throws {
        let question = try await connection.client.approval(id)
        guard question.at_helper else {
            return Terminal.say(try await connection.client.perform(.reject(id: id, why: why)))
        }
        switch try await ApproveClient().reject(run: question.run, why: why) {
        case .taken: Terminal.say("rejected")
        case .refused(let name, let text): throw Fault("approval.\(name)", text)
        }
    }
}
