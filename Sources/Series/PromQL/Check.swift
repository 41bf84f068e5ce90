import Model
import Text

/// The types of an expression's parts, and whether they fit together.
extension Node {
    var type: ValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .selector, .aggregate: .vector
        case .range, .subquery: .matrix
        case .call(let call): call.function.returns
        case .binary(let binary): binary.left.type == .scalar && binary.right.type == .scalar ? .scalar : .vector
        case .negative(let inner, _), .positive(let inner, _), .parenthesized(let inner, _): inner.type
        }
    }

    /// Throws at the first part that does not fit.
    func check() throws(SyntaxProblem) {
        switch self {
        case .number, .string: break
        case .selector(let selector): try selector.check()
        case .range(let range): try range.selector.check()
        case .subquery(let subquery):
            try subquery.inner.check()
            try subquery.inner.expect(.vector, "a subquery")
        case .call(let call): try call.check()
        case .aggregate(let aggregate): try aggregate.check()
        case .binary(let binary): try binary.check()
        case .parenthesized(let inner, _): try inner.check()
        case .negative(let inner, let span), .positive(let inner, let span):
            try inner.check()
            guard inner.type == .scalar || inner.type == .vector else {
                throw SyntaxProblem(
                    byte: span.lowerBound,
                    message: "a sign needs a scalar or an instant vector behind it, not a "
                        + inner.type.documented)
            }
        }
    }

    fileprivate func expect(_ wanted: ValueType, _ context: String) throws(SyntaxProblem) {
        guard type == wanted else {
            throw SyntaxProblem(
                byte: span.lowerBound,
                message: "\(context) needs \(wanted.withArticle) here, not \(type.withArticle)")
        }
    }
}

extension ValueType {
    fileprivate var withArticle: String { (self == .vector ? "an " : "a ") + documented }
}

extension Selector {
    fileprivate func check() throws(SyntaxProblem) {
        guard matchers.contains(where: { !$0.matchesEmpty }) else {
            throw SyntaxProblem(
                byte: span.lowerBound,
                message: "a selector needs a name or one matcher that no empty value satisfies, or it takes everything")
        }
    }
}

extension Call {
    fileprivate func check() throws(SyntaxProblem) {
        let name = "\"\(function.name)\""
        guard function.accepts(arguments.count) else {
            throw SyntaxProblem(
                byte: span.lowerBound, message: "\(name) takes \(function.expectedCount), not \(arguments.count)")
        }
        for (index, argument) in arguments.enumerated() {
            try argument.check()
            try argument.expect(function.arguments[min(index, function.arguments.count - 1)], name)
        }
    }
}

extension Aggregate {
    fileprivate func check() throws(SyntaxProblem) {
        if let parameter {
            try parameter.check()
            try parameter.expect(operation == .countValues ? .string : .scalar, "\"\(operation.rawValue)\"")
        }
        try inner.check()
        try inner.expect(.vector, "\"\(operation.rawValue)\"")
    }
}

extension Binary {
    fileprivate func check() throws(SyntaxProblem) {
        try left.check()
        try right.check()
        for side in [left, right] where side.type != .scalar && side.type != .vector {
            throw SyntaxProblem(
                byte: side.span.lowerBound,
                message: "\"\(operation.rawValue)\" needs scalars or instant vectors, not \(side.type.withArticle)")
        }
        func problem(_ message: String) -> SyntaxProblem {
            SyntaxProblem(byte: operatorSpan.lowerBound, message: message)
        }
        if operation == .trimUpper || operation == .trimLower {
            throw .notInThisVersion(operation.rawValue, operatorSpan)
        }
        if returnsBool, !operation.isComparison { throw problem("bool belongs to comparisons only") }
        let scalars = [left, right].count { $0.type == .scalar }
        if operation.isComparison, scalars == 2, !returnsBool {
            throw problem("a comparison of two scalars needs bool: \(operation.rawValue) bool")
        }
        if scalars > 0 {
            if operation.isSet { throw problem("\"\(operation.rawValue)\" needs an instant vector on both sides") }
            if !matching.labels.isEmpty { throw problem("on and ignoring need an instant vector on both sides") }
        }
        if operation.isSet, matching.cardinality != .oneToOne {
            throw problem("group_left and group_right do not go with \"\(operation.rawValue)\"")
        }
        if matching.isOn, let label = matching.labels.first(where: matching.included.contains) {
            throw problem("the label \"\(label)\" stands both in on and in the group clause")
        }
    }
}
