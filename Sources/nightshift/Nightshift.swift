import ArgumentParser
import Glibc
import Model

@main
struct Nightshift: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nightshift",
        abstract: "Notices what breaks on this host, repairs it by runbook, proves the repair, and escalates the rest.",
        version: Version.text,
        subcommands: [
            RunCommand.self, AgentsCommand.self, DemoCommand.self, DoctorCommand.self, StatusCommand.self,
            IncidentsCommand.self, ApproveCommand.self, RejectCommand.self, HaltCommand.self, ResumeCommand.self,
            CheckCommand.self, TestCommand.self, PlanCommand.self, FixCommand.self, WorkCommand.self, PullCommand.self,
            ReviewCommand.self,
            RunbooksCommand.self, JournalCommand.self, MetricsCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let fault as Fault {
            Terminal.complain("nightshift: \(fault)")
            Glibc.exit(fault.code == "daemon.unreachable" ? 3 : fault.code == "settings.unusable" ? 78 : 1)
        } catch let problems as Diagnostics {
            Terminal.complain(problems.description)
            Glibc.exit(1)
        } catch {
            exit(withError: error)
        }
    }
}
