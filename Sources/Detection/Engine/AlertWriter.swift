import Model
import Text

/// Words for what a rule found: renders its labels and annotations and makes alerts of instances.
struct AlertWriter: Sendable {
    private let externalLabels: JSONValue
    private let externalURL: JSONValue

    init(externalLabels: Labels, externalURL: String) {
        self.externalLabels = .object(externalLabels.dictionary.mapValues { .string($0) })
        self.externalURL = .string(externalURL)
    }

    /// What was found before the rule's words are applied to it.
    struct Finding {
        /// What templates read as `$labels`; the rule's own labels come on top.
        var labels: Labels
        var value: Double
        var at: Timestamp
        /// What templates read as `$fields`.
        var fields: [String: String] = [:]
        var evidence: [Evidence]
    }

    func instance(_ rule: Rule, _ finding: Finding, state: Alert.State = .pending) -> AlertInstance {
        let labels = labels(rule, finding.labels, fields: finding.fields, value: finding.value)
        return instance(rule, finding, labels: labels, state)
    }

    /// Where the labels have been rendered before.
    func instance(_ rule: Rule, _ finding: Finding, labels: Labels, _ state: Alert.State) -> AlertInstance {
        var annotations: [String: String] = [:]
        if !rule.annotations.isEmpty {
            let scope = scope(finding.labels, value: finding.value, fields: finding.fields)
            for annotation in rule.annotations { annotations[annotation.name] = annotation.render(scope) }
        }
        return AlertInstance(
            labels: labels, annotations: annotations, state: state, activeAt: finding.at, value: finding.value,
            evidence: finding.evidence)
    }

    /// All labels of an alert; `value` is nil where labels cannot read it.
    func labels(_ rule: Rule, _ found: Labels, fields: [String: String] = [:], value: Double? = nil) -> Labels {
        var labels = found
        labels["__name__"] = nil
        let scope = rule.labels.allSatisfy { $0.template == nil } ? nil : scope(found, value: value, fields: fields)
        for label in rule.labels { labels[label.name] = scope.map(label.render) ?? label.source }
        labels["alertname"] = rule.name
        return labels
    }

    func alert(_ rule: Rule, _ instance: AlertInstance) -> Alert {
        alert(rule, AlertTransition(instance: instance, state: instance.state, at: instance.activeAt))
    }

    func alert(_ rule: Rule, _ change: AlertTransition) -> Alert {
        let instance = change.instance
        return Alert(
            labels: instance.labels, annotations: instance.annotations, state: change.state, at: change.at,
            value: instance.value, rule: rule.place, claims: rule.claims.intersection(instance.labels.names),
            evidence: instance.evidence)
    }

    private func scope(_ labels: Labels, value: Double?, fields: [String: String]) -> TemplateScope {
        let names = JSONValue.object(labels.dictionary.mapValues { .string($0) })
        let number = value.map { JSONValue.number($0) } ?? .null
        return TemplateScope(
            variables: [
                "labels": names, "value": number, "externalLabels": externalLabels, "externalURL": externalURL,
                "fields": .object(fields.mapValues { .string($0) }),
            ],
            dot: ["Labels": names, "Value": number, "ExternalLabels": externalLabels, "ExternalURL": externalURL],
            missing: .empty)
    }
}
