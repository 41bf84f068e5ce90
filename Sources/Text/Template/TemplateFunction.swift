import Model

/// A function of the template language.
struct TemplateFunction: Sendable {
    /// Arguments, the piped one last; and the pattern of the first one, where it was written out.
    typealias Body = @Sendable ([TemplateValue], Pattern?) throws(Fault) -> TemplateValue

    let name: String
    /// How many arguments it takes.
    let arguments: ClosedRange<Int>
    /// How it is written, for a sentence.
    let usage: String
    /// Its first argument is a pattern.
    var takesPattern = false
    /// The truth at which it stops and gives that argument back (`and`, `or`).
    var decides: Bool?
    /// It is `index`, which reads names and so needs the scope's rule for missing ones.
    var readsKeys = false
    let body: Body

    init(_ usage: String, _ arguments: ClosedRange<Int>, _ body: @escaping Body) {
        name = String(usage.prefix { $0 != " " })
        self.usage = usage
        self.arguments = arguments
        self.body = body
    }

    static let all: [String: TemplateFunction] = Dictionary(
        uniqueKeysWithValues: (logic + comparisons + printing + texts + numbers + samples).map { ($0.name, $0) })

    /// Functions that Prometheus has and this version does not.
    static let notYet: Set<String> = [
        "query", "tmpl", "args", "externalURL", "pathPrefix", "graphLink", "tableLink", "call", "now", "toDuration",
    ]

    private static let many = 1 << 16

    private static let logic: [TemplateFunction] = {
        func deciding(_ usage: String, _ decides: Bool) -> TemplateFunction {
            var function = TemplateFunction(usage, 1...many) { arguments, _ in arguments.last ?? .nothing }
            function.decides = decides
            return function
        }
        var index = TemplateFunction("index X KEY…", 1...many) { arguments, _ in arguments[0] }
        index.readsKeys = true
        return [
            deciding("and A B…", false), deciding("or A B…", true), index,
            TemplateFunction("not A", 1...1) { arguments, _ in .bool(!arguments[0].isTrue) },
            TemplateFunction("len X", 1...1) { arguments, _ throws(Fault) in
                switch arguments[0] {
                case .json(.string(let text)): return .json(.number(Double(text.utf8.count)))
                case .json(.array(let items)): return .json(.number(Double(items.count)))
                case .json(.object(let members)): return .json(.number(Double(members.count)))
                case let other: throw wrong("text, a list or an object", other)
                }
            },
        ]
    }()

    private static let comparisons: [TemplateFunction] = [
        TemplateFunction("eq A B…", 2...many) { arguments, _ throws(Fault) in
            for other in arguments.dropFirst() where try areEqual(arguments[0], other) { return .bool(true) }
            return .bool(false)
        },
        TemplateFunction("ne A B", 2...2) { arguments, _ throws(Fault) in
            .bool(!(try areEqual(arguments[0], arguments[1])))
        },
        TemplateFunction("lt A B", 2...2) { arguments, _ throws(Fault) in
            .bool(try isLess(arguments[0], arguments[1]))
        },
        TemplateFunction("le A B", 2...2) { arguments, _ throws(Fault) in
            let (less, equal) = (try isLess(arguments[0], arguments[1]), try areEqual(arguments[0], arguments[1]))
            return .bool(less || equal)
        },
        TemplateFunction("gt A B", 2...2) { arguments, _ throws(Fault) in
            .bool(try isLess(arguments[1], arguments[0]))
        },
        TemplateFunction("ge A B", 2...2) { arguments, _ throws(Fault) in
            let (less, equal) = (try isLess(arguments[1], arguments[0]), try areEqual(arguments[0], arguments[1]))
            return .bool(less || equal)
        },
    ]

    private static func areEqual(_ left: TemplateValue, _ right: TemplateValue) throws(Fault) -> Bool {
        if let one = left.number, let other = right.number { return one == other }
        if left.isNothing || right.isNothing { return left.isNothing && right.isNothing }
        guard left.kind == right.kind else { throw incomparable(left, right) }
        return left.asJSON == right.asJSON
    }

    private static func isLess(_ left: TemplateValue, _ right: TemplateValue) throws(Fault) -> Bool {
        if let one = left.number, let other = right.number { return one < other }
        if let one = left.string, let other = right.string { return one.utf8.lexicographicallyPrecedes(other.utf8) }
        if case .time(let one) = left, case .time(let other) = right { return one < other }
        throw incomparable(left, right)
    }

    private static func incomparable(_ left: TemplateValue, _ right: TemplateValue) -> Fault {
        let textAndNumber = Set([left.kind, right.kind]) == ["text", "a number"]
        return Fault(
            "template.kind",
            "\(left.kind) (\(excerpt(left.shown))) and \(right.kind) (\(excerpt(right.shown))) do not compare",
            hint: textAndNumber ? "Labels are text: compare them with \"5\", not with 5" : nil)
    }

    static func wrong(_ expected: String, _ value: TemplateValue) -> Fault {
        let shown = value.isNothing ? value.kind : "\(value.kind) (\(excerpt(value.shown)))"
        return Fault("template.kind", "needs \(expected), not \(shown)")
    }

    /// The text of an argument; nothing is the empty text.
    static func text(_ value: TemplateValue) throws(Fault) -> String {
        if value.isNothing { return "" }
        guard let text = value.string else { throw wrong("text", value) }
        return text
    }

    /// A number, or text that reads as one (Prometheus' convertToFloat).
    static func number(_ value: TemplateValue) throws(Fault) -> Double {
        if let number = value.number { return number }
        guard let number = value.string.flatMap({ Double($0) }) else { throw wrong("a number", value) }
        return number
    }
}
