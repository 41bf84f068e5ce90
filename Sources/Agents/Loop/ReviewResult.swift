public import Model

/// What a review found. How many findings block is counted here, whatever the model says.
public struct ReviewResult: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable, CaseIterable {
        case blocking, major, minor, note
    }

    public enum Area: String, Sendable, Hashable, CaseIterable {
        case security, performance, quality
    }

    public struct Finding: Sendable, Hashable {
        public var severity: Severity
        public var path: String
        /// From 1; nil where the finding is about the whole file.
        public var line: Int?
        public var text: String
        public var area: Area
    }

    public let findings: [Finding]

    public var blocking: Int { findings.count { $0.severity == .blocking } }

    /// Reads what the review role's schema lets through.
    public init(_ result: JSONValue) throws(Fault) {
        var findings: [Finding] = []
        for (index, item) in (result["findings"]?.array ?? []).enumerated() {
            guard let severity = item["severity"]?.string.flatMap(Severity.init),
                let area = item["area"]?.string.flatMap(Area.init), let path = item["path"]?.string,
                let text = item["text"]?.string
            else {
                throw Fault("review.finding", "finding \(index + 1) of the review lacks severity, area, path or text")
            }
            let line = item["line"]?.number.flatMap { Int(exactly: $0) }
            findings.append(Finding(severity: severity, path: path, line: line, text: text, area: area))
        }
        self.findings = findings
    }

    /// A result that lists findings, with `blocking` counted from their severities; any other as it is.
    static func counted(_ result: JSONValue) -> JSONValue {
        guard case .object(var members) = result, let findings = members["findings"]?.array else { return result }
        let blocking = findings.count { $0["severity"]?.string == Severity.blocking.rawValue }
        members["blocking"] = .number(Double(blocking))
        return .object(members)
    }
}
