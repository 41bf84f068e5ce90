import Agents
import Detection
import FoundationEssentials
import Model
import Runbooks
import Text

/// The rules, runbooks and roles of a host, read from files; either all of it is right, or nothing is used.
struct Content: Sendable {
    var rules: RuleSet
    var runbooks: [Runbook]
    var roles: [RoleFile] = []

    /// Below a directory of runbooks: what is begun by its name, and what the agents are told.
    static let (pipelineFolder, rolesFolder) = ("pipeline", "roles")
    /// Every tool that a role may name.
    static let tools = [
        "journal", "templates", "metrics", "units", "changes", "history", "list", "read", "search", "blame",
    ]

    /// Reads what the settings name; Diagnostics lists every problem of every file.
    static func load(_ settings: Settings) throws -> Content {
        var problems: [Diagnostic] = []
        let ruleFiles = read(settings.rules, problems: &problems)
        let pipeline = folders(pipelineFolder, in: settings.runbooks)
        let runbookFiles = read(settings.runbooks + pipeline, problems: &problems)
        let roleFiles = read(roleFolders(settings.runbooks), suffix: ".md", problems: &problems)
        let content = parse(rules: ruleFiles, runbooks: runbookFiles, roles: roleFiles, problems: &problems)
        guard problems.isEmpty, let content else { throw Diagnostics(problems) }
        return content
    }

    private static func parse(
        rules: [SourceFile], runbooks: [SourceFile], roles: [SourceFile], problems: inout [Diagnostic]
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
        let roleFiles = self.roles(roles, problems: &problems)
        // What one file says of another cannot be judged while one of them is wrong.
        if problems.isEmpty { problems += crossCheck(parsed, roles: roleFiles) }
        return set.map { Content(rules: $0, runbooks: parsed, roles: roleFiles) }
    }

    /// The roles in these files, checked; empty where one of them is wrong.
    static func roles(_ files: [SourceFile], problems: inout [Diagnostic]) -> [RoleFile] {
        do {
            let set = try RoleSet.parse(files.map { (path: $0.path, text: $0.text) }, tools: tools)
            // A role has the name of its file.
            return files.compactMap { file in
                set.roles.keys.first { file.path.hasSuffix("/\($0).md") || file.path == "\($0).md" }
                    .map { RoleFile(name: $0, path: file.path, text: file.text) }
            }
        } catch {
            problems += error.all
            return []
        }
    }

    /// What only all of it together shows: which runbooks begin each other, and which roles steps name.
    static func crossCheck(_ runbooks: [Runbook], roles: [RoleFile]) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        do {
            try RunbookSet.check(runbooks)
        } catch {
            problems += error.all
        }
        let names = roles.map(\.name)
        for step in runbooks.flatMap(\.steps) {
            guard case .agent(let agent) = step.kind, !names.contains(agent.role) else { continue }
            let near = nearest(agent.role, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.append(Diagnostic(step.place, "there is no role \"\(agent.role)\"\(near)"))
        }
        return problems
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

/// A role of the agents as it was written: `NAME.md`, front matter and prompt.
struct RoleFile: Sendable, Hashable {
    let name: String
    let path: String
    let text: String
}

extension Content {
    /// The directories of this name that lie in those of these paths that are directories, if they are not named already.
    static func folders(_ name: String, in paths: [String]) -> [String] {
        paths.map { $0.hasSuffix("/") ? $0 + name : "\($0)/\(name)" }
            .filter { folder in
                isDirectory(folder) && !paths.contains { $0 == folder || $0 == folder + "/" }
            }
    }

    /// The folders with roles that lie in those of these paths that are directories, or are themselves named.
    static func roleFolders(_ paths: [String]) -> [String] {
        folders(rolesFolder, in: paths)
            + paths.filter { $0.split(separator: "/").last.map(String.init) == rolesFolder && isDirectory($0) }
    }

    static func isDirectory(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
    }

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
