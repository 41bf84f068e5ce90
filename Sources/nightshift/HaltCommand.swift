import Actuation
import ArgumentParser
import Console
import Model

struct HaltCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halt", abstract: "Starts no further action; what has started ends by itself.")

    @OptionGroup var connection: Connection
    @Option(help: "Why, for the timeline.") var why = "halted by hand"

    func run() async throws {
        Terminal.say(try await connection.client.perform(.halt(why: why)))
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Allows actions again; what ended meanwhile stays ended.")

    @OptionGroup var connection: Connection

    func run() async throws {
        // The helper believes only a person who asks it directly, never the daemon.
        if try await connection.client.status().actuation == "exec" { try await ApproveClient().resume() }
        Terminal.say(try await connection.client.perform(.resume))
    }
}
