import Model
import Text

/// A file of rule tests, as written: promtool's format, and `input_logs`.
struct RuleTestFile {
    var ruleFiles: [(name: String, place: SourcePlace)] = []
    var interval = Duration.seconds(60)
    /// Where each group stands in the order of evaluation; one that is not named stands with the first.
    var groupOrder: [String: Int] = [:]
    var isFuzzy = false
    var tests: [Test] = []

    struct Test {
        var name: String?
        var place: SourcePlace
        var interval: Duration
        var series: [(series: YAMLNode, values: YAMLNode)] = []
        var logs: [LogEntry] = []
        var alerts: [AlertCheck] = []
        var expressions: [ExpressionCheck] = []
        var externalLabels: Labels = [:]
        var externalURL = ""
    }

    struct AlertCheck {
        var place: SourcePlace
        var at: Duration
        var name: String
        var expected: [(labels: Labels, annotations: [String: String])]
    }

    struct ExpressionCheck {
        var place: SourcePlace
        var at: Duration
        var expression: YAMLNode
        /// Nil for a native histogram, which is not in this version.
        var expected: [(labels: YAMLNode?, value: Double?)]
    }

    static func parse(_ text: String, file: String) throws(Diagnostics) -> RuleTestFile {
        let problems = Problems()
        let reader = RuleTestReader(problems)
        var result = RuleTestFile()
        if let root = try YAML.parse(text, file: file) { result = reader.file(root) }
        try problems.throwIfAny()
        return result
    }
}

/// Reads a test file by its schema.
private struct RuleTestReader {
    let problems: Problems

    init(_ problems: Problems) { self.problems = problems }

    func file(_ root: YAMLNode) -> RuleTestFile {
        var file = RuleTestFile()
        let keys = ["rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"]
        guard let map = Mapping(root, "a test file", keys: keys, problems) else { return file }
        for node in map.list("rule_files") ?? [] {
            guard let name = node.string(problems, "a rule file") else { continue }
            if name.contains(where: { "*?[".contains($0) }) {
                problems.add(node.place, "patterns of file names are not in this version; name each file")
            }
            file.ruleFiles.append((name: name, place: node.place))
        }
        if let interval = map.duration("evaluation_interval"), interval > .zero { file.interval = interval }
        for (index, name) in (map.strings("group_eval_order") ?? []).enumerated() {
            if file.groupOrder.updateValue(index, forKey: name) != nil {
                problems.add(map["group_eval_order"]?.place ?? map.place, "the group \"\(name)\" occurs twice")
            }
        }
        file.isFuzzy = map.bool("fuzzy_compare") ?? false
        file.tests = (map.list("tests") ?? []).compactMap { test($0, file.interval) }
        return file
    }

    private func test(_ node: YAMLNode, _ evaluation: Duration) -> RuleTestFile.Test? {
        let keys = [
            "name", "interval", "input_series", "input_logs", "alert_rule_test", "promql_expr_test", "external_labels",
            "external_url",
        ]
        guard let map = Mapping(node, "the test", keys: keys, notYet: ["start_timestamp"], problems) else { return nil }
        var test = RuleTestFile.Test(name: map.string("name"), place: map.place, interval: evaluation)
        if let interval = map.duration("interval"), interval > .zero { test.interval = interval }
        test.series = (map.list("input_series") ?? []).compactMap(series)
        test.logs = (map.list("input_logs") ?? []).enumerated().compactMap { log($1, number: $0 + 1) }
            .sorted { $0.at < $1.at }
        test.alerts = (map.list("alert_rule_test") ?? []).compactMap(alert)
        test.expressions = (map.list("promql_expr_test") ?? []).compactMap(expression)
        test.externalLabels = Labels(texts(map, "external_labels"))
        test.externalURL = map.string("external_url") ?? ""
        return test
    }

    private func series(_ node: YAMLNode) -> (series: YAMLNode, values: YAMLNode)? {
        guard let map = Mapping(node, "the series", keys: ["series", "values"], problems),
            let series = map.required("series"), let values = map.required("values"),
            series.string(problems, "\"series\"") != nil, values.string(problems, "\"values\"") != nil
        else { return nil }
        return (series, values)
    }

    private func log(_ node: YAMLNode, number: Int) -> LogEntry? {
        guard let map = Mapping(node, "the entry", keys: ["at", "fields"], problems) else { return nil }
        let at = map.duration("at", required: true)
        guard map.required("fields") != nil, let at else { return nil }
        let fields = texts(map, "fields")
        for name in fields.keys.sorted() where !Names.isField(name) {
            problems.add(map["fields"]?.place ?? map.place, "\"\(name)\" is not a journal field's name")
        }
        return LogEntry(cursor: "input_logs[\(number)]", at: Timestamp(microseconds: at.microseconds), fields: fields)
    }

    private func alert(_ node: YAMLNode) -> RuleTestFile.AlertCheck? {
        let keys = ["eval_time", "alertname", "exp_alerts"]
        guard let map = Mapping(node, "the alert's test", keys: keys, problems) else { return nil }
        let at = map.duration("eval_time") ?? .zero
        guard let name = map.string("alertname", required: true) else { return nil }
        let expected = (map.list("exp_alerts") ?? []).compactMap { node -> (Labels, [String: String])? in
            guard let alert = Mapping(node, "the alert", keys: ["exp_labels", "exp_annotations"], problems)
            else { return nil }
            var labels = Labels(texts(alert, "exp_labels"))
            labels["alertname"] = name
            return (labels, texts(alert, "exp_annotations"))
        }
        return RuleTestFile.AlertCheck(place: map.place, at: at, name: name, expected: expected)
    }

    private func expression(_ node: YAMLNode) -> RuleTestFile.ExpressionCheck? {
        let keys = ["expr", "eval_time", "exp_samples"]
        guard let map = Mapping(node, "the expression's test", keys: keys, problems) else { return nil }
        let at = map.duration("eval_time") ?? .zero
        guard let expression = map.required("expr"), expression.string(problems, "\"expr\"") != nil else { return nil }
        let expected = (map.list("exp_samples") ?? []).compactMap { node -> (labels: YAMLNode?, value: Double?)? in
            guard let sample = Mapping(node, "the sample", keys: ["labels", "value", "histogram"], problems)
            else { return nil }
            if sample["histogram"] != nil { return (labels: sample["labels"], value: nil) }
            guard let node = sample["value"] else { return (labels: sample["labels"], value: 0) }
            return number(node).map { (labels: sample["labels"], value: $0) }
        }
        return RuleTestFile.ExpressionCheck(place: map.place, at: at, expression: expression, expected: expected)
    }

    /// A number as YAML and Prometheus write it, NaN and infinities included.
    private func number(_ node: YAMLNode) -> Double? {
        guard let text = node.string(problems, "\"value\"") else { return nil }
        let word = text.lowercased().replacing(".inf", with: "inf").replacing(".nan", with: "nan")
        guard let number = Double(word) else {
            problems.add(node.place, "\"value\" needs a number, not \"\(text)\"")
            return nil
        }
        return number
    }

    private func texts(_ map: Mapping, _ key: String) -> [String: String] {
        var texts: [String: String] = [:]
        for pair in map.stringMap(key) ?? [] { texts[pair.name.text ?? ""] = pair.value.text ?? "" }
        return texts
    }
}
