public import Model

/// The runbooks that are in force, in the order in which they are tried.
public struct RunbookSet: Sendable {
    /// By risk, the lowest first, then by name.
    public let runbooks: [Runbook]

    public init(_ runbooks: [Runbook]) {
        self.runbooks = runbooks.sorted { ($0.risk, $0.name) < ($1.risk, $1.name) }
    }

    public func matching(_ labels: Labels) -> [Runbook] { runbooks.filter { $0.matches(labels) } }
    public func named(_ name: String) -> Runbook? { runbooks.first { $0.name == name } }
}
