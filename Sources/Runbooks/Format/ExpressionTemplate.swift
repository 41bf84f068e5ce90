public import Model
public import Text

/// A PromQL expression with values of the run in it, each escaped for the place where it stands.
public struct ExpressionTemplate: Sendable {
    public let template: Template
    let node: YAMLNode

    init(template: Template, node: YAMLNode) {
        self.template = template
        self.node = node
    }

    public var source: String { template.source }

    /// The expression's text with its values in place.
    public func render(_ scope: TemplateScope) throws(Fault) -> String {
        try template.render(scope, placing: Placement.promQL)
    }
}

extension Template {
    /// The parameter that the template is, and nothing else: `{{ $params.unit }}`.
    var soleParameter: String? {
        var text = Substring(source)
        func trim(_ text: Substring) -> Substring {
            var text = text
            while text.first?.isWhitespace == true { text.removeFirst() }
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
        }
        text = trim(text)
        guard text.hasPrefix("{{"), text.hasSuffix("}}") else { return nil }
        text = trim(text.dropFirst(2).dropLast(2))
        guard text.hasPrefix("$params.") else { return nil }
        let name = String(text.dropFirst(8))
        return RunbookReader.isParameterName(name) ? name : nil
    }
}
