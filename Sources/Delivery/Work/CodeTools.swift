import Agents
import Model

/// The agents' tools that read a project's code; each answer is of one revision, and capped.
enum CodeTools {
    static func all(_ view: CodeView) throws(Fault) -> [AgentTool] {
        [
            try tool(
                view, "list", "Files and folders of the repository.",
                [
                    "path": ["type": "string", "description": "A folder; without it the root."],
                    "recursive": ["type": "boolean", "description": "All files below it."],
                ], required: [], list),
            try tool(
                view, "read", "Lines of a text file, as they are.",
                [
                    "path": path,
                    "from": ["type": "integer", "minimum": 1, "description": "The first line; 1 without it."],
                    "lines": ["type": "integer", "minimum": 1, "maximum": 2000, "description": "400 without it."],
                    "numbers": ["type": "boolean", "description": "Each line with its number in front."],
                ], required: ["path"], read),
            try tool(
                view, "search", "Lines of all text files that contain a text.",
                [
                    "pattern": ["type": "string", "minLength": 1, "description": "One line of text to look for."],
                    "expression": ["type": "boolean", "description": "The text is an extended regular expression."],
                    "path": ["type": "string", "description": "A folder or file to look in; without it everywhere."],
                ], required: ["pattern"], search),
            try tool(
                view, "blame", "Which commit last changed each of a file's lines, by whom and when.",
                [
                    "path": path, "from": ["type": "integer", "minimum": 1],
                    "to": ["type": "integer", "minimum": 1, "description": "At most 200 lines at once."],
                ], required: ["path"], blame),
        ]
    }

    private static let path: JSONValue = ["type": "string", "description": "Relative to the root of the repository."]

    private typealias Answer = @Sendable (CodeView.Place, JSONValue) async throws(Fault) -> String

    private static func tool(
        _ view: CodeView, _ name: String, _ description: String, _ properties: [String: JSONValue],
        required: [String], _ answer: @escaping Answer
    ) throws(Fault) -> AgentTool {
        var properties = properties
        properties["project"] = ["type": "string", "description": "The project's name; it may be left out."]
        let schema: JSONValue = [
            "type": "object", "properties": .object(properties), "required": .array(required.map { .string($0) }),
        ]
        return AgentTool(name: name, description: description, schema: try toolSchema(name, schema)) { arguments in
            do throws(Fault) {
                let place = try await view.place(named: arguments["project"]?.string)
                return ToolResult(try await answer(place, arguments))
            } catch {
                return ToolResult(error.description, isError: true)
            }
        }
    }

    private static func checked(_ text: String) throws(Fault) -> RelativePath {
        do {
            return try RelativePath(text)
        } catch {
            throw Fault("tool.argument", error.text)
        }
    }

    /// Nil for the root, however it is written.
    private static func folder(_ arguments: JSONValue) throws(Fault) -> RelativePath? {
        var text = arguments["path"]?.string ?? ""
        while text.hasSuffix("/") { text.removeLast() }
        return ["", ".", "/"].contains(text) ? nil : try checked(text)
    }

    private static func number(_ arguments: JSONValue, _ key: String) -> Int? {
        arguments[key]?.number.flatMap { Int(exactly: $0) }
    }

    private static func list(_ place: CodeView.Place, _ arguments: JSONValue) async throws(Fault) -> String {
        let listed = try await place.mirror.list(
            at: place.commit, under: try folder(arguments), recursively: arguments["recursive"]?.bool ?? false)
        var lines = listed.items.map { entry in
            switch entry.kind {
            case .folder: "\(entry.path)/"
            case .file: "\(entry.path) (\(entry.size ?? 0) bytes)"
            case .link, .module: "\(entry.path) (\(entry.kind.rawValue))"
            }
        }
        if !listed.isWhole { lines.append("… (there are more)") }
        return lines.isEmpty ? "(empty)" : lines.joined(separator: "\n")
    }

    private static func read(_ place: CodeView.Place, _ arguments: JSONValue) async throws(Fault) -> String {
        let file = try await place.mirror.read(
            try checked(arguments["path"]?.string ?? ""), at: place.commit, from: number(arguments, "from") ?? 1,
            lines: number(arguments, "lines") ?? 400)
        var lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let shown = lines.enumerated().map { index, line in
            arguments["numbers"]?.bool == true ? "\(file.firstLine + index)\t\(line)" : String(line)
        }
        let last = file.firstLine + lines.count - 1
        return (["\(file.path), lines \(file.firstLine) to \(last) of \(file.linesInAll):"] + shown)
            .joined(separator: "\n")
    }

    private static func search(_ place: CodeView.Place, _ arguments: JSONValue) async throws(Fault) -> String {
        let found = try await place.mirror.search(
            arguments["pattern"]?.string ?? "", isExpression: arguments["expression"]?.bool ?? false,
            at: place.commit, under: try folder(arguments))
        var lines = found.items.map { "\($0.path):\($0.line): \($0.text)" }
        if !found.isWhole { lines.append("… (there are more)") }
        return lines.isEmpty ? "(no line)" : lines.joined(separator: "\n")
    }

    private static func blame(_ place: CodeView.Place, _ arguments: JSONValue) async throws(Fault) -> String {
        let from = number(arguments, "from") ?? 1
        let blamed = try await place.mirror.blame(
            try checked(arguments["path"]?.string ?? ""), at: place.commit,
            lines: from...max(from, number(arguments, "to") ?? from + 39))
        return blamed.map {
            "\($0.line)\t\($0.commit.short)\t\($0.date)\t\($0.author)\t\($0.summary)\t| \($0.text)"
        }.joined(separator: "\n")
    }
}
