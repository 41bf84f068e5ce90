import Agents
import Model

/// The agents' tools that the daemon answers: what it knows of the host and of earlier incidents.
enum DaemonTools {
    static func all(_ key: EffectKey, _ line: any WorkLine) throws(Fault) -> [AgentTool] {
        var tools: [AgentTool] = []
        for (name, asked, description, properties, required) in offers {
            let schema: JSONValue = ["type": "object", "properties": properties, "required": required]
            tools.append(
                AgentTool(name: name, description: description, schema: try toolSchema(name, schema)) { arguments in
                    await line.tool(key, asked, arguments)
                })
        }
        return tools
    }

    private static let unit: JSONValue = [
        "type": "string", "description": "A systemd unit's full name; without it the incident's.",
    ]
    private static let before: JSONValue = [
        "type": "string", "description": "How long before the incident to begin, such as 30m; at most 24h.",
    ]

    /// Name, the daemon's name, description, arguments, those that must be there.
    private static let offers: [(String, String, String, JSONValue, JSONValue)] = [
        (
            "journal", "journal",
            "A unit's log entries around the incident: time, priority and kind of message, without what varies in it.",
            ["unit": unit, "before": before], []
        ),
        (
            "templates", "templates",
            "The kinds of log messages of a unit, with how often each came before the incident and since.",
            ["unit": unit, "before": before], []
        ),
        (
            "metrics", "metrics", "Evaluates a PromQL expression, now or at a time.",
            [
                "expr": ["type": "string", "description": "Such as rate(http_requests_total{code=\"500\"}[5m])."],
                "at": ["type": "string", "description": "Such as 2026-11-24T03:12:07Z."],
            ], ["expr"]
        ),
        (
            "units", "unit", "A systemd unit's state: whether it runs, how it last ended, how often it was restarted.",
            ["unit": unit], []
        ),
        (
            "changes", "changes",
            "What changed before the incident: starts of the unit, its unit files, packages, deploys.",
            ["before": before, "unit": unit], []
        ),
        ("history", "history", "Earlier incidents of the same unit or kind, and how they ended.", [:], []),
    ]
}

/// A tool's schema that stands in our own code.
func toolSchema(_ name: String, _ json: JSONValue) throws(Fault) -> JSONSchema {
    do throws(JSONProblems) {
        return try JSONSchema(json)
    } catch {
        throw Fault("agent.tool", "the arguments of the tool \(name) are declared wrongly: \(error)")
    }
}
