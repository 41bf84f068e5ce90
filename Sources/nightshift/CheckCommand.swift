import ArgumentParser
import Daemon
import Model

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks rules, runbooks and settings; every error names its place.")

    @Argument(help: "Files, or directories whose *.yaml are read.") var paths: [String]

    func run() async throws {
        let report = ContentCheck.check(paths)
        for problem in report.problems { Terminal.say(problem.description) }
        guard report.problems.isEmpty else { throw ExitCode(1) }
        Terminal.say("\(report.files) files, no problem")
    }
}

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Runs the unit tests of rules and runbooks (X.test.yaml).")

    @Argument(help: "Test files, or directories whose *.test.yaml are run.") var paths: [String]

    func run() async throws {
        let report = try ContentCheck.test(paths)
        for line in report.lines { Terminal.say(line) }
        Terminal.say("\(report.passed) passed, \(report.failed) failed")
        guard report.failed == 0, report.passed > 0 else { throw ExitCode(1) }
    }
}
