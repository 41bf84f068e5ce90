import Model

/// Builds the syntax tree from tokens, and collects which names the template reads.
struct TemplateParser {
    static let depthMax = 64

    private let tokens: [TemplateToken]
    private let places: TemplatePlaces
    private var position = 0
    private var depth = 0
    private var rangeDepth = 0
    /// The template's own variables, by block.
    private var declared: [Set<String>] = [[]]
    /// `.` is the scope's, not the value of a `range` or `with`.
    private var dotIsRoot = true
    private(set) var references: [TemplateReference] = []

    /// The tokens must end with `.end`.
    init(_ tokens: [TemplateToken], _ places: TemplatePlaces) {
        self.tokens = tokens
        self.places = places
    }

    mutating func template() throws(Diagnostic) -> [TemplateNode] {
        let nodes = try nodes()
        guard current.kind == .end else {
            throw problem(
                next(1),
                "{{ \(next(1).kind == .word("end") ? "end" : "else") }} stands without an {{ if }}, {{ with }} or {{ range }}"
            )
        }
        return nodes
    }

    mutating func pipelineAlone() throws(Diagnostic) -> TemplatePipeline {
        let pipeline = try pipeline()
        guard current.kind == .end else { throw unexpected() }
        if !pipeline.variables.isEmpty { throw Diagnostic(pipeline.place, "a condition sets no variables") }
        return pipeline
    }

    // MARK: Blocks

    /// Nodes up to the end, an `{{ end }}` or an `{{ else }}`, which stay.
    private mutating func nodes() throws(Diagnostic) -> [TemplateNode] {
        var nodes: [TemplateNode] = []
        while true {
            switch current.kind {
            case .text(let text):
                position += 1
                nodes.append(.text(text))
            case .open:
                if [.word("end"), .word("else")].contains(next(1).kind) { return nodes }
                position += 1
                nodes.append(try action())
            default: return nodes
            }
        }
    }

    /// An action behind its opening braces.
    private mutating func action() throws(Diagnostic) -> TemplateNode {
        let start = current
        guard case .word(let word) = start.kind else { return .output(try closed(pipeline())) }
        switch word {
        case "if", "with", "range":
            position += 1
            return .branch(try branch(TemplateBranch.Kind(rawValue: word) ?? .if, start))
        case "break", "continue":
            guard rangeDepth > 0 else { throw problem(start, "{{ \(word) }} stands outside of any {{ range }}") }
            position += 1
            try close()
            return .leave(word == "break" ? .break : .continue)
        case "define", "template", "block":
            throw problem(start, "\"\(word)\" is not in this version")
        default: return .output(try closed(pipeline()))
        }
    }

    /// What stands behind `if`, `with` or `range`, the `{{ end }}` included.
    private mutating func branch(_ kind: TemplateBranch.Kind, _ start: TemplateToken) throws(Diagnostic)
        -> TemplateBranch
    {
        try enter(start)
        declared.append([])
        defer {
            depth -= 1
            declared.removeLast()
        }
        let pipeline = try closed(pipeline(ofRange: kind == .range))
        let outerDot = dotIsRoot
        if kind != .if { dotIsRoot = false }
        rangeDepth += kind == .range ? 1 : 0
        let body = try block()
        rangeDepth -= kind == .range ? 1 : 0
        dotIsRoot = outerDot
        var branch = TemplateBranch(kind: kind, pipeline: pipeline, body: body, otherwise: [])
        if current.kind == .open, next(1).kind == .word("else") {
            position += 2
            let word = current
            if [.word("if"), .word("with")].contains(word.kind) {
                position += 1
                branch.otherwise = [.branch(try self.branch(word.kind == .word("if") ? .if : .with, start))]
                return branch
            }
            try close()
            branch.otherwise = try block()
        }
        try end(of: kind, start)
        return branch
    }

    private mutating func block() throws(Diagnostic) -> [TemplateNode] {
        declared.append([])
        defer { declared.removeLast() }
        return try nodes()
    }

    private mutating func end(of kind: TemplateBranch.Kind, _ start: TemplateToken) throws(Diagnostic) {
        guard current.kind == .open else {
            throw problem(start, "this {{ \(kind.rawValue) }} is never ended; add {{ end }}")
        }
        guard next(1).kind == .word("end") else {
            throw problem(next(1), "this {{ \(kind.rawValue) }} has an {{ else }} already")
        }
        position += 2
        try close()
    }

    // MARK: Pipelines

    private mutating func closed(_ pipeline: TemplatePipeline) throws(Diagnostic) -> TemplatePipeline {
        try close()
        return pipeline
    }

    private mutating func pipeline(ofRange: Bool = false) throws(Diagnostic) -> TemplatePipeline {
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
            throw problem(
                start,
                "\(function.name) is used as \(excerpt(function.usage)), but here it has \(count) \(count == 1 ? "argument" : "arguments")"
            )
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

    // MARK: Tokens

    private var current: TemplateToken { tokens[position] }
    private func next(_ distance: Int) -> TemplateToken { tokens[min(position + distance, tokens.count - 1)] }
    private func isDeclared(_ name: String) -> Bool { declared.contains { $0.contains(name) } }

    private mutating func close() throws(Diagnostic) {
        guard current.kind == .close else { throw unexpected() }
        position += 1
    }

    private mutating func enter(_ token: TemplateToken) throws(Diagnostic) {
        depth += 1
        guard depth <= Self.depthMax else {
            throw problem(token, "the template is nested deeper than \(Self.depthMax)")
        }
    }

    private func unexpected() -> Diagnostic { problem(current, "\(current.shown) cannot stand here") }
    private func problem(_ token: TemplateToken, _ message: String) -> Diagnostic {
        Diagnostic(places[token.offset], message)
    }
}
