public import Model

/// Reads one mapping by its schema; every problem goes to `Problems`, and the reader of that key returns nil.
///
/// A key that is absent, or has no value, is nil without a problem unless it is `required`.
public struct Mapping {
    public let place: SourcePlace
    private let what: String
    private let entries: [String: (key: YAMLNode, value: YAMLNode)]
    private let problems: Problems

    /// Nil, with a problem, where the node is no mapping. `what` names it in sentences: `the rule`, `step "restart"`.
    ///
    /// A key outside `keys` is a problem that suggests the nearest one; a key of `notYet` is refused by name.
    public init?(
        _ node: YAMLNode, _ what: String, keys: [String], notYet: [String] = [], _ problems: Problems
    ) {
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "\(what) needs a mapping (key: value), not \(node.kind)")
            return nil
        }
        var entries: [String: (key: YAMLNode, value: YAMLNode)] = [:]
        for pair in pairs {
            let name = pair.key.text ?? ""
            if keys.contains(name) {
                entries[name] = pair
            } else if notYet.contains(name) {
                problems.add(pair.key.place, "\"\(name)\" is not in this version")
            } else {
                problems.add(pair.key.place, "unknown key \(excerpt(name)) in \(what)\(suggestion(name, among: keys))")
            }
        }
        place = node.place
        self.what = what
        self.entries = entries
        self.problems = problems
    }

    /// The value of a key; nil where it is absent or has none.
    public subscript(key: String) -> YAMLNode? { entries[key].flatMap { $0.value.isNull ? nil : $0.value } }
    public func keyPlace(_ key: String) -> SourcePlace? { entries[key]?.key.place }

    /// The value of a key; reports `WHAT needs "KEY"` where it is absent, `"KEY" is empty` where it has none.
    public func required(_ key: String) -> YAMLNode? {
        guard let entry = entries[key] else {
            problems.add(place, "\(what) needs \"\(key)\"")
            return nil
        }
        guard !entry.value.isNull else {
            problems.add(entry.key.place, "\"\(key)\" of \(what) is empty")
            return nil
        }
        return entry.value
    }

    public func string(_ key: String, required: Bool = false) -> String? {
        value(key, required)?.string(problems, name(key))
    }
    public func bool(_ key: String, required: Bool = false) -> Bool? {
        value(key, required)?.bool(problems, name(key))
    }
    public func duration(_ key: String, required: Bool = false) -> Duration? {
        value(key, required)?.duration(problems, name(key))
    }
    public func size(_ key: String, required: Bool = false) -> ByteSize? {
        value(key, required)?.size(problems, name(key))
    }
    public func number(_ key: String, required: Bool = false) -> Double? {
        value(key, required)?.number(problems, name(key))
    }
    public func integer(_ key: String, in range: ClosedRange<Int>, required: Bool = false) -> Int? {
        value(key, required)?.integer(problems, name(key), in: range)
    }
    public func choice<E: RawRepresentable & CaseIterable>(
        _ key: String, as type: E.Type, required: Bool = false
    ) -> E? where E.RawValue == String {
        value(key, required)?.choice(problems, name(key), as: type)
    }
    /// A list of scalars, or one scalar.
    public func strings(_ key: String, required: Bool = false) -> [String]? {
        value(key, required)?.strings(problems, name(key))
    }

    public func list(_ key: String, required: Bool = false) -> [YAMLNode]? {
        guard let node = value(key, required) else { return nil }
        guard case .sequence(let items) = node.content else {
            problems.add(node.place, "\(name(key)) needs a list, not \(node.kind)")
            return nil
        }
        return items
    }

    /// A mapping of names that the author chose, such as `labels`, to scalars, in the file's order.
    public func stringMap(_ key: String, required: Bool = false) -> [(name: YAMLNode, value: YAMLNode)]? {
        guard let node = value(key, required) else { return nil }
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "\(name(key)) needs a mapping of names to text, not \(node.kind)")
            return nil
        }
        var complete = true
        for pair in pairs where pair.value.text == nil {
            problems.add(
                pair.value.place, "\(excerpt(pair.key.text ?? "")) in \(name(key)) needs text, not \(pair.value.kind)")
            complete = false
        }
        return complete ? pairs.map { (name: $0.key, value: $0.value) } : nil
    }

    private func value(_ key: String, _ required: Bool) -> YAMLNode? { required ? self.required(key) : self[key] }
    private func name(_ key: String) -> String { "\"\(key)\"" }
}
