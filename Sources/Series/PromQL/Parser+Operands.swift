import Model
import Text

extension Parser {
    private static let reserved: Set<String> = ["bool", "on", "ignoring", "group_left", "group_right", "atan2"]

    /// An operand with what may follow it: `[5m]`, `[30m:1m]`, `offset 5m`, `@ 0`.
    mutating func suffixed() throws(SyntaxProblem) -> Node {
        var node = try operand()
        while true {
            if current.is(.leftBracket) {
                node = try range(over: node)
            } else if current.is(.at) {
                node = try at(node)
            } else if current.keyword == "offset" {
                node = try offset(node)
            } else if let word = current.keyword, word == "anchored" || word == "smoothed" {
                throw .notInThisVersion(word, current.span)
            } else {
                return node
            }
        }
    }

    private mutating func operand() throws(SyntaxProblem) -> Node {
        let token = current
        switch token.kind {
        case .number(let value), .duration(let value):
            take()
            return .number(value, token.span)
        case .string(let literal):
            take()
            return .string(literal, token.span)
        case .symbol(.leftParenthesis):
            take()
            let inner = try expression()
            let end = try expect(.rightParenthesis).span.upperBound
            return .parenthesized(inner, token.span.lowerBound..<end)
        case .symbol(.leftBrace): return .selector(try selector(named: nil))
        case .word(let word): return try wordOperand(word, token)
        default: throw unexpected("a metric, a function, a number or \"(\"")
        }
    }

    private mutating func wordOperand(_ word: String, _ token: Token) throws(SyntaxProblem) -> Node {
        let keyword = word.lowercased()
        if keyword == "inf" || keyword == "nan" {
            take()
            return .number(keyword == "inf" ? .infinity : .nan, token.span)
        }
        if let operation = Aggregate.Operation(rawValue: keyword),
            following.is(.leftParenthesis) || ["by", "without"].contains(following.keyword)
        {
            return .aggregate(try aggregate(operation))
        }
        guard !Self.reserved.contains(keyword) else {
            throw unexpected("a metric, a function, a number or \"(\"")
        }
        return following.is(.leftParenthesis) ? .call(try call(word)) : .selector(try selector(named: word))
    }

    // MARK: - Calls and aggregations

    private mutating func call(_ name: String) throws(SyntaxProblem) -> Call {
        let start = take().span
        let arguments = try arguments()
        let span = start.lowerBound..<lastEnd
        if let function = Function.all[name] { return Call(function: function, arguments: arguments, span: span) }
        guard !Function.notInThisVersion.contains(name) else { throw .notInThisVersion(name, start) }
        let near = nearest(name, among: Function.all.keys.sorted() + Aggregate.Operation.allCases.map(\.rawValue))
        let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
        throw SyntaxProblem(byte: start.lowerBound, message: "unknown function \"\(name)\"\(hint)")
    }

    private mutating func arguments() throws(SyntaxProblem) -> [Node] {
        try expect(.leftParenthesis)
        var arguments: [Node] = []
        guard !take(.rightParenthesis) else { return arguments }
        repeat { arguments.append(try expression()) } while take(.comma)
        try expect(.rightParenthesis)
        return arguments
    }

    private mutating func aggregate(_ operation: Aggregate.Operation) throws(SyntaxProblem) -> Aggregate {
        let start = take().span
        var grouping = try self.grouping()
        let arguments = try arguments()
        if grouping == nil { grouping = try self.grouping() }
        let wanted = operation.takesParameter ? 2 : 1
        guard arguments.count == wanted else {
            throw SyntaxProblem(
                byte: start.lowerBound,
                message: "\"\(operation.rawValue)\" takes \(wanted == 1 ? "one argument" : "two arguments"), not "
                    + "\(arguments.count)")
        }
        guard operation != .limitk, operation != .limitRatio else {
            throw .notInThisVersion(operation.rawValue, start)
        }
        return Aggregate(
            operation: operation, grouping: grouping ?? .none, parameter: wanted == 2 ? arguments[0] : nil,
            inner: arguments[wanted - 1], span: start.lowerBound..<lastEnd)
    }

    private mutating func grouping() throws(SyntaxProblem) -> Aggregate.Grouping? {
        guard current.keyword == "by" || current.keyword == "without" else { return nil }
        let isWithout = take().keyword == "without"
        return Aggregate.Grouping(labels: try labelList(), isWithout: isWithout)
    }

    // MARK: - Selectors

    private mutating func selector(named name: String?) throws(SyntaxProblem) -> Selector {
        let start = current.span.lowerBound
        var name = name
        var matchers: [Matcher] = []
        if let name {
            let span = take().span
            matchers.append(try matcher("__name__", .equal, name, span))
        }
        let outside = name
        if take(.leftBrace) {
            while !current.is(.rightBrace) {
                let matcher = try labelMatcher()
                if matcher.name == "__name__", let outside {
                    throw SyntaxProblem(
                        byte: start,
                        message: "the metric's name is given twice: \"\(outside)\" and \"\(matcher.value)\"")
                }
                if matcher.name == "__name__", matcher.operation == .equal { name = matcher.value }
                matchers.append(matcher)
                guard take(.comma) else { break }
            }
            guard take(.rightBrace) else { throw unexpected("\",\" or \"}\"") }
        }
        return Selector(id: newID(), matchers: matchers, name: name, span: start..<lastEnd)
    }

    /// `a="b"`, `"a.b"=~"c"`, or a metric's name in quotes.
    private mutating func labelMatcher() throws(SyntaxProblem) -> Matcher {
        let token = take()
        let name: String
        switch token.kind {
        case .word(let word): name = word
        case .string(let literal) where literal.isValid: name = literal.value
        default:
            position -= 1
            throw unexpected("a label's name or \"}\"")
        }
        if case .string = token.kind, current.is(.comma) || current.is(.rightBrace) {
            return try matcher("__name__", .equal, name, token.span)
        }
        let operation: Matcher.Operation
        switch current.kind {
        case .symbol(.equal): operation = .equal
        case .symbol(.notEqual): operation = .notEqual
        case .symbol(.equalPattern): operation = .matches
        case .symbol(.notPattern): operation = .notMatches
        default: throw unexpected("=, !=, =~ or !~")
        }
        take()
        guard case .string(let value) = current.kind else { throw unexpected("a string") }
        return try matcher(name, operation, value.value, take().span)
    }

    private func matcher(
        _ name: String, _ operation: Matcher.Operation, _ value: String, _ span: Range<Int>
    ) throws(SyntaxProblem) -> Matcher {
        do { return try Matcher(name, operation, value) } catch {
            throw SyntaxProblem(byte: span.lowerBound, message: error.description)
        }
    }
}
