import Model
import Text

/// Labels and annotations: their names, and their templates.
extension RuleReader {
    /// The group's labels and then the rule's, a name once; `scope` is nil for a record rule, whose labels are literal.
    func labels(
        _ mapping: Mapping, _ groupLabels: [(name: YAMLNode, value: YAMLNode)], _ scope: TemplateRules?
    ) -> [LabelTemplate] {
        let own = mapping.stringMap("labels") ?? []
        let names = Set(own.compactMap(\.name.text))
        let inherited = groupLabels.filter { !names.contains($0.name.text ?? "") }
        return (inherited + own).compactMap { pair in
            let name = pair.name.text ?? ""
            guard Names.isLabel(name), name != "__name__" else {
                let why = name == "__name__" ? "; the rule's own name is the metric's" : ""
                problems.add(pair.name.place, "\"\(name)\" cannot be a label's name\(why)")
                return nil
            }
            guard scope == nil || name != "alertname" else {
                problems.add(pair.name.place, "\"alertname\" cannot be set; it is the rule's name")
                return nil
            }
            return template(name, pair.value, scope, isLabel: true)
        }
    }

    func annotations(_ mapping: Mapping, _ scope: TemplateRules) -> [LabelTemplate] {
        (mapping.stringMap("annotations") ?? []).compactMap { pair in
            let name = pair.name.text ?? ""
            guard Names.isLabel(name) else {
                problems.add(pair.name.place, "\"\(name)\" cannot be an annotation's name (letters, digits and \"_\")")
                return nil
            }
            return template(name, pair.value, scope, isLabel: false)
        }
    }

    private func template(_ name: String, _ node: YAMLNode, _ scope: TemplateRules?, isLabel: Bool) -> LabelTemplate? {
        guard let scope else {
            return LabelTemplate(name: name, source: node.text ?? "", template: nil, isClaim: false)
        }
        do throws(Diagnostic) {
            let template = try Template(node)
            if let problem = scope.problem(in: template, isLabel: isLabel) { throw problem }
            return LabelTemplate(
                name: name, source: template.source, template: template.isLiteral ? nil : template,
                isClaim: scope.readsClaim(template))
        } catch {
            problems.add(error)
            return nil
        }
    }
}
