public import Model

/// Text with actions in `{{ }}`, in the language that Prometheus documents for rules: Go's text/template.
///
/// Text, pipelines, `if`/`else if`/`else`, `with`, `range` with index variables, `break`, `continue`, variables,
/// comments, trim markers, parentheses, literals, Go's functions and Prometheus', but for those that query.
/// Differences from Go: numbers of either kind compare with each other, a field's name may hold `-`, and what Go
/// prints as `%!d(…)` is an error.
public struct Template: Sendable {
    public let source: String
    /// Every name that it reads from the scope, each once, in the order of the text: `["labels", "unit"]`, `["value"]`.
    ///
    /// `index` with written-out keys counts as fields. A path that ends at a variable (`["labels"]`) reads all of it.
    public let references: [[String]]
    /// The same with places, each occurrence.
    public let reads: [TemplateReference]
    private let nodes: [TemplateNode]

    /// `at` is where the first character stands; lines after the first are taken to begin in column 1.
    ///
    /// For the text of a YAML scalar prefer `init(_ node:)`, whose places are exact in quoted and block text too.
    public init(parsing source: String, at place: SourcePlace) throws(Diagnostic) {
        try self.init(source, TemplatePlaces(source, startingAt: place))
    }

    /// The template that a scalar of a YAML file holds; a list or a mapping is a problem.
    public init(_ node: YAMLNode) throws(Diagnostic) {
        guard let text = node.text else { throw Diagnostic(node.place, "a template is text, not \(node.kind)") }
        try self.init(text, TemplatePlaces(node))
    }

    private init(_ source: String, _ places: @autoclosure () -> TemplatePlaces) throws(Diagnostic) {
        self.source = source
        guard source.contains("{{") else {
            nodes = [.text(source)]
            reads = []
            references = []
            return
        }
        let places = places()
        var lexer = try TemplateLexer(source, places)
        var parser = TemplateParser(try lexer.template(), places)
        nodes = try parser.template()
        reads = parser.references
        references = TemplateReference.paths(of: parser.references)
    }

    /// It renders the same text whatever the scope is, because it holds no actions.
    public var isLiteral: Bool { nodes.allSatisfy { if case .text = $0 { true } else { false } } }

    /// The text with every action replaced by what it prints, `escape` applied to that and to nothing else.
    ///
    /// Throws with the place where something is missing or of the wrong kind, where more than 64 KiB come out, and
    /// where it takes more than 100,000 steps.
    public func render(_ scope: TemplateScope, escape: (String) -> String = { $0 }) throws(Fault) -> String {
        try render(scope) { _, value in escape(value) }
    }

    /// The same, where the escaping depends on the place: `escape` also gets the finished text before the value.
    ///
    /// So a value can be escaped for the quotes that it stands in, with no marks that it could imitate.
    public func render(
        _ scope: TemplateScope, placing escape: (_ before: String, _ value: String) throws(Fault) -> String
    ) throws(Fault) -> String {
        try withoutActuallyEscaping(escape) { escape throws(Fault) in
            var renderer = TemplateRenderer(scope, escape: escape)
            return try renderer.render(nodes)
        }
    }
}

extension Template: Hashable {
    /// Equal text reads and renders equally, wherever it stands.
    public static func == (left: Template, right: Template) -> Bool { left.source == right.source }
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// One pipeline of the template language without its braces, as `if:` holds: `eq $run.mode "auto"`.
public struct Pipeline: Sendable {
    public let source: String
    /// As `Template.references`.
    public let references: [[String]]
    public let reads: [TemplateReference]
    private let pipeline: TemplatePipeline

    /// As `Template.init(parsing:at:)`.
    public init(parsing source: String, at place: SourcePlace) throws(Diagnostic) {
        try self.init(source, TemplatePlaces(source, startingAt: place))
    }

    /// As `Template.init(_:)`.
    public init(_ node: YAMLNode) throws(Diagnostic) {
        guard let text = node.text else { throw Diagnostic(node.place, "a condition is text, not \(node.kind)") }
        try self.init(text, TemplatePlaces(node))
    }

    private init(_ source: String, _ places: TemplatePlaces) throws(Diagnostic) {
        self.source = source
        var lexer = try TemplateLexer(source, places)
        var parser = TemplateParser(try lexer.pipeline(), places)
        pipeline = try parser.pipelineAlone()
        reads = parser.references
        references = TemplateReference.paths(of: parser.references)
    }

    /// Its value; times come out as RFC 3339 text. Throws as `Template.render` does.
    public func evaluate(_ scope: TemplateScope) throws(Fault) -> JSONValue {
        var renderer = TemplateRenderer(scope, escape: { _, value in value })
        return try renderer.value(of: pipeline).asJSON
    }

    /// Go's truth: everything but false, zero, null, and empty text, lists and objects.
    public static func isTrue(_ value: JSONValue) -> Bool { TemplateValue.json(value).isTrue }
}

extension Pipeline: Hashable {
    public static func == (left: Pipeline, right: Pipeline) -> Bool { left.source == right.source }
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
