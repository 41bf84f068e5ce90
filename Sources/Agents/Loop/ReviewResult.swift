import Model

/// What a review found. How many findings block is counted here, whatever the model says.
enum ReviewResult {
    /// A result that lists findings, with `blocking` counted from their severities; any other as it is.
    static func counted(_ result: JSONValue) -> JSONValue {
        guard case .object(var members) = result, let findings = members["findings"]?.array else { return result }
        let blocking = findings.count { $0["severity"]?.string == "blocking" }
        members["blocking"] = .number(Double(blocking))
        return .object(members)
    }
}
