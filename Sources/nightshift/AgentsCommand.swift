import ArgumentParser
import Daemon
import Model

struct AgentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "The agents' process, in the foreground: asks the model, tests changes.",
        discussion: """
            It gets its tasks from the daemon, and holds the model's key, which the daemon never sees. Ends on SIGTERM \
            with nothing lost.
            """)

    @Option(help: "The settings file; without it /etc/nightshift/nightshift.yaml.")
    var settings: String?

    @Flag(help: "End when the process that started this one has ended.")
    var parent = false

    func run() async throws {
        try await AgentsProcess.run(settingsPath: settings, endsWithParent: parent, version: Version.text)
    }
}
