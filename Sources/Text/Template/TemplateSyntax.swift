import Model

/// A parsed template; each part knows where it stands.
indirect enum TemplateNode: Sendable {
    case text(String)
    case output(TemplatePipeline)
    case branch(TemplateBranch)
    case leave(Leave)

    enum Leave: Sendable { case `break`, `continue` }
}

struct TemplateBranch: Sendable {
    enum Kind: String, Sendable { case `if`, with, range }

    var kind: Kind
    var pipeline: TemplatePipeline
    var body: [TemplateNode]
    var otherwise: [TemplateNode]
}

struct TemplatePipeline: Sendable {
    var place: SourcePlace
    /// The variables that it sets: one, or the index and the value of a `range`.
    var variables: [String] = []
    /// It sets variables that exist (`=`) instead of making new ones (`:=`).
    var assigns = false
    var commands: [TemplateCommand]
}

/// A function with its arguments, or a single operand.
struct TemplateCommand: Sendable {
    var place: SourcePlace
    var function: TemplateFunction?
    var operands: [TemplateOperand]
    /// The first argument of a function that takes a pattern, where it is written out.
    var pattern: Pattern?
}

indirect enum TemplateOperand: Sendable {
    case literal(TemplateValue)
    case dot([String], SourcePlace)
    /// `$name.field…`; the name is empty for `$`.
    case variable(String, [String], SourcePlace)
    case group(TemplatePipeline, [String], SourcePlace)
    case call(TemplateCommand)

    var literal: TemplateValue? { if case .literal(let value) = self { value } else { nil } }
}
