import Model

/// A piece of an expression; the span counts bytes.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        /// A name or a keyword; which one, its place decides.
        case word(String)
        case number(Double)
        /// Seconds, written as a duration: `5m`.
        case duration(Double)
        case string(StringLiteral)
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, Sendable {
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBrace = "{"
        case rightBrace = "}"
        case leftBracket = "["
        case rightBracket = "]"
        case comma = ","
        case colon = ":"
        case equal = "="
        case equalPattern = "=~"
        case notPattern = "!~"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case modulo = "%"
        case power = "^"
        case same = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case trimUpper = "</"
        case trimLower = ">/"
        case at = "@"
    }

    var kind: Kind
    var span: Range<Int>

    /// The word in lower case, as keywords are compared.
    var keyword: String? { if case .word(let word) = kind { word.lowercased() } else { nil } }
    func `is`(_ symbol: Symbol) -> Bool { kind == .symbol(symbol) }

    /// As sentences name it.
    var described: String {
        switch kind {
        case .word(let word): "\"\(word)\""
        case .number, .duration: "a number"
        case .string: "a string"
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .end: "the end"
        }
    }
}

/// A string as written and as meant. `\xff` can write bytes that are no UTF-8: then `isValid` is false.
struct StringLiteral: Sendable, Equatable {
    let value: String
    let source: String
    let isValid: Bool
}

/// What is wrong in an expression, and where.
public struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Characters from the beginning of the text, from 0.
    public var offset: Int
    public var message: String
    /// The expression is right, but uses what this version does not have.
    public var isNotInThisVersion: Bool

    public init(offset: Int, message: String, isNotInThisVersion: Bool = false) {
        self.offset = offset
        self.message = message
        self.isNotInThisVersion = isNotInThisVersion
    }

    public var description: String { "\(message) at character \(offset + 1) of the expression" }
}

/// A problem at a byte, before it is told in characters.
struct SyntaxProblem: Error {
    var byte: Int
    var message: String
    var isNotInThisVersion = false

    static func notInThisVersion(_ what: String, _ span: Range<Int>) -> SyntaxProblem {
        SyntaxProblem(
            byte: span.lowerBound, message: "\"\(what)\" is not in this version", isNotInThisVersion: true)
    }
}
