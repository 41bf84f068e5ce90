public import Model
import Text

extension Role {
    /// Reads `runbooks/roles/NAME.md`: front matter in YAML between two lines `---`, then the prompt.
    ///
    /// Throws every problem with its place in the file. A role that reads raw text may have no tools: whoever reads
    /// what a stranger wrote decides nothing.
    public static func parse(_ text: String, file: String) throws(Diagnostics) -> Role {
        let parts = try FrontMatter(text, file: file)
        let problems = Problems()
        guard
            let front = Mapping(
                parts.front, "the role", keys: ["role", "description", "tools", "material", "budget", "result"],
                problems)
        else { throw Diagnostics(problems.all) }
        let name = front.string("role", required: true)
        if let name, !isName(name), let place = front["role"]?.place {
            problems.add(place, "a role's name holds lower-case letters, digits and hyphens, not \(quoted(name))")
        }
        let description = front.string("description", required: true)
        let tools = tools(front, problems)
        let material = material(front, tools: tools, problems)
        let budget = front.required("budget").flatMap { Budget.read($0, problems) }
        let result = front.required("result").flatMap { schema($0, problems) }
        let prompt = prompt(parts.prompt, at: parts.promptPlace, problems)
        try problems.throwIfAny()
        guard let name, let description, let budget, let result, let prompt else {
            throw Diagnostics([Diagnostic(parts.front.place, "the role cannot be read")])
        }
        return Role(
            name: name, description: description, tools: tools, material: material, budget: budget, result: result,
            prompt: prompt, digest: Digest.sha256(text.utf8))
    }

    /// What a role, a tool and a step may be called, here and by every vendor.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    private static func tools(_ front: Mapping, _ problems: Problems) -> [String] {
        var seen: Set<String> = []
        let tools = front.strings("tools") ?? []
        for tool in tools {
            guard let place = front["tools"]?.place else { continue }
            if !isName(tool) { problems.add(place, "\(quoted(tool)) is no tool's name") }
            if tool == finish { problems.add(place, "\"\(finish)\" is every role's tool and is not listed") }
            if !seen.insert(tool).inserted { problems.add(place, "the tool \(quoted(tool)) is listed twice") }
        }
        return tools
    }

    private static func material(_ front: Mapping, tools: [String], _ problems: Problems) -> [Material] {
        guard let node = front["material"] else { return [] }
        let items: [YAMLNode] = if case .sequence(let items) = node.content { items } else { [node] }
        let material = items.compactMap { $0.choice(problems, "\"material\"", as: Material.self) }
        if !material.isEmpty, !tools.isEmpty {
            problems.add(node.place, "a role that reads raw text (\"material\") may have no \"tools\"")
        }
        return material
    }

    private static func schema(_ node: YAMLNode, _ problems: Problems) -> JSONSchema? {
        do throws(JSONProblems) {
            let schema = try JSONSchema(node.json)
            if schema.kinds != [.object] { problems.add(node.place, "a role's result is an object: type: object") }
            return schema
        } catch {
            for problem in error.all { problems.add(node.place(of: problem.path), problem.message) }
            return nil
        }
    }

    private static func prompt(_ text: String, at place: SourcePlace, _ problems: Problems) -> Template? {
        guard text.contains(where: { !$0.isWhitespace }) else {
            problems.add(place, "the role has no prompt; write it below the second \"---\"")
            return nil
        }
        do throws(Diagnostic) {
            let template = try Template(parsing: text, at: place)
            for read in template.reads where !variables.contains(read.path.first ?? "") {
                problems.add(read.place, "a prompt may read $inputs and $incident, not \(read.text)")
            }
            return template
        } catch {
            problems.add(error)
            return nil
        }
    }
}

extension Role.Budget {
    public static let turnsMax = 200
    static let tokensMax = 50_000_000

    fileprivate static func read(_ node: YAMLNode, _ problems: Problems) -> Self? {
        guard let budget = Mapping(node, "\"budget\"", keys: ["turns", "tokens", "cost", "wall"], problems) else {
            return nil
        }
        let turns = budget.integer("turns", in: 1...turnsMax, required: true)
        let tokens = budget.integer("tokens", in: 1...tokensMax, required: true)
        let wall = budget.duration("wall", required: true)
        if wall == .zero { problems.add(node.place, "\"wall\" needs some time; zero is not unlimited") }
        let written = budget.string("cost", required: true)
        let cost = written.flatMap { Money(parsing: $0) }
        if let written, cost == nil, let place = budget["cost"]?.place {
            problems.add(place, "\"cost\" needs an amount such as 0.50 USD, not \(quoted(written))")
        }
        guard let turns, let tokens, let wall, let cost else { return nil }
        return Self(turns: turns, tokens: tokens, cost: cost, wall: wall)
    }
}
