import Detection
import FoundationEssentials
public import Model
import Runbooks
import Text

/// The rules and runbooks of a host, read from files; either all of it is right, or nothing is used.
struct Content: Sendable {
    var rules: RuleSet
    var runbooks: [Runbook]

    /// Reads what the settings name; Diagnostics lists every problem of every file.
    static func load(_ settings: Settings) throws -> Content {
        var problems: [Diagnostic] = []
        let ruleFiles = read(settings.rules, problems: &problems)
        let runbookFiles = read(settings.runbooks, problems: &problems)
        let content = parse(rules: ruleFiles, runbooks: runbookFiles, problems: &problems)
        guard problems.isEmpty, let content else { throw Diagnostics(problems) }
        return content
    }

    private static func parse(
        rules: [SourceFile], runbooks: [SourceFile], problems: inout [Diagnostic]
    ) -> Content? {
        var set: RuleSet?
        do {
            set = try RuleSet.parse(rules.map { (path: $0.path, text: $0.text) })
        } catch {
            problems += error.all
        }
        var parsed: [Runbook] = []
        for file in runbooks {
            do {
                let runbook = try Runbook.parse(file.text, file: file.path)
                if parsed.contains(where: { $0.name == runbook.name }) {
                    problems.append(repeated(runbook.name, in: file))
                }
                parsed.append(runbook)
            } catch {
                problems += error.all
            }
        }
        return set.map { Content(rules: $0, runbooks: parsed) }
    }

    static func repeated(_ runbook: String, in file: SourceFile) -> Diagnostic {
        Diagnostic(
            SourcePlace(file: file.path, line: 1, column: 1), "another file already defines the runbook \"\(runbook)\"")
    }
}

/// A file that a person wrote, with the name that they gave for it.
public struct SourceFile: Sendable, Hashable {
    public let path: String
    public let text: String
}

extension Content {
    /// The YAML files at these paths: files themselves, and what lies in directories (not their subdirectories).
    static func read(_ paths: [String], suffix: String = ".yaml", problems: inout [Diagnostic]) -> [SourceFile] {
        var files: [SourceFile] = []
        for path in paths {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                problems.append(missing(path))
                continue
            }
            let names = isDirectory ? listing(path, suffix: suffix, problems: &problems) : [path]
            for name in names {
                guard let data = FileManager.default.contents(atPath: name) else {
                    problems.append(Diagnostic(SourcePlace(file: name, line: 1, column: 1), "the file cannot be read"))
                    continue
                }
                files.append(SourceFile(path: name, text: String(decoding: data, as: UTF8.self)))
            }
        }
        return files
    }

    private static func missing(_ path: String) -> Diagnostic {
        Diagnostic(SourcePlace(file: path, line: 1, column: 1), "there is no such file or directory")
    }

    private static func listing(_ directory: String, suffix: String, problems: inout [Diagnostic]) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory)
                .filter { $0.hasSuffix(suffix) && (suffix != ".yaml" || !$0.hasSuffix(".test.yaml")) }
                .sorted().map { directory.hasSuffix("/") ? directory + $0 : "\(directory)/\($0)" }
        } catch {
            problems.append(
                Diagnostic(SourcePlace(file: directory, line: 1, column: 1), "the directory cannot be listed"))
            return []
        }
    }
}

/// Checks and tests of files by themselves, without a daemon.
public enum ContentCheck {
    /// Lints rules (`groups:`), runbooks (`runbook:`) and settings (anything else).
    public static func check(_ paths: [String]) -> (files: Int, problems: [Diagnostic]) {
        var problems: [Diagnostic] = []
        let files = Content.read(paths, problems: &problems)
        var runbooks: Set<String> = []
        for file in files {
            do throws(Diagnostics) {
                switch kind(of: file.text) {
                case .rules: _ = try RuleSet.parse([(path: file.path, text: file.text)])
                case .runbook:
                    let name = try Runbook.parse(file.text, file: file.path).name
                    if !runbooks.insert(name).inserted { problems.append(Content.repeated(name, in: file)) }
                case .settings: _ = try Settings.parse(file.text, file: file.path)
                }
            } catch {
                problems += error.all
            }
        }
        return (files.count, problems)
    }

    /// Runs `X.test.yaml` files; rule tests name their rule files, runbook tests stand beside their runbook.
    public static func test(_ paths: [String]) throws -> TestReport {
        var problems: [Diagnostic] = []
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
