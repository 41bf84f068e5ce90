import Model
public import Text

/// One rule of `relabel_configs` or `metric_relabel_configs`, as Prometheus applies it.
public struct Relabeling: Sendable, Hashable {
    public enum Action: String, Sendable, CaseIterable {
        case replace, keep, drop, labelmap, labeldrop, labelkeep, lowercase, uppercase, keepequal, dropequal
    }

    public var action = Action.replace
    public var sourceLabels: [String] = []
    public var separator = ";"
    /// Anchored at both ends; nil matches everything, as one group.
    public var regex: Pattern?
    public var targetLabel = ""
    public var replacement = "$1"

    public init() {}

    /// Nil where the rule drops the series or target.
    func apply(_ labels: Labels) -> Labels? {
        var labels = labels
        let value = sourceLabels.map { labels[$0] ?? "" }.joined(separator: separator)
        switch action {
        case .keep: return matches(value) ? labels : nil
        case .drop: return matches(value) ? nil : labels
        case .keepequal: return labels[targetLabel] ?? "" == value ? labels : nil
        case .dropequal: return labels[targetLabel] ?? "" == value ? nil : labels
        case .replace:
            guard matches(value) else { return labels }
            let name = expanded(targetLabel, value)
            if LabelName.isValid(name) { labels[name] = expanded(replacement, value) }
        case .lowercase: labels[targetLabel] = value.lowercased()
        case .uppercase: labels[targetLabel] = value.uppercased()
        case .labelmap:
            for pair in labels.pairs where matches(pair.name) {
                let name = expanded(replacement, pair.name)
                if LabelName.isValid(name) { labels[name] = pair.value }
            }
        case .labeldrop: return labels.filter { !matches($0) }
        case .labelkeep: return labels.filter { matches($0) }
        }
        return labels
    }

    private func matches(_ text: String) -> Bool { regex?.matches(text) ?? true }

    /// The template with the groups of the pattern's match in `text`.
    private func expanded(_ template: String, _ text: String) -> String {
        guard template.contains("$") else { return template }
        if let regex { return regex.replaceAll(in: text, with: template) }
        return template == "$1" || template == "${1}" ? text : Self.everything.replaceAll(in: text, with: template)
    }

    private static let everything: Pattern = {
        do { return try Pattern("(.*)", anchored: true) } catch { preconditionFailure("(.*) is a pattern") }
    }()
}

extension [Relabeling] {
    func apply(_ labels: Labels) -> Labels? {
        var labels: Labels? = labels
        for rule in self {
            guard let before = labels else { return nil }
            labels = rule.apply(before)
        }
        return labels
    }
}

extension Relabeling {
    init?(_ node: YAMLNode, _ problems: Problems) {
        let keys = ["source_labels", "separator", "target_label", "regex", "replacement", "action"]
        guard let section = Mapping(node, "the relabel rule", keys: keys, notYet: ["modulus"], problems) else {
            return nil
        }
        self.init()
        if section["action"]?.text?.lowercased() == "hashmod" {
            problems.add(section["action"]?.place ?? section.place, "\"hashmod\" is not in this version")
            return nil
        }
        action = section.choice("action", as: Action.self) ?? action
        sourceLabels = section.strings("source_labels") ?? []
        separator = section.string("separator") ?? separator
        targetLabel = section.string("target_label") ?? ""
        replacement = section.string("replacement") ?? replacement
        if let text = section.string("regex") {
            do {
                regex = try Pattern(text, anchored: true)
            } catch {
                problems.add(section["regex"]?.place ?? section.place, error.message)
            }
        }
        switch action {
        case .replace, .lowercase, .uppercase, .keepequal, .dropequal:
            if targetLabel.isEmpty {
                problems.add(section.place, "the action \(action.rawValue) needs \"target_label\"")
            } else if !targetLabel.contains("$"), !LabelName.isValid(targetLabel) {
                problems.add(section.place, "\"\(targetLabel)\" is not a label name")
            }
        case .keep, .drop, .labelmap, .labeldrop, .labelkeep: break
        }
    }
}
