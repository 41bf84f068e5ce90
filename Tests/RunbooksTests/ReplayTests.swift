import FoundationEssentials
import Model
import Runbooks
import Testing

/// Recorded histories fold to the same decisions: a change of the engine that changes them is a decision, not an
/// accident.
///
/// `Tests/Histories/NAME.jsonl` is what a ledger held: the runbook, then a row for each event, intent and end.
@Suite("Replaying recorded histories")
struct ReplayTests {
    static let folder =
        URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../Histories").standardized.path

    static let names: [String] = {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
                .sorted()
        } catch {
            return []
        }
    }()

    struct Row: Decodable {
        let number: Int
        let kind: String
        let body: String
        let stamp: Stamp
    }

    @Test("there are some, of every end but those that guards bring, and of the pipeline")
    func some() {
        #expect(Self.names.count >= 12)
        #expect(Self.names.count { $0.hasPrefix("fix-") } >= 4)
    }

    @Test("each prefix gives the effects that were recorded behind it", arguments: names)
    func replay(name: String) throws {
        let data = try #require(FileManager.default.contents(atPath: "\(Self.folder)/\(name)"))
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map { Data($0.utf8) }
        let decoder = JSONDecoder()
        let runbook = try #require(try decoder.decode([String: String].self, from: lines[0])["runbook"])
        let rows = try lines.dropFirst().map { try decoder.decode(Row.self, from: $0) }
        var state = RunState(definition: try Samples.parse(runbook))
        var expected: [RunEffect] = []
        var events = 0
        for row in rows {
            let body = Data(row.body.utf8)
            switch row.kind {
            case "intent":
                try #require(!expected.isEmpty, "row \(row.number) is an intent that is not decided now")
                #expect(try decoder.decode(RunEffect.self, from: body) == expected.removeFirst())
            case "ended":
                try #require(!expected.isEmpty, "row \(row.number) is an end that is not decided now")
                #expect(.end(try decoder.decode(RunEnd.self, from: body)) == expected.removeFirst())
            default:
                #expect(expected == [], "decided now, but not recorded before row \(row.number)")
                events += 1
                (state, expected) = decide(state, try decoder.decode(RunEvent.self, from: body), now: row.stamp)
            }
        }
        #expect(expected == [] && state.end != nil && events > 3)
    }
}
