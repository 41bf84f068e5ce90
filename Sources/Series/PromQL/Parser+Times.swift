import Model

/// Ranges, offsets and fixed times behind a selector.
extension Parser {
    /// `[5m]` or `[30m:1m]` or `[30m:]`
    mutating func range(over node: Node) throws(SyntaxProblem) -> Node {
        try expect(.leftBracket)
        try countPart()
        let milliseconds = try positiveDuration()
        let span = node.span.lowerBound
        if take(.colon) {
            let step = current.is(.rightBracket) ? nil : try positiveDuration()
            try expect(.rightBracket)
            return .subquery(
                Subquery(id: newID(), inner: node, milliseconds: milliseconds, step: step, span: span..<lastEnd))
        }
        let end = try expect(.rightBracket)
        guard case .selector(let selector) = node else {
            throw SyntaxProblem(
                byte: end.span.lowerBound,
                message: "a range needs a metric before it; over another expression write a subquery such as [30m:1m]")
        }
        guard selector.shift.at == nil, !selector.shift.hasOffset else {
            throw SyntaxProblem(byte: end.span.lowerBound, message: "offset and @ stand behind the range")
        }
        return .range(RangeSelector(selector: selector, milliseconds: milliseconds, span: span..<lastEnd))
    }

    mutating func offset(_ node: Node) throws(SyntaxProblem) -> Node {
        let word = take()
        let isNegative = current.is(.minus)
        if current.is(.minus) || current.is(.plus) { take() }
        let milliseconds = try duration()
        return try shifted(node, word, "offset") { shift in
            guard !shift.hasOffset else { return "offset may stand only once" }
            shift.hasOffset = true
            shift.offset = isNegative ? -milliseconds : milliseconds
            return nil
        }
    }

    mutating func at(_ node: Node) throws(SyntaxProblem) -> Node {
        let sign = take()
        let time = try atTime()
        return try shifted(node, sign, "@") { shift in
            guard shift.at == nil else { return "@ may stand only once" }
            shift.at = time
            return nil
        }
    }

    private mutating func atTime() throws(SyntaxProblem) -> Shift.At {
        if current.keyword == "start" || current.keyword == "end" {
            let time: Shift.At = take().keyword == "start" ? .start : .end
            try expect(.leftParenthesis)
            try expect(.rightParenthesis)
            return time
        }
        let isNegative = current.is(.minus)
        if current.is(.minus) || current.is(.plus) { take() }
        let seconds: Double
        switch current.kind {
        case .number(let value), .duration(let value): seconds = value
        default: throw unexpected("a time in seconds, start() or end()")
        }
        guard abs(seconds) < 9.2e15 else {
            throw SyntaxProblem(byte: current.span.lowerBound, message: "the time behind @ is out of bounds")
        }
        take()
        return .milliseconds(Int64(((isNegative ? -seconds : seconds) * 1000).rounded()))
    }

    /// Applies a change to the shift of a selector, a range or a subquery; the change says what is wrong with it.
    private func shifted(
        _ node: Node, _ token: Token, _ what: String, _ change: (inout Shift) -> String?
    ) throws(SyntaxProblem) -> Node {
        func changed(_ shift: inout Shift) throws(SyntaxProblem) {
            if let problem = change(&shift) { throw SyntaxProblem(byte: token.span.lowerBound, message: problem) }
        }
        switch node {
        case .selector(var selector):
            try changed(&selector.shift)
            selector.span = selector.span.lowerBound..<lastEnd
            return .selector(selector)
        case .range(var range):
            try changed(&range.selector.shift)
            range.span = range.span.lowerBound..<lastEnd
            return .range(range)
        case .subquery(var subquery):
            try changed(&subquery.shift)
            subquery.span = subquery.span.lowerBound..<lastEnd
            return .subquery(subquery)
        default:
            throw SyntaxProblem(
                byte: token.span.lowerBound, message: "\(what) needs a metric, a range or a subquery before it")
        }
    }

    private mutating func positiveDuration() throws(SyntaxProblem) -> Int64 {
        let span = current.span
        let milliseconds = try duration()
        switch current.kind {
        case .symbol(.rightBracket), .symbol(.colon):
            guard milliseconds > 0 else {
                throw SyntaxProblem(byte: span.lowerBound, message: "the duration must be positive")
            }
            return milliseconds
        case .symbol(.plus), .symbol(.minus), .symbol(.times), .symbol(.divide), .symbol(.modulo), .symbol(.power):
            throw .notInThisVersion("arithmetic with durations", span)
        default: throw unexpected("\":\" or \"]\"")
        }
    }

    /// `5m`, or seconds as a plain number.
    private mutating func duration() throws(SyntaxProblem) -> Int64 {
        switch current.kind {
        case .number(let seconds), .duration(let seconds):
            guard abs(seconds) < 9.2e9 else {
                throw SyntaxProblem(byte: current.span.lowerBound, message: "the duration is out of bounds")
            }
            take()
            return Int64((seconds * 1000).rounded())
        case .symbol(.leftParenthesis), .symbol(.plus), .symbol(.minus):
            throw .notInThisVersion("arithmetic with durations", current.span)
        case .word(let word) where ["step", "range", "min_of", "max_of"].contains(word.lowercased()):
            throw .notInThisVersion(word.lowercased(), current.span)
        default: throw unexpected("a duration such as 5m")
        }
    }
}
