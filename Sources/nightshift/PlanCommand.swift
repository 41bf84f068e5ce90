import ArgumentParser
import Daemon
import Model

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "A dry run: every effect that a runbook would have, and what it may not do.")

    @Argument(help: "A runbook's file, or its name.") var runbook: String
    @Option(name: .customLong("label"), help: "A label of the incident, NAME=VALUE; may be repeated.")
    var labels: [String] = []
    @Option(help: "The settings file.") var settings: String?
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        var pairs: [(String, String)] = []
        for label in labels {
            let parts = label.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("\"\(label)\" is not of the form NAME=VALUE") }
            pairs.append((parts[0], parts[1]))
        }
        let plan = try Plan.make(runbook: runbook, labels: Labels(pairs), settingsPath: settings)
        if json {
            Terminal.give(try JSONText.of(plan))
            return
        }
        Terminal.say(
            "\(plan.allowed ? "✔ allowed" : "✘ not allowed")   \(plan.runbook), digest \(plan.digest.prefix(12))")
        for reason in plan.reasons { Terminal.say("  \(reason)") }
        for (index, effect) in plan.effects.enumerated() {
            Terminal.say("  \(index + 1). \(effect.step): \(effect.detail)")
        }
    }
}
