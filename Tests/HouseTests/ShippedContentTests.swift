import Testing

/// Rules and runbooks are code: each has its test beside it, and each runbook says when not to use it.
@Suite struct ShippedContentTests {
    static let countMin = 8

    /// The names in a folder that are content, not its tests.
    private static func content(_ folder: String) throws -> [String] {
        try Repository().names(in: folder).filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }
    }

    @Test(arguments: ["rules", "runbooks", "runbooks/pipeline"]) func everyFileHasItsTest(folder: String) throws {
        let repository = Repository()
        let names = try Self.content(folder)
        try #require(!names.isEmpty)
        for name in names {
            let test = folder + "/" + name.dropLast(".yaml".count) + ".test.yaml"
            #expect(repository.exists(test), "\(folder)/\(name) has no \(test)")
        }
        for name in try repository.names(in: folder) where name.hasSuffix(".test.yaml") {
            let subject = folder + "/" + name.dropLast(".test.yaml".count) + ".yaml"
            #expect(repository.exists(subject), "\(folder)/\(name) tests nothing")
        }
    }

    @Test func thereAreEnough() throws {
        let repository = Repository()
        #expect(try Self.content("runbooks").count >= Self.countMin)
        let rules = try Self.content("rules").map { try repository.read("rules/" + $0) }
        let kinds = ["- alert:", "- log:", "- anomaly:", "- heartbeat:"]
        let count = rules.flatMap(\.lines).count { line in kinds.contains { line.drop { $0 == " " }.hasPrefix($0) } }
        #expect(count >= Self.countMin)
    }

    @Test(arguments: ["runbooks", "runbooks/pipeline"]) func runbooksSayWhatTheyAreForAndWhenNot(folder: String) throws
    {
        for name in try Self.content(folder) {
            let lines = try Repository().read("\(folder)/\(name)").lines
            for key in ["runbook: ", "description: ", "when_not: ", "risk: ", "mode: "] {
                #expect(lines.contains { $0.hasPrefix(key) }, "\(folder)/\(name) lacks \(key)")
            }
            let named = "runbook: " + name.dropLast(".yaml".count)
            #expect(lines.contains { $0 == named }, "\(folder)/\(name) has another name")
        }
    }

    @Test func rolesSayWhatTheyAreAndWhatTheyMaySpend() throws {
        let names = try Repository().names(in: "runbooks/roles")
        try #require(!names.isEmpty)
        for name in names {
            #expect(name.hasSuffix(".md"), "runbooks/roles/\(name) is no role")
            let lines = try Repository().read("runbooks/roles/" + name).lines
            #expect(lines.first == "---", "runbooks/roles/\(name) has no front matter")
            for key in ["role: \(name.dropLast(".md".count))", "description: ", "budget:", "result:"] {
                #expect(lines.contains { $0.hasPrefix(key) }, "runbooks/roles/\(name) lacks \(key)")
            }
        }
    }

    /// What lies beside the runbooks is installed with them.
    @Test(arguments: ["runbooks/pipeline/*.yaml", "runbooks/roles/*.md"]) func foldersAreInstalled(files: String) throws
    {
        let lines = try Repository().read("Makefile").lines
        let isInstalled = lines.contains { $0.hasPrefix("\tinstall ") && $0.contains(" \(files) ") }
        #expect(isInstalled, "make install forgets \(files)")
    }
}
