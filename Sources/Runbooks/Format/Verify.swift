public import Model
public import Text

/// The proof as written: `expr` must hold for `holdsFor`, over samples newer than the last result, before `within` ends.
public struct Verify: Sendable {
    public let expr: ExpressionTemplate
    public let holdsFor: Span
    public let within: Span

    /// A length of time that is written out, or is a setting of the project.
    public enum Span: Sendable, Hashable {
        case literal(Duration)
        /// `{{ $project.NAME }}`
        case project(String)
        /// Twice as long as `for`, and at least a minute more.
        case twice

        /// As a person reads it.
        public var literal: String {
            switch self {
            case .literal(let duration): duration.literal
            case .project(let name): "{{ $project.\(name) }}"
            case .twice: "twice that time"
            }
        }

        var projectName: String? { if case .project(let name) = self { name } else { nil } }
    }

    /// The proof with all its values in place.
    public struct Rendered: Sendable, Hashable {
        public let expr: String
        public let holdsFor: Duration
        public let within: Duration
    }

    public func render(_ scope: TemplateScope) throws(Fault) -> Rendered {
        let (holdsFor, within) = try spans(scope)
        return Rendered(expr: try expr.render(scope), holdsFor: holdsFor, within: within)
    }

    /// Throws where the project's part of it will not do.
    func checkProject(_ project: [String: JSONValue]) throws(Fault) {
        let scope = TemplateScope(variables: ["project": .object(project)], missing: .error)
        _ = try spans(scope)
        if expr.template.soleProjectName != nil { _ = try expr.render(scope) }
    }

    private func spans(_ scope: TemplateScope) throws(Fault) -> (holdsFor: Duration, within: Duration) {
        let holdsFor = try duration(holdsFor, scope, .zero)
        let within = try duration(within, scope, max(holdsFor * 2, holdsFor + .seconds(60)))
        guard within >= holdsFor, within > .zero else {
            throw Fault(
                "verify.within",
                "the proof has to hold for \(holdsFor.literal), which is more than its \(within.literal)")
        }
        return (holdsFor, within)
    }

    private func duration(_ span: Span, _ scope: TemplateScope, _ twice: Duration) throws(Fault) -> Duration {
        switch span {
        case .literal(let duration): return duration
        case .twice: return twice
        case .project(let name):
            guard let text = scope.variables["project"]?[name]?.string, let duration = Duration(parsing: text) else {
                throw Fault("verify.project", "the project's \(name) is no duration such as 5m")
            }
            return duration
        }
    }

    /// Begins the sentence of a proof that is the project's, so that its gate has a name: `watch: `.
    var gate: String { expr.template.soleProjectName.map { "\($0): " } ?? "" }
}
