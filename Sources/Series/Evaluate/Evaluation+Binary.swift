import Glibc
import Model

extension Binary.Operation {
    /// Of two numbers; a comparison gives 1 or 0.
    func applied(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .plus: left + right
        case .minus: left - right
        case .times: left * right
        case .divide: left / right
        case .modulo: fmod(left, right)
        case .power: pow(left, right)
        case .atan2: Glibc.atan2(left, right)
        case .same: left == right ? 1 : 0
        case .notEqual: left != right ? 1 : 0
        case .less: left < right ? 1 : 0
        case .lessOrEqual: left <= right ? 1 : 0
        case .greater: left > right ? 1 : 0
        case .greaterOrEqual: left >= right ? 1 : 0
        case .and, .or, .unless, .trimUpper, .trimLower: .nan
        }
    }
}

extension Evaluation {
    func binary(_ binary: Binary, at time: Int64) throws(Fault) -> [Element] {
        if binary.left.type == .scalar {
            let left = try scalar(binary.left, at: time)
            return try withScalar(binary, vector(binary.right, at: time)) { (left, $0) }
        }
        if binary.right.type == .scalar {
            let elements = try vector(binary.left, at: time)
            let right = try scalar(binary.right, at: time)
            return withScalar(binary, elements) { ($0, right) }
        }
        let left = try vector(binary.left, at: time)
        let right = try vector(binary.right, at: time)
        return binary.operation.isSet ? set(binary, left, right) : try matched(binary, left, right)
    }

    /// A comparison keeps the elements for which it holds, unchanged; anything else changes values and drops names.
    private func withScalar(
        _ binary: Binary, _ elements: [Element], _ sides: (Double) -> (Double, Double)
    ) -> [Element] {
        let filters = binary.operation.isComparison && !binary.returnsBool
        return elements.compactMap { element -> Element? in
            let (left, right) = sides(element.value)
            let result = binary.operation.applied(left, right)
            return filters ? (result == 1 ? element : nil) : element.changed(to: result)
        }
    }

    // MARK: - Sets

    private func set(_ binary: Binary, _ left: [Element], _ right: [Element]) -> [Element] {
        let signature = binary.matching.signature
        switch binary.operation {
        case .or:
            let known = Set(left.map { signature($0.labels) })
            return left + right.filter { !known.contains(signature($0.labels)) }
        default:
            let known = Set(right.map { signature($0.labels) })
            return left.filter { known.contains(signature($0.labels)) == (binary.operation == .and) }
        }
    }

    // MARK: - Matching

    private func matched(
        _ binary: Binary, _ left: [Element], _ right: [Element]
    ) throws(Fault) -> [Element] {
        guard !left.isEmpty, !right.isEmpty else { return [] }
        let matching = binary.matching
        let swapped = matching.cardinality == .oneToMany
        let (many, one) = swapped ? (right, left) : (left, right)
        let partners = try partners(one, matching, side: swapped ? "left" : "right")
        var results: [Element] = []
        var seen: Set<[Labels]> = []
        for element in many {
            let signature = matching.signature(element.labels)
            guard let partner = partners[signature] else { continue }
            let (first, second) = swapped ? (partner.value, element.value) : (element.value, partner.value)
            let result = binary.operation.applied(first, second)
            let labels = binary.resultLabels(of: element.labels, with: partner.labels)
            if matching.cardinality == .oneToOne {
                guard seen.insert([signature]).inserted else {
                    throw Fault(
                        "query.matching",
                        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
                }
            } else if !seen.insert([signature, labels]).inserted {
                throw Fault(
                    "query.matching", "multiple matches for labels: grouping labels must ensure unique matches")
            }
            let filters = binary.operation.isComparison && !binary.returnsBool
            if filters, result != 1 { continue }
            // A comparison that filters gives the left side's value.
            results.append(
                Element(labels: labels, value: filters ? first : result, dropsName: binary.returnsBool))
        }
        return results
    }

    /// The one side by signature; two of one signature are many-to-many, which no operator but a set's takes.
    private func partners(
        _ one: [Element], _ matching: Binary.Matching, side: String
    ) throws(Fault) -> [Labels: Element] {
        var partners: [Labels: Element] = [:]
        for element in one {
            let signature = matching.signature(element.labels)
            if let other = partners.updateValue(element, forKey: signature) {
                let pair = [element.labels.description, other.labels.description].sorted().joined(separator: ", ")
                throw Fault(
                    "query.matching",
                    "found duplicate series for the match group \(signature) on the \(side) hand-side of the "
                        + "operation: [\(pair)];many-to-many matching not allowed: matching labels must be unique "
                        + "on one side"
                )
            }
        }
        return partners
    }
}

extension Binary.Matching {
    /// The labels by which series of both sides belong together.
    func signature(_ all: Labels) -> Labels {
        isOn ? all.filter { labels.contains($0) } : all.filter { $0 != "__name__" && !labels.contains($0) }
    }
}

extension Binary {
    /// `many` is the side that may have several partners of one.
    fileprivate func resultLabels(of many: Labels, with one: Labels) -> Labels {
        var result = operation.isComparison ? many : many.withoutMetadata
        if matching.cardinality == .oneToOne {
            result = result.filter { matching.labels.contains($0) == matching.isOn }
        }
        for name in matching.included { result[name] = one[name] }
        return result
    }
}
