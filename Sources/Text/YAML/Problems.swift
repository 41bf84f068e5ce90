public import Model

/// Collects every problem of a file, so that a person mends them all in one pass.
public final class Problems {
    /// In the order in which they were found.
    public private(set) var all: [Diagnostic] = []

    public init() {}

    public var isEmpty: Bool { all.isEmpty }

    public func add(_ place: SourcePlace, _ message: String) { add(Diagnostic(place, message)) }
    public func add(_ diagnostic: Diagnostic) { all.append(diagnostic) }
    public func add(_ diagnostics: Diagnostics) { all += diagnostics.all }

    /// Throws all of them in the order of their lines; returns where there is none.
    public func throwIfAny() throws(Diagnostics) {
        guard !all.isEmpty else { return }
        throw Diagnostics(
            all.enumerated().sorted { left, right in
                let (one, other) = (left.element.place, right.element.place)
                guard one.file == other.file else { return left.offset < right.offset }
                return (one.line, one.column, left.offset) < (other.line, other.column, right.offset)
            }.map(\.element))
    }
}
