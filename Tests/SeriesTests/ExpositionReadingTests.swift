import Model
import Testing

@testable import Series

@Suite struct ExpositionReadingTests {
    static func summary(_ text: String) throws -> String {
        try Array(text.utf8).withUnsafeBytes { body in
            try ExpositionSummary(of: body, format: .init(guessing: body)).description
        }
    }

    @Test(arguments: [
        ("", "samples=0 series=0 sum=0"), ("a 1\nb 2.5\nc NaN\nd +Inf\n", "samples=4 series=4 sum=3.5"),
        ("a{x=\"1\"} 1\na{ x=\"1\" } 2\na 1e22\na 1\n", "samples=4 series=2 sum=1e+22"),
        ("a 1e300\na -1e300\na 0.1\n", "samples=3 series=1 sum=0.1"),
        ("# TYPE a gauge\na 1 1.5\na 2 2.5 # {} 1\n# EOF\n", "samples=2 series=1 sum=3"),
        ("a 1\n# EOF", "samples=1 series=1 sum=1"), ("# EOF\r\n", "samples=0 series=0 sum=0"),
    ]) func anExpositionIsCounted(_ text: String, _ expected: String) throws {
        #expect(try Self.summary(text) == expected)
    }

    @Test func aRecordingMayComeInAnyOrder() throws {
        let text = "# TYPE a gauge\na 3 3\na 1 1\na 2 2\nb 9\n# EOF\n"
        let store = try Array(text.utf8).withUnsafeBytes { body in
            try SeriesStore(recorded: body, format: .init(guessing: body), at: Timestamp(seconds: 4))
        }
        func query(_ text: String, at seconds: Double) throws -> QueryValue {
            try Expression(parsing: text).evaluate(in: store, at: Timestamp(seconds: seconds))
        }
        #expect(
            try query("a", at: 2.5)
                == .vector([
                    VectorElement(labels: ["__name__": "a"], value: 2, milliseconds: 2500)
                ]))
        #expect(try query("scalar(sum_over_time(a[1m]))", at: 4) == .scalar(6))
        #expect(try query("scalar(b)", at: 4) == .scalar(9))
        #expect(try query("scalar(timestamp(b))", at: 9) == .scalar(4))
    }
}
