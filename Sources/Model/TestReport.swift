/// What a file of tests gave: a line for each failure with its place, and the counts.
public struct TestReport: Sendable, Hashable {
    public var lines: [String]
    public var passed: Int
    public var failed: Int
    public var skipped: Int

    public init(lines: [String] = [], passed: Int = 0, failed: Int = 0, skipped: Int = 0) {
        self.lines = lines
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
    }

    public static func += (report: inout TestReport, more: TestReport) {
        report.lines += more.lines
        report.passed += more.passed
        report.failed += more.failed
        report.skipped += more.skipped
    }
}
