import Model
import Text

/// The grammar of PromQL by recursive descent, operators by precedence climbing.
///
/// It takes the whole language of Prometheus 3, experimental parts too; what cannot be evaluated is refused by name.
struct Parser {
    static let depthMax = 200
    /// Operands and operators; the tree is never deeper, whatever its shape.
    static let partsMax = 1000
    static let bytesMax = 64 << 10

    let tokens: [Token]
    var position = 0
    private var nextID = 0
    private var depth = 0
    private var parts = 0

    init(_ text: String) throws(SyntaxProblem) {
        guard text.utf8.count <= Self.bytesMax else {
            throw SyntaxProblem(byte: 0, message: "the expression is longer than \(Self.bytesMax) bytes")
        }
        tokens = try Lexer.tokens(text)
    }

    static func parse(_ text: String) throws(SyntaxProblem) -> Node {
        var parser = try Parser(text)
        guard parser.current.kind != .end else { throw SyntaxProblem(byte: 0, message: "the expression is empty") }
        let node = try parser.expression()
        guard parser.current.kind == .end else { throw parser.unexpected("an operator or the end") }
        return node
    }

    // MARK: - Tokens

    var current: Token { tokens[position] }
    var following: Token { tokens[min(position + 1, tokens.count - 1)] }

    @discardableResult
    mutating func take() -> Token {
        let token = current
        if position < tokens.count - 1 { position += 1 }
        return token
    }

    mutating func take(_ symbol: Token.Symbol) -> Bool {
        guard current.is(symbol) else { return false }
        take()
        return true
    }

    mutating func take(keyword: String) -> Bool {
        guard current.keyword == keyword else { return false }
        take()
        return true
    }

    @discardableResult
    mutating func expect(_ symbol: Token.Symbol) throws(SyntaxProblem) -> Token {
        guard current.is(symbol) else { throw unexpected("\"\(symbol.rawValue)\"") }
        return take()
    }

    func unexpected(_ expected: String) -> SyntaxProblem {
        SyntaxProblem(
            byte: current.span.lowerBound, message: "unexpected \(current.described), expected \(expected)")
    }

    /// Where the token before the current one ends.
    var lastEnd: Int { position > 0 ? tokens[position - 1].span.upperBound : 0 }

    mutating func newID() -> Int {
        nextID += 1
        return nextID
    }

    // MARK: - Operators

    mutating func expression(_ lowest: Int = 1) throws(SyntaxProblem) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw SyntaxProblem(byte: current.span.lowerBound, message: "the expression is nested too deeply")
        }
        try countPart()
        var left = try signed()
        while let operation = binaryOperation(), operation.precedence >= lowest {
            try countPart()
            var binary = Binary(operation: operation, left: left, right: left, operatorSpan: take().span)
            try readModifiers(&binary)
            binary.right = try expression(operation == .power ? operation.precedence : operation.precedence + 1)
            left = .binary(binary)
        }
        return left
    }

    mutating func countPart() throws(SyntaxProblem) {
        parts += 1
        guard parts <= Self.partsMax else {
            throw SyntaxProblem(
                byte: current.span.lowerBound, message: "the expression has more than \(Self.partsMax) parts")
        }
    }

    private func binaryOperation() -> Binary.Operation? {
        switch current.kind {
        case .symbol(let symbol): Binary.Operation(rawValue: symbol.rawValue)
        case .word(let word): Binary.Operation(rawValue: word.lowercased())
        default: nil
        }
    }

    private mutating func signed() throws(SyntaxProblem) -> Node {
        guard current.is(.plus) || current.is(.minus) else { return try suffixed() }
        let sign = take()
        let operand = try expression(Binary.Operation.signPrecedence + 1)
        let span = sign.span.lowerBound..<operand.span.upperBound
        if case .number(let value, _) = operand { return .number(sign.is(.minus) ? -value : value, span) }
        return sign.is(.minus) ? .negative(operand, span) : .positive(operand, span)
    }

    /// `bool`, `on(…)`, `ignoring(…)`, `group_left(…)`, `group_right(…)` behind an operator.
    private mutating func readModifiers(_ binary: inout Binary) throws(SyntaxProblem) {
        binary.returnsBool = take(keyword: "bool")
        if current.keyword == "on" || current.keyword == "ignoring" {
            binary.matching.isOn = take().keyword == "on"
            binary.matching.isWritten = true
            binary.matching.labels = try labelList()
            if current.keyword == "group_left" || current.keyword == "group_right" {
                binary.matching.cardinality = take().keyword == "group_left" ? .manyToOne : .oneToMany
                if current.is(.leftParenthesis) { binary.matching.included = try labelList() }
            }
        }
        if let word = current.keyword, ["fill", "fill_left", "fill_right"].contains(word),
            following.is(.leftParenthesis)
        {
            throw .notInThisVersion(word, current.span)
        }
    }

    /// `(a, "b.c", …)`
    mutating func labelList() throws(SyntaxProblem) -> [String] {
        try expect(.leftParenthesis)
        var labels: [String] = []
        while !current.is(.rightParenthesis) {
            switch current.kind {
            case .word(let name): labels.append(name)
            case .string(let literal) where literal.isValid && !literal.value.isEmpty: labels.append(literal.value)
            default: throw unexpected("a label's name")
            }
            take()
            guard take(.comma) else { break }
        }
        try expect(.rightParenthesis)
        return labels
    }
}
