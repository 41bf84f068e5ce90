import ArgumentParser
import Daemon
import Model

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what is missing or misconfigured, and how to mend it.")

    @Option(help: "The settings file.") var settings: String?
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let findings = await Doctor.examine(settingsPath: settings) { try await ControlClient(socket: $0).status() }
        if json {
            Terminal.give(try JSONText.of(findings))
        } else {
            for finding in findings {
                let sign =
                    switch finding.verdict {
                    case .fine: "✔ fine   "
                    case .warning: "! warning"
                    case .broken: "✘ broken "
                    }
                Terminal.say(
                    "\(sign)  \(finding.about): \(finding.text)" + (finding.mend.map { "\n             \($0)" } ?? ""))
            }
        }
        guard !findings.contains(where: { $0.verdict == .broken }) else { throw ExitCode(1) }
    }
}
