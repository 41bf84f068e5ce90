import ArgumentParser
import Console
import Model

struct RunbooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runbooks", abstract: "What each runbook may do, and its record.",
        subcommands: [List.self, Show.self, RunbooksInstall.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "The daemon's runbooks, a line each.")

        @OptionGroup var connection: Connection
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let runbooks = try await connection.client.runbooks()
            if json {
                Terminal.give(try JSONText.of(runbooks))
                return
            }
            for runbook in runbooks {
                let record = runbook.record.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                Terminal.say(
                    "\(runbook.name)  \(runbook.mode), \(runbook.risk) risk, "
                        + (runbook.installed ? "installed" : "not installed")
                        + (record.isEmpty ? "" : ": " + record.joined(separator: ", ")))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "One runbook, whole.")

        @OptionGroup var connection: Connection
        @Argument(help: "The runbook's name.") var name: String
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            guard let runbook = try await connection.client.runbooks().first(where: { $0.name == name }) else {
                throw Fault(
                    "runbook.unknown", "The daemon has no runbook \"\(name)\"", hint: "nightshift runbooks lists them.")
            }
            if json {
                Terminal.give(try JSONText.of(runbook))
                return
            }
            Terminal.say(
                """
                \(runbook.name): \(runbook.description)
                  not when   \(runbook.when_not)
                  may        \(runbook.mode), \(runbook.risk) risk, \(runbook.installed ? "installed" : "not installed")
                  digest     \(runbook.digest)
                  record     \(runbook.record.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
                """)
        }
    }
}
