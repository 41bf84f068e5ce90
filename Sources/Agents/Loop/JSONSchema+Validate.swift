public import Model
import Text

extension JSONSchema {
    /// What does not fit, in the order of the value, names sorted; empty where it fits. At most twenty are told.
    public func validate(_ value: JSONValue) -> [JSONProblem] {
        var problems: [JSONProblem] = []
        collect(value, [], &problems)
        return problems
    }

    private static let problemsMax = 20

    private func collect(_ value: JSONValue, _ path: [String], _ problems: inout [JSONProblem]) {
        guard problems.count < Self.problemsMax else { return }
        func add(_ message: String, at name: String? = nil) {
            if problems.count < Self.problemsMax {
                problems.append(JSONProblem(path + (name.map { [$0] } ?? []), message))
            }
        }
        guard kinds.isEmpty || kinds.contains(where: { $0.holds(value) }) else {
            return add("needs \(kinds.map(\.name).joined(separator: " or ")), not \(value.kindName)")
        }
        if let values, !values.contains(value) {
            add("needs \(values.map(Self.brief).joined(separator: ", ")), not \(Self.brief(value))")
        }
        switch value {
        case .null, .bool: break
        case .number(let number):
            if let least = range.least, number < least { add("needs at least \(shown(least))") }
            if let most = range.most, number > most { add("needs at most \(shown(most))") }
        case .string(let text):
            let size = Double(text.unicodeScalars.count)
            if let least = length.least, size < least { add("needs at least \(shown(least)) characters") }
            if let most = length.most, size > most { add("may have at most \(shown(most)) characters") }
            if let pattern, !pattern.matches(text) { add("does not match the pattern \(pattern.source)") }
        case .array(let elements):
            let size = Double(elements.count)
            if let least = count.least, size < least { add("needs at least \(shown(least)) items") }
            if let most = count.most, size > most { add("may have at most \(shown(most)) items") }
            guard let schema = items.first else { return }
            for (index, element) in elements.enumerated() where problems.count < Self.problemsMax {
                schema.collect(element, path + ["\(index)"], &problems)
            }
        case .object(let members):
            for name in required where members[name] == nil { add("is missing", at: name) }
            for name in members.keys.sorted() {
                if let schema = properties[name], let member = members[name] {
                    schema.collect(member, path + [name], &problems)
                } else if isClosed {
                    let near = nearest(name, among: properties.keys.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
                    add("has the unknown name \(quoted(name))\(near)")
                }
            }
        }
    }

    private static func brief(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .number(let number): shown(number)
        case .bool(let bool): "\(bool)"
        case .null: "null"
        case .array, .object: value.kindName
        }
    }
}

extension JSONSchema.Kind {
    func holds(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.object, .object), (.array, .array), (.string, .string), (.number, .number), (.boolean, .bool),
            (.null, .null):
            true
        case (.integer, .number(let number)): number == number.rounded() && abs(number) <= 9_007_199_254_740_992
        default: false
        }
    }

    /// For a sentence.
    var name: String {
        switch self {
        case .object: "an object"
        case .array: "a list"
        case .string: "text"
        case .number: "a number"
        case .integer: "a whole number"
        case .boolean: "true or false"
        case .null: "null"
        }
    }
}
