import Actuation
import ArgumentParser
import Console
import Daemon
import Incidents
import Model

struct IncidentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incidents", abstract: "Incidents with their timelines and evidence.",
        subcommands: [List.self, Show.self, Close.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "All incidents, the newest first.")

        @OptionGroup var connection: Connection
        @Flag(help: "Print JSON.") var json = false
        @Flag(help: "Show times in UTC.") var utc = false

        func run() async throws {
            let incidents = try await connection.client.incidents()
            if json {
                Terminal.give(try JSONText.of(incidents))
                return
            }
            if incidents.isEmpty { Terminal.say("No incident so far.") }
            for incident in incidents {
                Terminal.say(IncidentText.row(incident, zoneOffset: utc ? 0 : Terminal.zoneOffset(at: .now())))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "One incident, whole.")

        @OptionGroup var connection: Connection
        @Argument(help: "The incident's ID, or how it begins.") var id: String
        @Flag(help: "Print JSON.") var json = false
        @Flag(help: "Show times in UTC.") var utc = false

        func run() async throws {
            let incident = try await connection.client.incident(id)
            let offset = utc ? 0 : Terminal.zoneOffset(at: .now())
            if json { return Terminal.give(try JSONText.of(incident)) }
            Terminal.say(IncidentText.show(incident, zoneOffset: offset))
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "close", abstract: "Ends an incident that a person has dealt with.")

        @OptionGroup var connection: Connection
        @Argument(help: "The incident's ID, or how it begins.") var id: String

        func run() async throws {
            Terminal.say(try await connection.client.perform(.close(id: id)))
        }
    }
}
