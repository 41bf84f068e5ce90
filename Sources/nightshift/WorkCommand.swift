import ArgumentParser
import Console
import Incidents
import Model

struct FixCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fix", abstract: "Has the agents find the cause of an incident and write a tested fix.")

    @OptionGroup var connection: Connection
    @Argument(help: "The incident's ID, or how it begins.") var id: String

    func run() async throws {
        Terminal.say(try await connection.client.perform(.fix(id: id)))
    }
}

struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Fixes on their way, from an incident to production.",
        subcommands: [List.self, Show.self, Cancel.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "All of them, the newest first.")

        @OptionGroup var connection: Connection
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let work = try await connection.client.work()
            if json { return Terminal.give(try JSONText.of(work)) }
            if work.isEmpty { Terminal.say("No fix so far.") }
            for item in work {
                Terminal.say(
                    "\(item.id)  \(item.state)  \(item.project)  incident \(item.incident.prefix(8))  \(item.money)  \(item.text)"
                )
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "One fix, with its steps; with --transcript also what was said to models.")

        @OptionGroup var connection: Connection
        @Argument(help: "Its ID, or how it begins.") var id: String
        @Flag(help: "Print JSON.") var json = false
        @Flag(help: "Print what was said to models and by them, too.") var transcript = false

        func run() async throws {
            let item = try await connection.client.work(id)
            if json { return Terminal.give(try JSONText.of(item)) }
            Terminal.say("\(item.id) of \(item.project): \(item.state)\n  \(item.text)")
            Terminal.say(
                "  incident \(item.incident), begun \(item.begun_at)\(item.ended_at.map { ", ended \($0)" } ?? "")")
            Terminal.say("  \(item.tokens) tokens, \(item.money)\n")
            for step in item.steps ?? [] {
                Terminal.say("  \(step.outcome)  \(step.path)  \(IncidentText.line(step.text))")
                for line in step.evidence { Terminal.say("        | \(IncidentText.line(line))") }
            }
            guard transcript else { return }
            for exchange in item.transcript ?? [] { Terminal.say("\n\(exchange)") }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Ends a fix; what has begun is awaited, and taken back where it says how.")

        @OptionGroup var connection: Connection
        @Argument(help: "Its ID, or how it begins.") var id: String
        @Option(help: "Why, for the timeline.") var why = ""

        func run() async throws {
            Terminal.say(try await connection.client.perform(.cancelWork(id: id, why: why)))
        }
    }
}

extension WorkView {
    /// `$0.42`
    fileprivate var money: String {
        let cents = Int((cost * 100).rounded())
        return "$\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
    }
}
