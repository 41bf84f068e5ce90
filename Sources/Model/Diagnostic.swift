/// A place in a file that a person wrote; line and column count from 1, columns in characters.
public struct SourcePlace: Hashable, Sendable, Codable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
    /// `FILE:LINE`, as the timeline shows it.
    public var short: String { "\(file):\(line)" }
}

/// What is wrong in a file that a person wrote, and where.
public struct Diagnostic: Hashable, Sendable, Error, CustomStringConvertible {
    public var place: SourcePlace
    public var message: String

    public init(_ place: SourcePlace, _ message: String) {
        self.place = place
        self.message = message
    }

    /// `FILE:LINE:COL: error: MESSAGE`
    public var description: String { "\(place): error: \(message)" }
}

/// Every problem found in a set of files; thrown as one, so that nothing of the set is used.
public struct Diagnostics: Error, Sendable, CustomStringConvertible {
    public let all: [Diagnostic]
    public init(_ all: [Diagnostic]) { self.all = all }
    public var description: String { all.map(\.description).joined(separator: "\n") }
}

/// A failure told to a person: what failed, why, and what to do next. No Swift type names in its text.
public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
    /// A short stable word for programs, such as `ledger.locked`.
    public var code: String
    public var message: String
    public var hint: String?

    public init(_ code: String, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message). \($0)" } ?? message }
}
