import ArgumentParser
import Daemon
import Model

struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "The reviewer by itself, over any range of a project's commits.",
        discussion: """
            Exits 1 where a finding is blocking, with --json 0. It asks the model itself, so it must be able to read its key; a daemon that \
            runs keeps the exchanges and counts what they cost.
            """
    )

    @Option(help: "The settings file; without it /etc/nightshift/nightshift.yaml.") var settings: String?
    @Option(help: "The project's name in the settings.") var project: String
    @Argument(help: "A..B, A...B, or one commit.") var range: String
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let review = try await ReviewByItself.run(
            settingsPath: settings, project: project, range: range, by: Terminal.userName)
        let findings = review.findings
        Terminal.complain(
            review.kept.map { "kept: nightshift work show \($0) --transcript" }
                ?? "no daemon runs here: this review is kept nowhere and counts towards no budget")
        if json { return Terminal.give(try JSONText.of(findings)) }
        if findings.isEmpty {
            Terminal.say("nothing found")
        } else {
            for finding in findings {
                Terminal.say("\(finding.path):\(finding.line): \(finding.severity) (\(finding.area)): \(finding.text)")
            }
        }
        if findings.contains(where: { $0.severity == "blocking" }) { throw ExitCode(1) }
    }
}
