public import Model
public import Runbooks

/// Everything that may be done on this host: checked runbooks and root's settings.
public struct InstalledSet: Sendable {
    public var settings: InstalledSettings
    /// By name.
    public var runbooks: [String: Runbook]

    public init(settings: InstalledSettings, runbooks: [Runbook]) {
        self.settings = settings
        self.runbooks = Dictionary(runbooks.map { ($0.name, $0) }) { first, _ in first }
    }

    public static let empty = InstalledSet(settings: InstalledSettings(), runbooks: [])
}

/// Where an executor finds what is installed, each time it is asked for something.
public protocol InstalledSource: Sendable {
    /// A fault means that nothing is installed that could be trusted: every order is refused with its text.
    func current() throws(Fault) -> InstalledSet
}
