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
    func blockingIsCounted(severities: [JSONValue], blocking: Int) {
        let said: JSONValue = ["findings": .array(severities.map(Self.finding)), "blocking": 77]
        #expect(ReviewResult.counted(said)["blocking"] == .number(Double(blocking)))
    }

    @Test(arguments: [["edits": []], [], "findings"] as [JSONValue]) func otherResultsStay(result: JSONValue) {
        #expect(ReviewResult.counted(result) == result)
    }
}
