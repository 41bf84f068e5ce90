/// Test names out of JUnit XML, as pytest, gotestsum, Surefire, gtest, ctest and others write it.
///
/// A test is `CLASSNAME.NAME`; without a class name the names of its suites stand before it.
enum JUnitReport {
    static func read(_ bytes: [UInt8]) throws(ReportProblem) -> [String: TestRun.Status] {
        var reader = try XMLReader(bytes)
        var names = TestNames()
        var suites: [String] = []
        var depth = 0
        var test: (name: String, status: TestRun.Status, depth: Int)?
        while let event = try reader.next() {
            switch event {
            case .start(let name, let attributes):
                if depth == 0, name != "testsuites", name != "testsuite" {
                    throw reader.wrong("the document is <\(name)>, not <testsuites> or <testsuite>")
                }
                depth += 1
                if let current = test {
                    guard name != "testcase", name != "testsuite" else {
                        throw reader.wrong("<\(name)> within <testcase>")
                    }
                    guard depth == current.depth + 1 else { continue }
                    test?.status = worse(current.status, status(ofChild: name))
                } else if name == "testsuite" || name == "testsuites" {
                    suites.append(attributes["name"] ?? "")
                } else if name == "testcase" {
                    guard let own = Self.name(attributes, suites) else {
                        throw reader.wrong("a <testcase> without a name")
                    }
                    guard names.count < TestRun.testsMax else { throw .tooLarge }
                    test = (own, status(attributes), depth)
                }
            case .text: break
            case .end(let name):
                if let current = test, current.depth == depth {
                    names.add(current.name, current.status)
                    test = nil
                } else if test == nil, name == "testsuite" || name == "testsuites" {
                    suites.removeLast()
                }
                depth -= 1
            }
        }
        return names.tests
    }

    private static func name(_ attributes: [String: String], _ suites: [String]) -> String? {
        guard let name = attributes["name"], !name.isEmpty else { return nil }
        if let owner = attributes["classname"] ?? attributes["class"], !owner.isEmpty { return "\(owner).\(name)" }
        return (suites.filter { !$0.isEmpty } + [name]).joined(separator: ".")
    }

    /// What the attributes of some writers say (gtest, ctest).
    private static func status(_ attributes: [String: String]) -> TestRun.Status {
        let words = [attributes["status"], attributes["result"]].compactMap { $0?.lowercased() }
        if words.contains(where: { ["fail", "failed", "failure"].contains($0) }) { return .failed }
        if words.contains("error") { return .error }
        let skipped = ["notrun", "disabled", "skipped", "ignored", "suppressed", "pending"]
        return words.contains { skipped.contains($0) } ? .skipped : .passed
    }

    private static func status(ofChild name: String) -> TestRun.Status {
        switch name {
        case "failure": .failed
        case "error": .error
        case "skipped": .skipped
        default: .passed
        }
    }

    private static func worse(_ a: TestRun.Status, _ b: TestRun.Status) -> TestRun.Status {
        let order: [TestRun.Status] = [.passed, .skipped, .failed, .error]
        return (order.firstIndex(of: a) ?? 0) >= (order.firstIndex(of: b) ?? 0) ? a : b
    }
}
