/// A set of label names and values, sorted by name, as Prometheus identifies a series or an alert.
///
/// An empty value means that the label is absent, so it is never stored. Comparison and hashing cover all pairs.
public struct Labels: Hashable, Sendable {
    public struct Pair: Hashable, Sendable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The pairs in ascending byte order of their names; no name occurs twice and no value is empty.
    public private(set) var pairs: [Pair]

    public init() { pairs = [] }

    /// A later pair of the same name replaces an earlier one.
    public init(_ unsorted: some Sequence<(String, String)>) {
        var values: [String: String] = [:]
        for (name, value) in unsorted { values[name] = value }
        self.init(values)
    }

    public init(_ values: [String: String]) {
        pairs =
            values
            .filter { !$0.value.isEmpty }
            .map { Pair(name: $0.key, value: $0.value) }
            .sorted { Self.precedes($0.name, $1.name) }
    }

    public var isEmpty: Bool { pairs.isEmpty }
    public var count: Int { pairs.count }
    public var names: [String] { pairs.map(\.name) }
    public var dictionary: [String: String] {
        Dictionary(uniqueKeysWithValues: pairs.map { ($0.name, $0.value) })
    }

    /// The value of a label; reading an absent one gives nil, writing nil or "" removes it.
    public subscript(name: String) -> String? {
        get {
            let index = lowerBound(of: name)
            return index < pairs.count && pairs[index].name == name ? pairs[index].value : nil
        }
        set {
            let index = lowerBound(of: name)
            let exists = index < pairs.count && pairs[index].name == name
            switch (exists, newValue) {
            case (true, nil), (true, ""): pairs.remove(at: index)
            case (true, let value?): pairs[index] = Pair(name: name, value: value)
            case (false, nil), (false, ""): break
            case (false, let value?): pairs.insert(Pair(name: name, value: value), at: index)
            }
        }
    }

    /// The pairs whose names satisfy the predicate.
    public func filter(_ includes: (String) -> Bool) -> Labels {
        var copy = self
        copy.pairs.removeAll { !includes($0.name) }
        return copy
    }

    /// Both sets; where both have a name, `other` wins.
    public func merging(_ other: Labels) -> Labels {
        var copy = self
        for pair in other.pairs { copy[pair.name] = pair.value }
        return copy
    }

    private func lowerBound(of name: String) -> Int {
        var low = 0
        var high = pairs.count
        while low < high {
            let middle = (low + high) / 2
            if Self.precedes(pairs[middle].name, name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension Labels: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}

extension Labels: Comparable {
    public static func < (left: Labels, right: Labels) -> Bool {
        for (one, other) in zip(left.pairs, right.pairs) where one != other {
            return one.name == other.name ? precedes(one.value, other.value) : precedes(one.name, other.name)
        }
        return left.count < right.count
    }
}

extension Labels: CustomStringConvertible {
    /// The Prometheus notation: `{a="b", c="d"}`, with `\`, `"` and line feeds escaped.
    public var description: String {
        "{" + pairs.map { "\($0.name)=\($0.value.quotedForPrometheus)" }.joined(separator: ", ") + "}"
    }
}

extension Labels: Codable {
    public init(from decoder: any Decoder) throws { self.init(try [String: String](from: decoder)) }
    public func encode(to encoder: any Encoder) throws { try dictionary.encode(to: encoder) }
}

extension String {
    /// In double quotes, with `\`, `"` and line feeds escaped as in a Prometheus exposition.
    public var quotedForPrometheus: String {
        var out = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
