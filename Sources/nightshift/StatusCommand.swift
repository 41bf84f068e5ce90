import ArgumentParser
import Console
import FoundationEssentials
import Model

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Health at a glance.")

    @OptionGroup var connection: Connection
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let status = try await connection.client.status()
        if json {
            Terminal.give(try JSONText.of(status))
            return
        }
        let sign = status.warnings.isEmpty && !status.halted ? "✔ well" : "✘ needs attention"
        Terminal.say("\(sign)   nightshift \(status.version), since \(status.since), actuation \(status.actuation)")
        if status.halted { Terminal.say("  HALTED: no action starts until nightshift resume") }
        for warning in status.warnings { Terminal.say("  ! \(warning)") }
        Terminal.say(
            """
              journal    \(status.journal.entries) entries, lag \(status.journal.lag_seconds) s, \(status.journal.gaps) gaps
              metrics    \(status.metrics.up) of \(status.metrics.targets) targets up, \(status.metrics.series) series
              rules      \(status.rules.loaded) loaded, \(status.rules.firing) firing
              agents     \(status.agents.words)
              incidents  \(status.incidents.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
            """)
    }
}

extension StatusView.Agents {
    fileprivate var words: String {
        let work = "\(tasks) task\(tasks == 1 ? "" : "s")"
        return switch state {
        case .absent: "none: no provider is set"
        case .heard: "heard, \(work)"
        case .waiting: "not heard\(last_poll.map { " since \($0)" } ?? " so far"), \(work) waiting"
        }
    }
}

enum JSONText {
    /// One JSON value with sorted keys, for programs.
    static func of(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
