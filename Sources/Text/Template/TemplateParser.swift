import Model

/// Builds the syntax tree from tokens, and collects which names the template reads.
struct TemplateParser {
    static let depthMax = 64

    let tokens: [TemplateToken]
    let places: TemplatePlaces
    var position = 0
    var depth = 0
    private var rangeDepth = 0
    /// The template's own variables, by block.
    var declared: [Set<String>] = [[]]
    /// `.` is the scope's, not the value of a `range` or `with`.
    var dotIsRoot = true
    var references: [TemplateReference] = []

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

    // MARK: Tokens

    var current: TemplateToken { tokens[position] }
    func next(_ distance: Int) -> TemplateToken { tokens[min(position + distance, tokens.count - 1)] }
    func isDeclared(_ name: String) -> Bool { declared.contains { $0.contains(name) } }

    mutating func close() throws(Diagnostic) {
        guard current.kind == .close else { throw unexpected() }
        position += 1
    }

    mutating func enter(_ token: TemplateToken) throws(Diagnostic) {
        depth += 1
        guard depth <= Self.depthMax else {
            throw problem(token, "the template is nested deeper than \(Self.depthMax)")
        }
    }

    func unexpected() -> Diagnostic { problem(current, "\(current.shown) cannot stand here") }
    func problem(_ token: TemplateToken, _ message: String) -> Diagnostic {
        Diagnostic(places[token.offset], message)
    }
}
