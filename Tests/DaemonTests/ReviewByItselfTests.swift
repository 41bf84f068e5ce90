import Model
import Testing

@testable import Daemon

@Suite struct ReviewByItselfTests {
    @Test(arguments: [(1e300, 0), (-1, -1), (.nan, 0), (7, 7), (7.5, 0)] as [(Double, Int)])
    func aFindingsLineIsTheModelsNumber(number: Double, line: Int) {
        let finding: JSONValue = ["severity": "note", "path": "a", "line": .number(number), "text": "t"]
        #expect(ReviewByItself.findings(["findings": [finding]]).map(\.line) == [line])
    }
}
