public import Model

/// A name that a template reads from its scope, and where.
public struct TemplateReference: Sendable, Hashable {
    /// The variable's name without `$`, then the fields: `["steps", "restart", "result", "exit"]`.
    public var path: [String]
    public var place: SourcePlace

    /// As the author writes it: `$steps.restart.result.exit`.
    public var text: String { "$" + path.joined(separator: ".") }

    /// Each path once, in the order of the first time it is read.
    static func paths(of references: [TemplateReference]) -> [[String]] {
        var seen: Set<[String]> = []
        return references.map(\.path).filter { seen.insert($0).inserted }
    }
}

extension TemplateScope {
    /// The variable that a field of the root stands for: `Labels` for `labels`.
    static func variableName(ofField field: String) -> String { field.prefix(1).lowercased() + field.dropFirst() }
}
