import Model
import Testing

@testable import Detection

/// The rules that are shipped: each file checks, and its test beside it passes.
@Suite struct ShippedRulesTests {
    static let names = Checkout.names("rules").filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }

    static func text(_ name: String) throws(Diagnostics) -> String { try Checkout.text("rules", name) }

    @Test func theyAreOneSet() throws {
        let set = try RuleSet.parse(try Self.names.map { (path: $0, text: try Self.text($0)) })
        #expect(set.count >= 12)
        for rule in set.rules where rule.kind.word != "record" {
            #expect(rule.labels.contains { $0.name == "severity" }, "\(rule.place)")
            #expect(rule.annotations.contains { $0.name == "summary" }, "\(rule.place)")
        }
    }

    @Test(arguments: names)
    func eachPassesItsTest(name: String) throws {
        let test = String(name.dropLast(".yaml".count)) + ".test.yaml"
        let report = try RuleTests.run(try Self.text(test), file: test, loadRules: Self.text)
        #expect(report.failed == 0, "\(report.lines.joined(separator: "\n"))")
        #expect(report.passed >= 2)
    }

    /// Every rule is shown to fire by some test of its file, and says when not to use it.
    @Test(arguments: names)
    func everyRuleIsTestedAndSaysWhenNot(name: String) throws {
        let test = try Self.text(String(name.dropLast(".yaml".count)) + ".test.yaml")
        let set = try RuleSet.parse([(path: name, text: try Self.text(name))])
        let lines = try Self.text(name).split(separator: "\n", omittingEmptySubsequences: false)
        for rule in set.rules where rule.kind.word != "record" {
            #expect(test.contains("alertname: \(rule.name)"), "\(rule.name) has no test")
            let above = lines[..<(rule.place.line - 1)].reversed().prefix { $0.contains("#") }
            #expect(above.contains { $0.contains("When not") }, "\(rule.name) does not say when not")
        }
    }
}
