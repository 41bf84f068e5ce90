import Model

extension TestCase {
    /// The relative difference that rounding may make.
    private static let tolerance = 0.000_001

    func problem(notes result: QueryResult) -> String? {
        problem(result.warnings, expected: warnings, none: noWarnings, "warning")
            ?? problem(result.infos, expected: infos, none: noInfos, "info")
    }

    private func problem(_ notes: [String], expected: [Message], none: Bool, _ kind: String) -> String? {
        if none, let note = notes.first { return "unexpected \(kind): \(note)" }
        guard !expected.isEmpty else { return nil }
        guard !notes.isEmpty else { return "no \(kind)" }
        guard expected.allSatisfy({ message in notes.contains(where: message.fits) }),
            notes.allSatisfy({ note in expected.contains { $0.fits(note) } })
        else { return "another \(kind): \(notes.joined(separator: "; "))" }
        return nil
    }

    func problem(instant value: QueryValue) -> String? {
        switch value {
        case .scalar(let number):
            guard let scalar else { return "gave a scalar" }
            return Self.equal(number, scalar) ? nil : "expected \(scalar), got \(number)"
        case .string(let text):
            guard let string else { return "gave a string" }
            return text == string ? nil : "expected \"\(string)\", got \"\(text)\""
        case .vector(let elements):
            guard scalar == nil, string == nil else { return "gave an instant vector" }
            return problem(vector: elements)
        case .matrix:
            guard let rangeVector else { return "gave a range vector" }
            return problem(
                matrix: value, from: rangeVector.from, through: rangeVector.through, step: rangeVector.step)
        }
    }

    private func problem(vector elements: [VectorElement]) -> String? {
        for (position, element) in elements.enumerated() {
            guard let index = series.lastIndex(where: { $0.labels == element.labels }) else {
                return "unexpected \(element.labels) \(element.value)"
            }
            if isOrdered, index != position { return "\(element.labels) is at place \(position + 1), not \(index + 1)" }
            guard case .number(let expected)? = series[index].values.first, series[index].values.count == 1 else {
                return "\(element.labels) must expect one number"
            }
            guard Self.equal(element.value, expected) else {
                return "\(element.labels): expected \(expected), got \(element.value)"
            }
        }
        let found = Set(elements.map(\.labels))
        return series.first { !found.contains($0.labels) }.map { "\($0.labels) is missing" }
    }

    func problem(matrix value: QueryValue, from: Duration, through: Duration, step: Duration) -> String? {
        guard case .matrix(let results) = value, scalar == nil else { return "gave no series of values" }
        for result in results {
            guard let expected = series.last(where: { $0.labels == result.labels }) else {
                return "unexpected \(result.labels)"
            }
            let samples = expected.samples(from: from.milliseconds, every: step)
            guard samples.allSatisfy({ $0.milliseconds <= through.milliseconds }) else {
                return "\(result.labels) expects more values than there are steps"
            }
            let same =
                samples.count == result.samples.count
                && zip(samples, result.samples).allSatisfy {
                    $0.milliseconds == $1.milliseconds && Self.equal($0.value, $1.value)
                }
            if !same { return "\(result.labels): expected \(Self.text(samples)), got \(Self.text(result.samples))" }
        }
        let found = Set(results.map(\.labels))
        return series.first { !found.contains($0.labels) }.map { "\($0.labels) is missing" }
    }

    private static func equal(_ one: Double, _ other: Double) -> Bool {
        Numbers.almostEqual(one, other, tolerance: tolerance)
    }

    private static func text(_ samples: [Sample]) -> String {
        samples.map { "\($0.value)@\($0.milliseconds)" }.joined(separator: " ")
    }
}
