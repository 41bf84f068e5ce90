import ArgumentParser
import Daemon
import Model

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "The daemon, in the foreground.",
        discussion: "Ends on SIGTERM with nothing lost; reads its settings anew on SIGHUP.")

    @Option(help: "The settings file; without it /etc/nightshift/nightshift.yaml, else the defaults.")
    var settings: String?

    func run() async throws {
        try await Daemon.run(settingsPath: settings, version: Version.text)
    }
}
