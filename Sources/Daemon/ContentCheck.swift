import Detection
import FoundationEssentials
public import Model
import Runbooks
import Text

/// Checks and tests of files by themselves, without a daemon.
public enum ContentCheck {
    /// Lints roles (`.md`), rules (`groups:`), runbooks (`runbook:`) and settings (anything else).
    ///
    /// With a directory come its `pipeline` and `roles`, and it is checked, too, whether what its files say of each
    /// other is so; of a file that is named by itself that cannot be told.
    public static func check(_ paths: [String]) -> (files: Int, problems: [Diagnostic]) {
        var problems: [Diagnostic] = []
        let read = Content.read(paths + Content.folders(Content.pipelineFolder, in: paths), problems: &problems)
        let roleFiles =
            Content.read(Content.roleFolders(paths), suffix: ".md", problems: &problems)
            + read.filter { $0.path.hasSuffix(".md") }
        let roles = Content.roles(roleFiles, problems: &problems)
        let files = read.filter { !$0.path.hasSuffix(".md") }
        var runbooks: [Runbook] = []
        for file in files {
            do throws(Diagnostics) {
                switch kind(of: file.text) {
                case .rules: _ = try RuleSet.parse([(path: file.path, text: file.text)])
                case .runbook:
                    let runbook = try Runbook.parse(file.text, file: file.path)
                    if runbooks.contains(where: { $0.name == runbook.name }) {
                        problems.append(Content.repeated(runbook.name, in: file))
                    }
                    runbooks.append(runbook)
                case .settings: _ = try Settings.parse(file.text, file: file.path)
                }
            } catch {
                problems += error.all
            }
        }
        if problems.isEmpty {
            problems += Content.crossCheck(runbooks, roles: roles).filter { !paths.contains($0.place.file) }
        }
        return (files.count + roleFiles.count, problems)
    }

    /// Runs `X.test.yaml` files, also those of a directory's `pipeline`; rule tests name their rule files, runbook
    /// tests stand beside their runbook.
    public static func test(_ paths: [String]) throws -> TestReport {
        var problems: [Diagnostic] = []
        let paths = paths + Content.folders(Content.pipelineFolder, in: paths)
        let files = Content.read(paths, suffix: ".test.yaml", problems: &problems)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        var report = TestReport()
        for file in files {
            do {
                report += try run(file)
            } catch let found as Diagnostics {
                report.lines += found.all.map(\.description)
                report.failed += 1
            }
        }
        return report
    }

    private static func run(_ file: SourceFile) throws -> TestReport {
        let directory = file.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        if let beside = runbook(beside: file.path) {
            let runbook = try Runbook.parse(beside.text, file: beside.path)
            return try RunbookTests.run(file.text, file: file.path, runbook: runbook)
        }
        return try RuleTests.run(file.text, file: file.path) { name throws(Diagnostics) in
            let path = name.hasPrefix("/") || directory.isEmpty ? name : "\(directory)/\(name)"
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Diagnostics([
                    Diagnostic(
                        SourcePlace(file: file.path, line: 1, column: 1), "the rule file \(path) cannot be read")
                ])
            }
            return String(decoding: data, as: UTF8.self)
        }
    }

    private static func runbook(beside test: String) -> SourceFile? {
        let path = String(test.dropLast(".test.yaml".count)) + ".yaml"
        guard test.hasSuffix(".test.yaml"), let data = FileManager.default.contents(atPath: path) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return kind(of: text) == .runbook ? SourceFile(path: path, text: text) : nil
    }

    private enum Kind { case rules, runbook, settings }

    private static func kind(of text: String) -> Kind {
        for line in text.split(separator: "\n") {
            if line.hasPrefix("groups:") { return .rules }
            if line.hasPrefix("runbook:") { return .runbook }
        }
        return .settings
    }
}
