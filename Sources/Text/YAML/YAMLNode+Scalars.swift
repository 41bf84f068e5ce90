public import Model

/// Scalars of the types that a schema asks for. `what` begins the sentence of a problem: `WHAT needs a duration …`.
extension YAMLNode {
    /// Any text but nothing at all; `""` is text.
    public func string(_ problems: Problems, _ what: String) -> String? {
        scalar(problems, what, "text") { $0 }
    }

    public func bool(_ problems: Problems, _ what: String) -> Bool? {
        scalar(problems, what, "true or false") { ["true": true, "false": false][$0] }
    }

    /// Prometheus' literal; never negative.
    public func duration(_ problems: Problems, _ what: String) -> Duration? {
        scalar(problems, what, "a duration such as 30s or 1h30m") { Duration(parsing: $0) }
    }

    public func size(_ problems: Problems, _ what: String) -> ByteSize? {
        scalar(problems, what, "a size such as 64KiB or 200MiB") { ByteSize(parsing: $0) }
    }

    /// A finite decimal number: `4`, `-0.5`, `2e8`.
    public func number(_ problems: Problems, _ what: String) -> Double? {
        scalar(problems, what, "a number") { text in
            guard text.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }) else {
                return nil
            }
            return Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// A whole decimal number of the range.
    public func integer(_ problems: Problems, _ what: String, in range: ClosedRange<Int>) -> Int? {
        let bounds =
            switch (range.lowerBound, range.upperBound) {
            case (.min, .max): ""
            case (let low, .max): ", at least \(low)"
            case (.min, let high): ", at most \(high)"
            case (let low, let high): " from \(low) to \(high)"
            }
        return scalar(problems, what, "a whole number\(bounds)") { text in
            guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 }) else { return nil }
            return Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// One of the words of an enumeration.
    public func choice<E: RawRepresentable & CaseIterable>(_ problems: Problems, _ what: String, as type: E.Type) -> E?
    where E.RawValue == String {
        let words = E.allCases.map(\.rawValue)
        let near = text.map { suggestion($0, among: words) } ?? ""
        return scalar(problems, what, listing(words), hint: near) { E(rawValue: $0) }
    }

    /// The nodes of a list of scalars, or of one scalar as a list of one; each text.
    public func strings(_ problems: Problems, _ what: String) -> [String]? {
        guard case .sequence(let items) = content else {
            return scalar(problems, what, "text or a list of texts") { [$0] }
        }
        let texts = items.map { $0.string(problems, "an item of \(what)") }
        return texts.contains { $0 == nil } ? nil : texts.compactMap { $0 }
    }

    private func scalar<T>(
        _ problems: Problems, _ what: String, _ expected: String, hint: String = "", _ convert: (String) -> T?
    ) -> T? {
        guard let text, !isNull else {
            problems.add(place, "\(what) needs \(expected), not \(kind)")
            return nil
        }
        guard let value = convert(text) else {
            problems.add(place, "\(what) needs \(expected), not \(excerpt(text))\(hint)")
            return nil
        }
        return value
    }
}

/// In quotes, on one line, cut where it is long, and harmless to a terminal: control and direction marks are shown as �.
func excerpt(_ text: String) -> String {
    var shown = ""
    for scalar in text.prefix(60).unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control where scalar.properties.isWhitespace: shown += " "
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: shown += "\u{FFFD}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return "\"\(shown)\(text.count > 60 ? "…" : "")\""
}

/// `a, b or c`
func listing(_ words: [String]) -> String {
    words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
}
