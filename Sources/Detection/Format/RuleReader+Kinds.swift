import Model
import Series
import Text

/// The condition of each kind of rule.
extension RuleReader {
    func alert(_ mapping: Mapping) -> Rule.Kind? {
        let expression = expression(mapping)
        let hold = mapping.duration("for")
        let keep = mapping.duration("keep_firing_for")
        guard let expression else { return nil }
        return .alert(AlertCondition(expression: expression, hold: hold ?? .zero, keepFiring: keep ?? .zero))
    }

    func log(_ mapping: Mapping) -> Rule.Kind? {
        let match = fieldMatch(mapping, "match")
        let unless = exceptions(mapping)
        let until = fieldMatch(mapping, "until")
        let pattern = pattern(mapping)
        let threshold = mapping["threshold"].map { self.threshold($0) } ?? .standard
        let keep = mapping.duration("keep_firing_for")
        if mapping["match"] == nil, mapping["pattern"] == nil {
            problems.add(
                mapping.place, "a log rule needs \"match\", \"pattern\" or both; without them it means every entry")
        }
        guard let match, let unless, let until, let threshold else { return nil }
        return .log(
            LogCondition(
                match: match, unless: unless, pattern: pattern, threshold: threshold,
                until: until.isEmpty ? nil : until, keepFiring: keep ?? threshold.window, fields: []))
    }

    func anomaly(_ mapping: Mapping) -> Rule.Kind? {
        let expression = expression(mapping)
        let direction = mapping.choice("direction", as: AnomalyCondition.Direction.self)
        let sensitivity = mapping.choice("sensitivity", as: AnomalyCondition.Sensitivity.self)
        let hold = mapping.duration("for")
        let keep = mapping.duration("keep_firing_for")
        guard let expression else { return nil }
        return .anomaly(
            AnomalyCondition(
                expression: expression, direction: direction ?? .both, sensitivity: sensitivity ?? .medium,
                hold: hold ?? .zero, keepFiring: keep ?? .zero))
    }

    func heartbeat(_ mapping: Mapping) -> Rule.Kind? {
        let every = mapping.duration("every", required: true)
        if let every, every <= .zero {
            problems.add(mapping["every"]?.place ?? mapping.place, "\"every\" must be longer than nothing")
        }
        let hasEntry = mapping["match"] != nil || mapping["pattern"] != nil
        guard hasEntry != (mapping["expr"] != nil) else {
            problems.add(
                mapping.place,
                "a heartbeat rule needs \"match\" (entries) or \"expr\" (samples)\(hasEntry ? ", not both" : "")")
            return nil
        }
        if hasEntry {
            let match = fieldMatch(mapping, "match")
            let pattern = pattern(mapping)
            guard let match, let every else { return nil }
            return .heartbeat(HeartbeatCondition(beat: .entry(match, pattern), every: every, unit: match.trustedUnit))
        }
        guard let expression = expression(mapping), let every else { return nil }
        return .heartbeat(HeartbeatCondition(beat: .sample(expression), every: every, unit: nil))
    }

    private func threshold(_ node: YAMLNode) -> LogCondition.Threshold? {
        guard let text = node.string(problems, "\"threshold\"") else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "in", let count = Int(words[0]),
            (1...LogCondition.Threshold.countMax).contains(count), let window = Duration(parsing: String(words[2])),
            window > .zero
        else {
            problems.add(
                node.place,
                "\"threshold\" needs \"N in DURATION\" such as \"3 in 5m\", with N from 1 to "
                    + "\(LogCondition.Threshold.countMax), not \"\(text)\"")
            return nil
        }
        return LogCondition.Threshold(count: count, window: window)
    }

    private func pattern(_ mapping: Mapping) -> Pattern? {
        guard let node = mapping["pattern"], let text = node.string(problems, "\"pattern\"") else { return nil }
        do {
            let pattern = try Pattern(text)
            for name in pattern.groupNames { refuseGroupName(name, node) }
            return pattern
        } catch {
            problems.add(node.place, error.description)
            return nil
        }
    }

    private func refuseGroupName(_ name: String, _ node: YAMLNode) {
        if !Names.isLabel(name) || name.hasPrefix("__") {
            problems.add(
                node.place, "the group \"\(name)\" is not a label's name (letters, digits and \"_\", no digit first)")
        } else if ["unit", "alertname", "alertstate"].contains(name) {
            problems.add(
                node.place,
                "a group cannot be named \"\(name)\": that label is a trusted word, what a pattern finds is a claim")
        }
    }

    /// One mapping of fields, or a list of them: any.
    private func exceptions(_ mapping: Mapping) -> [FieldMatch]? {
        guard let node = mapping["unless"] else { return [] }
        guard case .sequence(let items) = node.content else { return fieldMatch(node, "unless").map { [$0] } }
        let matches = items.map { fieldMatch($0, "unless") }
        return matches.contains { $0 == nil } ? nil : matches.compactMap { $0 }
    }

    /// Empty where the key is absent; nil, with a problem, where it is wrong.
    private func fieldMatch(_ mapping: Mapping, _ key: String) -> FieldMatch? {
        guard let node = mapping[key] else { return FieldMatch([]) }
        return fieldMatch(node, key)
    }

    private func fieldMatch(_ node: YAMLNode, _ key: String) -> FieldMatch? {
        guard case .mapping(let pairs) = node.content, !pairs.isEmpty else {
            problems.add(node.place, "\"\(key)\" needs journal fields and their values, such as {_PID: 1}")
            return nil
        }
        var fields: [(name: String, values: [String])] = []
        for pair in pairs {
            let name = pair.key.text ?? ""
            guard Names.isField(name) else {
                let upper = name.uppercased()
                let hint = Names.isField(upper) ? "; did you mean \"\(upper)\"?" : ""
                problems.add(
                    pair.key.place, "\"\(name)\" is not a journal field's name (capitals, digits and \"_\")\(hint)")
                continue
            }
            guard let values = pair.value.strings(problems, "\"\(name)\"") else { continue }
            if values.isEmpty { problems.add(pair.value.place, "\"\(name)\" lists no value, so nothing could match") }
            fields.append((name: name, values: values))
        }
        return fields.count == pairs.count ? FieldMatch(fields) : nil
    }
}

extension LogCondition {
    func reading(fields: [String]) -> LogCondition {
        LogCondition(
            match: match, unless: unless, pattern: pattern, threshold: threshold, until: until, keepFiring: keepFiring,
            fields: Set(fields))
    }
}
