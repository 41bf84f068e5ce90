import Foundation
import Testing

/// Who approves reads all of what is merged: no character of it hides another from a terminal.
@Suite("The commands of a pull request") struct PullCommandTests {
    /// Serves `pulls/ID` and `approvals/RUN` alike.
    private static func page(_ evil: String) throws -> String {
        let word = ["kind": "comment", "person": "ada", "text": "said \(evil)\r\nand more", "at": "now"]
        let pull: [String: Any] = [
            "id": "4f2a-1", "run": "r1", "incident": "4f2a", "project": "web", "branch": "nightshift/4f2a-1",
            "base": "0123456789ab", "head": "ba9876543210", "title": "Fix \(evil)\n  open, 0 lines", "lines": 1,
            "body": "body \(evil)\r\nplan 000000000000", "low_risk": false, "state": "open", "opened_at": "now",
            "checks": ["check \(evil)"], "words": [word], "diff": "+a = 1 # diff \(evil)\n+b = 2",
            "plan_hash": "abcdef0123456789", "text": "question \(evil)", "needs": 1, "at_helper": false,
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: pull), as: UTF8.self)
    }

    @Test(
        "what is shown has no character that could hide something",
        arguments: [["pr", "show", "4f2a-1"], ["pr", "approve", "4f2a-1"], ["approve", "4f2a"]],
        ["\u{1B}[8m", "\u{1B}[2A", "\u{202E}", "\u{2066}", "\u{200B}", "\u{9B}8m", "\r"])
    func nothingIsHidden(line: [String], evil: String) throws {
        let folder = try Folder()
        let server = try OtherServer(path: folder.file("s.sock"), page: try Self.page(evil))
        let answer = try Command.run(line + ["--socket", folder.file("s.sock")])
        server.stop()
        // A return before a line feed does nothing.
        let shown = (answer.output + answer.complaint).replacing("\r\n", with: "\n")
        let hidden = shown.unicodeScalars.filter { scalar in
            let category = scalar.properties.generalCategory
            return scalar != "\n" && scalar != "\t" && (category == .control || category == .format)
        }
        // None of it begins a line as if it were ours.
        let begins = Set(shown.split(separator: "\n").map { $0.prefix(4) })
        #expect(begins.isDisjoint(with: ["plan", "and "]) && !shown.contains("\n  open, 0"), "\(answer)")
        #expect(hidden.isEmpty, "\(answer)")
        guard evil != "\r" else { return }  // it ends a line, and what follows is put below it
        let parts = line[0] == "pr" ? ["said", "body", "check", "diff"] : []
        for part in parts + (line.contains("approve") ? ["question"] : []) {
            #expect(shown.contains("\(part) <U+"), "\(part): \(answer)")
        }
    }

    @Test("for a program the data is as it is")
    func json() throws {
        let folder = try Folder()
        let server = try OtherServer(path: folder.file("s.sock"), page: try Self.page("\u{202E}"))
        let answer = try Command.run(["pr", "show", "4f2a-1", "--json", "--socket", folder.file("s.sock")])
        server.stop()
        let pull = try #require(try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
        #expect(pull["diff"] as? String == "+a = 1 # diff \u{202E}\n+b = 2")
    }
}
