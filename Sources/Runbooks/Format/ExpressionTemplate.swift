public import Model
import Series
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

    /// The expression's text with its values in place; one that is wholly a setting of the project is taken as it is.
    public func render(_ scope: TemplateScope) throws(Fault) -> String {
        guard let name = template.soleProjectName else { return try template.render(scope, placing: Placement.promQL) }
        guard let text = scope.variables["project"]?[name]?.string else {
            throw Fault("expression.project", "the project has no expression \"\(name)\"")
        }
        let type: ValueType
        do {
            type = try Expression(parsing: text).type
        } catch {
            throw Fault("expression.project", "the project's \(name) is no expression: \(error.message)")
        }
        guard type == .vector || type == .scalar else {
            throw Fault("expression.project", "the project's \(name) is no condition but a \(type.rawValue)")
        }
        return text
    }
}

extension Template {
    /// The parameter that the template is, and nothing else: `{{ $params.unit }}`.
    var soleParameter: String? { soleName(of: "params") }
    /// The project's setting that the template is, and nothing else: `{{ $project.watch }}`.
    var soleProjectName: String? { soleName(of: "project") }

    private func soleName(of root: String) -> String? {
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
        guard text.hasPrefix("$\(root).") else { return nil }
        let name = String(text.dropFirst(root.count + 2))
        return RunbookReader.isParameterName(name) ? name : nil
    }
}
