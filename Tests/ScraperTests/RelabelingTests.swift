import Model
import Testing
import Text

@testable import Scraper

/// The meanings of Prometheus' documentation of `relabel_config`.
@Suite struct RelabelingTests {
    static let labels: Labels = ["a": "foo", "b": "bar", "c": "baz", "__meta_x": "1"]

    static let cases: [(rule: String, result: Labels?)] = [
        ("{source_labels: [a], target_label: d}", ["a": "foo", "b": "bar", "c": "baz", "__meta_x": "1", "d": "foo"]),
        (
            "{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: d, replacement: 'x${1}y$2'}",
            ["a": "foo", "b": "bar", "c": "baz", "__meta_x": "1", "d": "xooyba"]
        ),
        ("{source_labels: [a], regex: 'fo', target_label: a, replacement: b}", labels),  // anchored
        (
            "{source_labels: [a], regex: 'f.*', target_label: a, replacement: ''}",
            ["b": "bar", "c": "baz", "__meta_x": "1"]
        ),
        ("{source_labels: [absent], target_label: a}", ["b": "bar", "c": "baz", "__meta_x": "1"]),
        ("{target_label: b, replacement: fixed}", ["a": "foo", "b": "fixed", "c": "baz", "__meta_x": "1"]),
        (
            "{source_labels: [a], regex: (.*), target_label: '${1}_x', replacement: v}",
            ["a": "foo", "b": "bar", "c": "baz", "__meta_x": "1", "foo_x": "v"]
        ),
        ("{source_labels: [b, c], separator: '-', regex: bar-baz, action: keep}", labels),
        ("{source_labels: [b], regex: baz, action: keep}", nil),
        ("{source_labels: [b], regex: bar, action: drop}", nil),
        ("{source_labels: [b], regex: baz, action: drop}", labels),
        (
            "{regex: '__meta_(.*)', action: labelmap, replacement: 'm_$1'}",
            ["a": "foo", "b": "bar", "c": "baz", "__meta_x": "1", "m_x": "1"]
        ),
        ("{regex: 'a|b', action: labeldrop}", ["c": "baz", "__meta_x": "1"]),
        ("{regex: 'a|b', action: labelkeep}", ["a": "foo", "b": "bar"]),
        (
            "{source_labels: [a], target_label: a, action: uppercase}",
            ["a": "FOO", "b": "bar", "c": "baz", "__meta_x": "1"]
        ),
        ("{source_labels: [a], target_label: b, action: keepequal}", nil),
        ("{source_labels: [a], target_label: b, action: dropequal}", labels),
    ]

    @Test(arguments: cases)
    func rulesMeanWhatTheyMeanInPrometheus(rule: String, result: Labels?) throws {
        let problems = Problems()
        let node = try #require(try YAML.parse(rule, file: "r.yaml"))
        let relabeling = try #require(Relabeling(node, problems))
        #expect(problems.isEmpty)
        #expect(relabeling.apply(Self.labels) == result)
    }
}
