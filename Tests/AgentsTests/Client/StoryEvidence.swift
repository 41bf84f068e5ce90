import Foundation
import Model
import Synchronization

@testable import Agents

/// What the role root-cause is given in the story of the payments service, from the files of the story themselves: the
/// alert, the facts of the log, the code as it is deployed and how it came about.
final class StoryEvidence: Sendable {
    struct File: Sendable {
        let path: String
        let lines: [String]
        /// Who last replaced it, as `blame` says.
        let commit: String
    }

    private static let root = ShippedRolesTests.folder.appending(path: "../../Tests/Lab/story/projects/payments")
        .standardizedFileURL

    let files: [File]
    /// Newest first: when, who, what.
    let commits: [String]
    let unit: String
    let alert: String
    let facts: [(text: String, words: String)]
    private let asked = Mutex<[(tool: String, arguments: JSONValue)]>([])

    init() throws {
        (files, commits) = try Self.history()
        let defect = try Self.json("defects/lost-update/story.json")
        unit = defect["unit"]?.string ?? ""
        alert = defect["alert"]?.string ?? ""
        let right = try Self.json("defects/lost-update/right.json")
        let found = right["roles"]?["log-analysis"]?.array?.first?["turns"]?.array?.last?["finish"]?["facts"]
        facts = (found?.array ?? []).map { ($0["text"]?.string ?? "", $0["$fact"]?.string ?? "") }
    }

    /// Every call that reached a tool.
    var calls: [(tool: String, arguments: JSONValue)] { asked.withLock { $0 } }

    /// The commits laid over each other, as the lab makes the repository of them.
    private static func history() throws -> ([File], [String]) {
        let manager = FileManager.default
        let folder = root.appending(path: "commits")
        var files: [String: File] = [:]
        var commits: [String] = []
        for commit in try manager.contentsOfDirectory(atPath: folder.path).sorted() {
            let place = folder.appending(path: commit)
            let message = try text(place.appending(path: "message")).split(
                separator: "\n", omittingEmptySubsequences: false)
            let line = [message[1].dropFirst("Date: ".count), message[0].dropFirst("Author: ".count), message[3]]
                .joined(separator: "\t")
            commits.insert(line, at: 0)
            for path in try manager.subpathsOfDirectory(atPath: place.path) where path != "message" {
                let file = place.appending(path: path)
                guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
                let lines = try text(file).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                files[path] = File(path: path, lines: lines, commit: line)
            }
        }
        return (files.values.sorted { $0.path < $1.path }, commits)
    }

    private static func text(_ file: URL) throws -> String {
        String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }

    private static func json(_ path: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: root.appending(path: path)))
    }

    // What the loop is given

    /// The log as its reader was shown it, under the ID that the facts cite.
    var log: ToolAnswer {
        let lines = facts.map { "<3> payment of 120 to ada failed: IntegrityError: \($0.words)" }
        return ToolAnswer(citation: "T1", from: "journal", text: lines.joined(separator: "\n"))
    }

    var earlier: Citations {
        var citations = Citations()
        citations.add([log])
        return citations
    }

    var task: AgentTask {
        let facts = facts.map { fact -> JSONValue in
            ["kind": "error", "text": .string(fact.text), "citation": "T1", "quote": .string(fact.words)]
        }
        return AgentTask(
            inputs: ["facts": .array(facts), "runbooks": [], "projects": ["payments"]],
            incident: [
                "name": .string(alert), "severity": "critical", "labels": ["unit": .string(unit)],
                "summary": .string("\(unit) answers 2.99 requests a second with 5xx; a restart did not help"),
            ],
            earlier: earlier)
    }

    /// Those that the role names, with answers from the files above.
    var tools: [AgentTool] {
        [
            tool("journal", "A unit's log entries around the incident.", may: "unit") { $0.log.text },
            tool("templates", "Kinds of log messages with their counts before and since.", may: "unit") {
                "0 before, 174 since: \($0.log.text)"
            },
            tool("metrics", "Evaluates a PromQL expression.", must: "expr") { story, _ in
                "{unit=\"\(story.unit)\"} 2.99"
            },
            tool("units", "A unit's state.", may: "unit") { "\($0.unit): active (running), restarted once" },
            tool("changes", "What changed before the incident.", may: "unit") {
                $0.commits.joined(separator: "\n")
            },
            tool("history", "Earlier incidents of the same kind.") { _ in "(none)" },
            tool("list", "Files of the repository.") { $0.files.map(\.path).joined(separator: "\n") },
            tool("read", "Lines of a text file.", must: "path") { story, path in
                story.file(path)?.lines.joined(separator: "\n")
            },
            tool("search", "Lines that contain a text.", must: "pattern") { $0.search($1) },
            tool("blame", "Who last changed each line.", must: "path") { story, path in
                guard let file = story.file(path) else { return nil }
                return file.lines.map { "\(file.commit)\t| \($0)" }.joined(separator: "\n")
            },
        ]
    }

    private func tool(
        _ name: String, _ description: String, may argument: String? = nil,
        _ answer: @escaping @Sendable (StoryEvidence) -> String
    ) -> AgentTool {
        tool(name, description, argument, required: []) { story, _ in answer(story) }
    }

    private func tool(
        _ name: String, _ description: String, must argument: String,
        _ answer: @escaping @Sendable (StoryEvidence, String) -> String?
    ) -> AgentTool {
        tool(name, description, argument, required: [.string(argument)], answer)
    }

    private func tool(
        _ name: String, _ description: String, _ argument: String?, required: [JSONValue],
        _ answer: @escaping @Sendable (StoryEvidence, String) -> String?
    ) -> AgentTool {
        let properties: [String: JSONValue] = argument.map { [$0: ["type": "string"]] } ?? [:]
        let schema = Stage.schema([
            "type": "object", "properties": .object(properties), "required": .array(required),
        ])
        return AgentTool(name: name, description: description, schema: schema) { [self] arguments in
            asked.withLock { $0.append((name, arguments)) }
            let found = answer(self, argument.flatMap { arguments[$0]?.string } ?? "")
            return found.map { ToolResult($0) } ?? ToolResult("there is no such file", isError: true)
        }
    }

    private func file(_ path: String) -> File? { files.first { $0.path == path } }

    private func search(_ words: String) -> String {
        let found = files.flatMap { file in
            file.lines.enumerated().filter { $0.element.contains(words) }.map {
                "\(file.path):\($0.offset + 1): \($0.element)"
            }
        }
        return found.isEmpty ? "(no line)" : found.joined(separator: "\n")
    }
}
