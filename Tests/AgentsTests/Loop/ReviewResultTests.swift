import Model
import Testing

@testable import Agents

@Suite struct ReviewResultTests {
    private static func finding(_ severity: JSONValue) -> JSONValue {
        ["severity": severity, "path": "a.py", "line": 3, "text": "No.", "area": "quality"]
    }

    @Test(
        arguments: [([], 0), (["minor", "note", "major"], 0), (["blocking", "minor", "blocking"], 2)]
            as [([JSONValue], Int)])
    func blockingIsCounted(severities: [JSONValue], blocking: Int) throws {
        let said: JSONValue = ["findings": .array(severities.map(Self.finding)), "blocking": 77]
        #expect(ReviewResult.counted(said)["blocking"] == .number(Double(blocking)))
        let result = try ReviewResult(said)
        #expect(result.blocking == blocking)
        #expect(result.findings.count == severities.count)
    }

    @Test func findingsAreRead() throws {
        let result = try ReviewResult(["findings": [Self.finding("major")]])
        #expect(
            result.findings == [
                ReviewResult.Finding(severity: .major, path: "a.py", line: 3, text: "No.", area: .quality)
            ])
    }

    @Test(arguments: ["grave", 1, nil] as [JSONValue]) func aSeverityMustBeKnown(severity: JSONValue) {
        #expect(throws: Fault.self) { try ReviewResult(["findings": [Self.finding(severity)]]) }
    }

    @Test(arguments: [["edits": []], [], "findings"] as [JSONValue]) func otherResultsStay(result: JSONValue) {
        #expect(ReviewResult.counted(result) == result)
    }
}
