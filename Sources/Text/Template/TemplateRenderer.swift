import Model

/// Walks a template's tree over a scope, within bounds.
struct TemplateRenderer {
    static let outputBytesMax = 64 << 10
    static let stepsMax = 100_000

    private let scope: TemplateScope
    private let escape: Escape
    private var dot: TemplateValue
    /// The template's own variables, innermost last.
    private var variables: [(name: String, value: TemplateValue)] = []
    private var output = ""
    private var steps = 0

    /// Gets the output so far and what an action prints behind it.
    typealias Escape = (_ before: String, _ value: String) throws(Fault) -> String

    init(_ scope: TemplateScope, escape: @escaping Escape) {
        self.scope = scope
        self.escape = escape
        dot = .json(scope.dot)
    }

    /// `dot` is still the scope's.
    private var dotIsRoot = true

    mutating func render(_ nodes: [TemplateNode]) throws(Fault) -> String {
        _ = try walk(nodes)
        return output
    }

    /// How a list of nodes ended: by its end, or early.
    private enum Exit {
        case end
        case leave(TemplateNode.Leave)
    }

    private mutating func walk(_ nodes: [TemplateNode]) throws(Fault) -> Exit {
        for node in nodes {
            switch node {
            case .text(let text): try emit(text, nil)
            case .output(let pipeline):
                let value = try value(of: pipeline)
                guard pipeline.variables.isEmpty else { continue }
                if value.isNothing, scope.missing == .error {
                    throw fault("template.null", "there is no value here", pipeline.place)
                }
                try emit(try escape(output, value.printed), pipeline.place)
            case .branch(let branch):
                if case .leave(let leave) = try walk(branch) { return .leave(leave) }
            case .leave(let leave): return .leave(leave)
            }
        }
        return .end
    }

    private mutating func emit(_ text: String, _ place: SourcePlace?) throws(Fault) {
        output += text
        guard output.utf8.count <= Self.outputBytesMax else {
            throw fault("template.large", "the template renders to more than 64 KiB", place)
        }
    }

    // MARK: Blocks

    private mutating func walk(_ branch: TemplateBranch) throws(Fault) -> Exit {
        let outer = (dot, dotIsRoot, variables.count)
        defer {
            (dot, dotIsRoot) = (outer.0, outer.1)
            variables.removeLast(variables.count - outer.2)
        }
        if branch.kind == .range { return try walkRange(branch) }
        let value = try value(of: branch.pipeline)
        guard value.isTrue else { return try walk(branch.otherwise) }
        if branch.kind == .with { (dot, dotIsRoot) = (value, false) }
        return try walk(branch.body)
    }

    private mutating func walkRange(_ branch: TemplateBranch) throws(Fault) -> Exit {
        var pipeline = branch.pipeline
        pipeline.variables = []
        let entries = try entries(of: try value(of: pipeline), branch.pipeline.place)
        guard !entries.isEmpty else { return try walk(branch.otherwise) }
        let outer = (dot, dotIsRoot)
        let names = branch.pipeline.variables
        for (key, item) in entries {
            try step(branch.pipeline.place)
            let count = variables.count
            (dot, dotIsRoot) = (item, false)
            for (name, value) in zip(names, names.count == 2 ? [key, item] : [item]) {
                set(name, value, assigns: branch.pipeline.assigns)
            }
            let exit = try walk(branch.body)
            variables.removeLast(variables.count - count)
            if case .leave(.break) = exit { break }
        }
        (dot, dotIsRoot) = outer
        return .end
    }

    /// Keys and items: of a list by index, of an object by name in order, of a number the integers below it.
    private func entries(
        of value: TemplateValue, _ place: SourcePlace
    ) throws(Fault) -> [(TemplateValue, TemplateValue)] {
        switch value {
        case .json(.null), .json(.string("")): return []
        case .json(.array(let items)):
            return items.enumerated().map { (.json(.number(Double($0.offset))), .json($0.element)) }
        case .json(.object(let members)):
            return members.sorted { $0.key < $1.key }.map { (.string($0.key), .json($0.value)) }
        case .json(.number(let number)):
            guard let count = Int(exactly: number), count <= Self.stepsMax else { fallthrough }
            return (0..<max(0, count)).map { (.json(.number(Double($0))), .json(.number(Double($0)))) }
        default: throw fault("template.kind", "range goes over a list or an object, not over \(value.kind)", place)
        }
    }

    // MARK: Values

