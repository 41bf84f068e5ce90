import ArgumentParser
import Console
import Incidents
import Model

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pr",
        abstract: "Pull requests of the local forge: nothing merges without a person, or a declared policy.",
        subcommands: [List.self, Show.self, Comment.self, Approve.self, Reject.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "All of them, the newest first.")

        @OptionGroup var connection: Connection
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let pulls = try await connection.client.pulls()
            if json { return Terminal.give(try JSONText.of(pulls)) }
            if pulls.isEmpty { Terminal.say("No pull request so far.") }
            for pull in pulls {
                Terminal.say("\(pull.id)  \(pull.state)  \(pull.project)  \(pull.lines) lines  \(pull.title)")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "One pull request: what it changes, what was checked, what was said.")

        @OptionGroup var connection: Connection
        @Argument(help: "Its ID, or how it begins.") var id: String
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let pull = try await connection.client.pull(id)
            if json { return Terminal.give(try JSONText.of(pull)) }
            Terminal.say(pull.text)
        }
    }

    struct Comment: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "comment", abstract: "Says something on it.")

        @OptionGroup var connection: Connection
        @Argument(help: "Its ID, or how it begins.") var id: String
        @Argument(help: "What to say.") var text: String

        func run() async throws {
            Terminal.say(try await connection.client.perform(.comment(pull: id, text: text)))
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "approve", abstract: "Merges it, bound to the change that is shown.")

        @OptionGroup var connection: Connection
        @Argument(help: "Its ID, or how it begins.") var id: String
        @Option(help: "The plan's hash, or how it begins; then nobody is asked again.") var plan: String?

        func run() async throws {
            let pull = try await connection.client.pull(id)
            guard pull.state == "open" else { throw Fault("pull.\(pull.state)", "\(pull.id) is \(pull.state)") }
            let question = try await connection.client.approval(pull.run)
            let shown = "\(pull.text)\n\n\(question.text)"
            let hash = try Decision.hash(
                of: question, shown: shown, plan: plan, again: "nightshift pr approve \(pull.id)")
            Terminal.say(try await connection.client.perform(.approve(id: pull.run, planHash: hash)))
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "reject", abstract: "Closes it without merging.")

        @OptionGroup var connection: Connection
        @Argument(help: "Its ID, or how it begins.") var id: String
        @Option(help: "Why, for the timeline and the pull request.") var why: String

        func run() async throws {
            let pull = try await connection.client.pull(id)
            Terminal.say(try await connection.client.perform(.reject(id: pull.run, why: why)))
        }
    }
}

extension PullView {
    fileprivate var text: String {
        var lines = [
            "\(id): \(IncidentText.line(title))",
            "  \(state), \(lines) lines, \(branch) (\(head.prefix(12))) into \(base.prefix(12)) of \(project)",
        ]
        lines += body.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { "  \($0)" }
        if !checks.isEmpty { lines += ["", "  checked:"] + checks.map { "    \($0)" } }
        for word in words ?? [] where word.kind != "check" {
            let said = word.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
                .joined(separator: "\n      ")
            lines.append("    \(word.at)  \(word.kind)  \(word.person): \(said)")
        }
        if let diff { lines += ["", diff] }
        return lines.joined(separator: "\n")
    }
}
