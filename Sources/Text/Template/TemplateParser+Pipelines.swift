import Model

extension TemplateParser {
    mutating func closed(_ pipeline: TemplatePipeline) throws(Diagnostic) -> TemplatePipeline {
        try close()
        return pipeline
    }

    mutating func pipeline(ofRange: Bool = false) throws(Diagnostic) -> TemplatePipeline {
        var pipeline = TemplatePipeline(place: places[current.offset], commands: [])
        let sets = try takeVariables(ofRange: ofRange)
        repeat {
            if !pipeline.commands.isEmpty { position += 1 }  // the bar
            pipeline.commands.append(try command(piped: !pipeline.commands.isEmpty))
        } while current.kind == .pipe
        if let sets {
            pipeline.variables = sets.names
            pipeline.assigns = sets.assigns
            if !sets.assigns { declared[declared.count - 1].formUnion(sets.names) }
        }
        return pipeline
    }

    /// `$x :=`, `$x =` or, of a range, `$i, $x :=`; nil, and nothing taken, where the pipeline sets none.
    private mutating func takeVariables(ofRange: Bool) throws(Diagnostic) -> (names: [String], assigns: Bool)? {
        guard case .variable(let first) = current.kind else { return nil }
        var names = [first]
        var ahead = 1
        if next(1).kind == .comma, case .variable(let second) = next(2).kind {
            names.append(second)
            ahead = 3
        }
        let assigns = next(ahead).kind == .assign
        guard assigns || next(ahead).kind == .declare else { return nil }
        if names.count == 2, !ofRange { throw problem(next(1), "only {{ range }} sets two variables") }
        for name in names {
            if name.isEmpty { throw problem(current, "a variable needs a name: $name := …") }
            if assigns, !isDeclared(name) {
                throw problem(
                    current, "\"$\(name)\" is not a variable of this template; set it first with $\(name) := …")
            }
        }
        position += ahead + 1
        return (names, assigns)
    }

    private mutating func command(piped: Bool) throws(Diagnostic) -> TemplateCommand {
        let start = current
        var command = TemplateCommand(place: places[start.offset], operands: [])
        if case .word(let name) = start.kind, !Self.literals.keys.contains(name) {
            position += 1
            command.function = try function(name, start)
        }
        while !endsCommand(current.kind) {
            if position > 0, current.offset != start.offset, !current.afterBlank {
                throw problem(current, "a blank is missing before \(current.shown)")
            }
            command.operands.append(try operand())
        }
        try check(&command, start, piped: piped)
        return command
    }

    private func endsCommand(_ kind: TemplateToken.Kind) -> Bool {
        switch kind {
        case .pipe, .close, .rightParenthesis, .end, .open: true
        default: false
        }
    }

    private mutating func check(_ command: inout TemplateCommand, _ start: TemplateToken, piped: Bool)
        throws(Diagnostic)
    {
        guard let function = command.function else {
            guard !command.operands.isEmpty else {
                throw problem(
                    start,
                    start.kind == .end ? "a value is missing at the end" : "a value is missing before \(start.shown)")
            }
            if piped { throw problem(start, "\(start.shown) cannot take what is piped into it; only a function can") }
            if command.operands.count > 1 {
                throw problem(start, "\(start.shown) is no function and takes no arguments")
            }
            return
        }
        let count = command.operands.count + (piped ? 1 : 0)
        guard function.arguments.contains(count) else {
            let given = count == 1 ? "1 argument" : "\(count) arguments"
            throw problem(start, "\(function.name) is used as \(excerpt(function.usage)), but here it has \(given)")
        }
        if function.takesPattern, case .json(.string(let source))? = command.operands.first?.literal {
            do throws(Fault) {
                command.pattern = try Pattern(source)
            } catch {
                throw problem(start, error.description)
            }
        }
        if function.name == "index" { extendReference(by: command.operands) }
    }

    /// `index $steps "dump" "result"` reads `steps.dump.result`.
    private mutating func extendReference(by operands: [TemplateOperand]) {
        let place: SourcePlace
        switch operands.first {
        case .variable(_, _, let at), .dot(_, let at): place = at
        default: return
        }
        guard let index = references.lastIndex(where: { $0.place == place }) else { return }
        for operand in operands.dropFirst() {
            guard case .json(.string(let key))? = operand.literal else { return }
            references[index].path.append(key)
        }
    }

    private static let literals: [String: TemplateValue] = [
        "true": .json(.bool(true)), "false": .json(.bool(false)), "nil": .json(.null),
    ]

    private func function(_ name: String, _ token: TemplateToken) throws(Diagnostic) -> TemplateFunction {
        if let function = TemplateFunction.all[name] { return function }
        if TemplateFunction.notYet.contains(name) { throw problem(token, "\"\(name)\" is not in this version") }
        if ["if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"].contains(name) {
            throw problem(token, "{{ \(name) }} is an action of its own and cannot stand here")
        }
        if ["labels", "value", "params", "run", "steps", "fields"].contains(name) {
            throw problem(token, "unknown function \"\(name)\"; a variable is written $\(name)")
        }
        throw problem(
            token, "unknown function \"\(name)\"" + suggestion(name, among: TemplateFunction.all.keys.sorted()))
    }

    private mutating func operand() throws(Diagnostic) -> TemplateOperand {
        let token = current
        let at = places[token.offset]
        switch token.kind {
        case .string(let text): return advanced(.literal(.json(.string(text))))
        case .integer(let number): return advanced(.literal(.json(.number(number))))
        case .float(let number): return advanced(.literal(.float(number)))
        case .dot: return advanced(.dot([], at))
        case .field:
            let fields = takeFields(first: true)
            if dotIsRoot { refer([TemplateScope.variableName(ofField: fields[0])] + fields.dropFirst(), at) }
            return .dot(fields, at)
        case .variable(let name):
            position += 1
            let fields = takeFields()
            if name.isEmpty, let first = fields.first {
                refer([TemplateScope.variableName(ofField: first)] + fields.dropFirst(), at)
            } else if !name.isEmpty, !isDeclared(name) {
                refer([name] + fields, at)
            }
            return .variable(name, fields, at)
        case .leftParenthesis:
            try enter(token)
            position += 1
            let pipeline = try pipeline()
            guard current.kind == .rightParenthesis else { throw problem(token, "this parenthesis is never closed") }
            if !pipeline.variables.isEmpty {
                throw Diagnostic(pipeline.place, "a variable cannot be set in parentheses")
            }
            position += 1
            depth -= 1
            return .group(pipeline, takeFields(), at)
        case .word(let name):
            if let literal = Self.literals[name] { return advanced(.literal(literal)) }
            var call = TemplateCommand(place: at, function: try function(name, token), operands: [])
            position += 1
            try check(&call, token, piped: false)
            return .call(call)
        case .text, .open, .close, .pipe, .rightParenthesis, .comma, .declare, .assign, .end: throw unexpected()
        }
    }

    private mutating func advanced(_ operand: TemplateOperand) -> TemplateOperand {
        position += 1
        return operand
    }

    /// The fields that follow without a blank; `first` may follow one.
    private mutating func takeFields(first: Bool = false) -> [String] {
        var fields: [String] = []
        while case .field(let name) = current.kind, !current.afterBlank || (first && fields.isEmpty) {
            fields.append(name)
            position += 1
        }
        return fields
    }

    private mutating func refer(_ path: [String], _ place: SourcePlace) {
        references.append(TemplateReference(path: path, place: place))
    }
}