    mutating func value(of pipeline: TemplatePipeline) throws(Fault) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands { value = try run(command, piped: value) }
        let result = value ?? .nothing
        for name in pipeline.variables { set(name, result, assigns: pipeline.assigns) }
        return result
    }

    private mutating func set(_ name: String, _ value: TemplateValue, assigns: Bool) {
        if assigns, let index = variables.lastIndex(where: { $0.name == name }) {
            variables[index].value = value
        } else {
            variables.append((name, value))
        }
    }

    private mutating func run(_ command: TemplateCommand, piped: TemplateValue?) throws(Fault) -> TemplateValue {
        try step(command.place)
        guard let function = command.function else { return try evaluate(command.operands[0]) }
        if let decides = function.decides { return try shortCut(command, piped, decides) }
        var arguments: [TemplateValue] = []
        for operand in command.operands { arguments.append(try evaluate(operand)) }
        if let piped { arguments.append(piped) }
        if function.readsKeys, let container = arguments.first {
            return try index(container, arguments.dropFirst(), command.place)
        }
        let value: TemplateValue
        do throws(Fault) {
            value = try function.body(arguments, command.pattern)
        } catch {
            throw Fault(error.code, "\(command.place): \(function.name): \(error.message)", hint: error.hint)
        }
        if let text = value.string, text.utf8.count > Self.outputBytesMax {
            throw fault("template.large", "\(function.name) makes more than 64 KiB of text", command.place)
        }
        return value
    }

    /// `and` and `or`: the first argument whose truth decides, or the last; what stands behind it is not evaluated.
    private mutating func shortCut(
        _ command: TemplateCommand, _ piped: TemplateValue?, _ decides: Bool
    ) throws(Fault) -> TemplateValue {
        var value = TemplateValue.nothing
        for operand in command.operands {
            value = try evaluate(operand)
            if value.isTrue == decides { return value }
        }
        return piped ?? value
    }

    private mutating func evaluate(_ operand: TemplateOperand) throws(Fault) -> TemplateValue {
        switch operand {
        case .literal(let value): return value
        case .call(let command): return try run(command, piped: nil)
        case .group(let pipeline, let fields, let place):
            return try read(fields[...], of: try value(of: pipeline), "(…)", place)
        case .dot(let fields, let place):
            return dotIsRoot ? try readRoot(fields, place) : try read(fields[...], of: dot, ".", place)
        case .variable("", let fields, let place): return try readRoot(fields, place)
        case .variable(let name, let fields, let place):
            if let own = variables.last(where: { $0.name == name }) {
                return try read(fields[...], of: own.value, "$\(name)", place)
            }
            return try read(fields[...], of: try variable(name, place), "$\(name)", place)
        }
    }

    private func variable(_ name: String, _ place: SourcePlace) throws(Fault) -> TemplateValue {
        guard let value = scope.variables[name] else {
            let names = scope.variables.keys.sorted()
            throw fault(
                "template.missing", "there is no $\(name) here\(hint(name, names.map { "$" + $0 }, "there are"))", place
            )
        }
        if name == "value", case .number(let number) = value { return .float(number) }
        return .json(value)
    }

    private func readRoot(_ fields: [String], _ place: SourcePlace) throws(Fault) -> TemplateValue {
        guard let first = fields.first else { return .json(scope.dot) }
        if scope.dot[first] == nil {
            let name = TemplateScope.variableName(ofField: first)
            if scope.variables[name] != nil {
                return try read(fields.dropFirst(), of: try variable(name, place), ".\(first)", place)
            }
        }
        return try read(fields[...], of: .json(scope.dot), "", place)
    }

    private func read(
        _ fields: ArraySlice<String>, of value: TemplateValue, _ path: String, _ place: SourcePlace
    ) throws(Fault) -> TemplateValue {
        var value = value
        var path = path == "." ? "" : path
        for field in fields {
            value = try member(field, of: value, path.isEmpty ? "the root" : path, place)
            path += ".\(field)"
        }
        return value
    }

    private func member(
        _ name: String, of value: TemplateValue, _ path: String, _ place: SourcePlace
    ) throws(Fault) -> TemplateValue {
        switch value {
        case .json(.object(let members)):
            if let member = members[name] { return .json(member) }
            if scope.missing == .empty { return .string("") }
            let names = members.keys.sorted()
            throw fault("template.missing", "\(path) has no \(excerpt(name))\(hint(name, names, "it has"))", place)
        case .json(.null) where scope.missing == .empty, .json(.string("")) where scope.missing == .empty:
            return .string("")
        case .time(let time):
            if let part = time.goPart(name) { return .json(.number(Double(part))) }
            throw fault(
                "template.missing",
                "\"\(name)\" of a time is not in this version; there are Year, Month, Day, Hour, Minute, Second and Unix",
                place)
        default:
            throw fault("template.kind", "\(path) is \(value.kind) and has no \(excerpt(name))", place)
        }
    }

    /// `index X k…`: fields by name, items by number.
    private func index(
        _ value: TemplateValue, _ keys: ArraySlice<TemplateValue>, _ place: SourcePlace
    ) throws(Fault) -> TemplateValue {
        var value = value
        var path = "what index reads"
        for key in keys {
            switch (value, key) {
            case (.json(.array(let items)), _) where key.number != nil:
                guard let number = key.number.flatMap({ Int(exactly: $0) }), items.indices.contains(number) else {
                    throw fault("template.missing", "\(path) has \(items.count) items and none at \(key.shown)", place)
                }
                value = .json(items[number])
            case (_, .json(.string(let name))): value = try member(name, of: value, path, place)
            default:
                throw fault("template.kind", "\(path) is \(value.kind) and has nothing at \(key.shown)", place)
            }
            path += ".\(key.shown)"
        }
        return value
    }

    // MARK: Bounds and faults

    private mutating func step(_ place: SourcePlace) throws(Fault) {
        steps += 1
        guard steps <= Self.stepsMax else {
            throw fault("template.steps", "the template takes more than \(Self.stepsMax) steps", place)
        }
    }

    /// The nearest name, or the first ones where none is near.
    private func hint(_ name: String, _ names: [String], _ verb: String) -> String {
        let near = suggestion(name, among: names)
        if !near.isEmpty || names.isEmpty { return near }
        return "; \(verb) \(names.prefix(12).joined(separator: ", "))\(names.count > 12 ? " …" : "")"
    }

    private func fault(_ code: String, _ message: String, _ place: SourcePlace?) -> Fault {
        Fault(code, place.map { "\($0): \(message)" } ?? message)
    }
}
