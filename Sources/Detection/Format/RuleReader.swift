import Model
import Series
import Text

/// Reads the groups of one rule file; every problem goes to `Problems`.
struct RuleReader {
    let problems: Problems

    init(_ problems: Problems) { self.problems = problems }

    func groups(_ root: YAMLNode) -> [RuleGroup] {
        guard let file = Mapping(root, "a rule file", keys: ["groups"], problems),
            let nodes = file.list("groups", required: true)
        else { return [] }
        var names: [String: Int] = [:]
        var seen: [String: SourcePlace] = [:]
        return nodes.compactMap { node in
            guard let group = group(node, seen: &seen) else { return nil }
            if let line = names.updateValue(group.place.line, forKey: group.name) {
                problems.add(
                    group.place, "the group \"\(group.name)\" occurs twice in this file, first in line \(line)")
            }
            return group
        }
    }

    private func group(_ node: YAMLNode, seen: inout [String: SourcePlace]) -> RuleGroup? {
        let keys = ["name", "interval", "limit", "query_offset", "labels", "rules"]
        guard let group = Mapping(node, "the group", keys: keys, problems) else { return nil }
        let name = nonEmpty(group, "name")
        let interval = group.duration("interval")
        let limit = group.integer("limit", in: 0...Int(Int32.max))
        let offset = group.duration("query_offset")
        let labels = group.stringMap("labels") ?? []
        let rules = (group.list("rules") ?? []).compactMap { rule($0, groupLabels: labels, seen: &seen) }
        return RuleGroup(
            name: name ?? "", place: group.keyPlace("name") ?? group.place,
            interval: interval.flatMap { $0 > .zero ? $0 : nil }, limit: limit.flatMap { $0 > 0 ? $0 : nil },
            queryOffset: offset ?? .zero, rules: rules)
    }

    private typealias Pairs = [(name: YAMLNode, value: YAMLNode)]

    private static let keys: [(word: String, keys: [String])] = [
        ("record", ["expr", "labels"]),
        ("alert", ["expr", "for", "keep_firing_for", "labels", "annotations"]),
        ("log", ["match", "unless", "pattern", "threshold", "until", "keep_firing_for", "labels", "annotations"]),
        ("anomaly", ["expr", "direction", "sensitivity", "for", "keep_firing_for", "labels", "annotations"]),
        ("heartbeat", ["match", "pattern", "expr", "every", "labels", "annotations"]),
    ]

    private func rule(_ node: YAMLNode, groupLabels: Pairs, seen: inout [String: SourcePlace]) -> Rule? {
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "a rule needs a mapping (key: value), not \(node.kind)")
            return nil
        }
        let written = pairs.compactMap(\.key.text)
        let words = Self.keys.map(\.word)
        let kinds = words.filter { written.contains($0) }
        guard let word = kinds.first else {
            let near = written.lazy.compactMap { nearest($0, among: words) }.first
            let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(
                node.place, "a rule needs one of \(words.map { "\"\($0)\"" }.joined(separator: ", "))\(hint)")
            return nil
        }
        guard kinds.count == 1 else {
            problems.add(node.place, "a rule is only one of \(kinds.map { "\"\($0)\"" }.joined(separator: " and "))")
            return nil
        }
        let keys = Self.keys.first { $0.word == word }?.keys ?? []
        let what = "\(word.hasPrefix("a") ? "an" : "a") \(word) rule"
        guard
            let mapping = Mapping(
                node, what, keys: [word] + keys, notYet: word == "log" ? ["novelty"] : [], problems)
        else { return nil }
        let rule = rule(mapping, word, groupLabels)
        if let rule { refuseDuplicate(rule, pairs, &seen) }
        return rule
    }

    private func rule(_ mapping: Mapping, _ word: String, _ groupLabels: Pairs) -> Rule? {
        let name = nonEmpty(mapping, word)
        let place = mapping.keyPlace(word) ?? mapping.place
        if word == "record" { return record(mapping, name, place, groupLabels) }
        let kind: Rule.Kind? =
            switch word {
            case "alert": alert(mapping)
            case "log": log(mapping)
            case "anomaly": anomaly(mapping)
            default: heartbeat(mapping)
            }
        let scope = TemplateRules(word, kind)
        let labels = labels(mapping, groupLabels, scope)
        let annotations = annotations(mapping, scope)
        guard let name, var kind else { return nil }
        if case .log(let log) = kind {
            kind = .log(
                log.reading(fields: (labels + annotations).flatMap { $0.template.map(TemplateRules.fields) ?? [] }))
        }
        return Rule(name: name, place: place, kind: kind, labels: labels, annotations: annotations)
    }

    private func record(
        _ mapping: Mapping, _ name: String?, _ place: SourcePlace, _ groupLabels: Pairs
    ) -> Rule? {
        if let name, !Names.isMetric(name) {
            let hint = name.contains("{") ? "; braces belong into \"expr\", labels into \"labels\"" : ""
            problems.add(
                mapping["record"]?.place ?? place,
                "\"\(name)\" is not a metric's name (letters, digits, \"_\" and \":\", no digit first)\(hint)")
        }
        let expression = expression(mapping)
        let labels = labels(mapping, groupLabels, nil)
        guard let name, let expression else { return nil }
        return Rule(name: name, place: place, kind: .record(expression), labels: labels, annotations: [])
    }

    /// An expression whose value is a vector or a number; a problem points at the very character.
    func expression(_ mapping: Mapping) -> Expression? {
        guard let node = mapping.required("expr"), let text = node.string(problems, "\"expr\"") else { return nil }
        do {
            let expression = try Expression(parsing: text)
            guard expression.type == .vector || expression.type == .scalar else {
                let word = expression.type == .matrix ? "a range vector" : "text"
                problems.add(node.place, "\"expr\" gives \(word), where a vector or a number is needed")
                return nil
            }
            return expression
        } catch {
            problems.add(node.place(ofOffset: error.offset), error.message)
            return nil
        }
    }

    func nonEmpty(_ mapping: Mapping, _ key: String) -> String? {
        guard let text = mapping.string(key, required: true) else { return nil }
        guard !text.isEmpty else {
            problems.add(mapping[key]?.place ?? mapping.place, "\"\(key)\" is empty")
            return nil
        }
        return text
    }

    /// promtool calls rules of one name and the same labels duplicates; here the condition must be the same too.
    private func refuseDuplicate(
        _ rule: Rule, _ pairs: [(key: YAMLNode, value: YAMLNode)], _ seen: inout [String: SourcePlace]
    ) {
        let condition = pairs.filter { ["expr", "match", "unless", "pattern"].contains($0.key.text ?? "") }
            .map { "\($0.key.text ?? "") \($0.value.signature)" }.sorted().joined(separator: "\n")
        if let first = seen.updateValue(rule.place, forKey: "\(rule.key)\n\(condition)") {
            problems.add(
                rule.place,
                "the \(rule.kind.word) rule \"\(rule.name)\" occurs twice with the same labels and condition, "
                    + "first in line \(first.line)")
        }
    }
}

extension YAMLNode {
    /// The same for two nodes that say the same.
    fileprivate var signature: String {
        switch content {
        case .scalar(let text, _): text.quotedForPrometheus
        case .sequence(let items): "[\(items.map(\.signature).joined(separator: ","))]"
        case .mapping(let pairs):
            "{\(pairs.map { "\($0.key.signature):\($0.value.signature)" }.sorted().joined(separator: ","))}"
        }
    }
}
