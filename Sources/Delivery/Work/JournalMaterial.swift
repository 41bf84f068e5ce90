import Agents
import Model

/// Raw log text for the one role that reads it, in pieces so small that a citation says where to look.
enum JournalMaterial {
    static let name = "journal"
    /// What agents are shown of logs: the raw text, and the tool that gives the kinds of messages.
    static let names: Set = [name, "templates"]
    static let linesMax = 20

    static func pieces(_ text: String) -> [(name: String, text: String)] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return stride(from: 0, to: lines.count, by: linesMax).map { start in
            (name, lines[start..<min(start + linesMax, lines.count)].joined(separator: "\n"))
        }
    }
}
