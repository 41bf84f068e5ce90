import Model

extension Evaluation {
    private struct Group {
        let labels: Labels
        var members: [Element]

        func reduced(to value: Double) -> Element {
            Element(labels: labels, value: value, dropsName: members.contains(where: \.dropsName))
        }
    }

    func aggregate(_ aggregate: Aggregate, at time: Int64) throws(Fault) -> [Element] {
        switch aggregate.operation {
        case .topk, .bottomk: return try extremes(aggregate, at: time)
        case .countValues: return try countValues(aggregate, at: time)
        case .quantile:
            guard let parameter = aggregate.parameter else { return [] }
            let q = try scalar(parameter, at: time)
            notes.checkQuantile(q, parameter.span)
            return try groups(aggregate, at: time).map { group in
                group.reduced(to: Numbers.quantile(q, of: group.members.map(\.value)))
            }
        default:
            return try groups(aggregate, at: time).map { group in
                group.reduced(to: aggregate.operation.reduced(group.members))
            }
        }
    }

    private func groups(_ aggregate: Aggregate, at time: Int64) throws(Fault) -> [Group] {
        var groups: [Group] = []
        var indices: [Labels: Int] = [:]
        for element in try vector(aggregate.inner, at: time) {
            let labels = aggregate.grouping.labels(of: element.labels)
            if let index = indices[labels] {
                groups[index].members.append(element)
            } else {
                indices[labels] = groups.count
                groups.append(Group(labels: labels, members: [element]))
            }
        }
        return groups
    }

    /// The k largest or smallest of each group, in their order; NaN comes last either way.
    private func extremes(_ aggregate: Aggregate, at time: Int64) throws(Fault) -> [Element] {
        guard let parameter = aggregate.parameter else { return [] }
        let k = try scalar(parameter, at: time)
        guard !k.isNaN else { throw Fault("query.parameter", "Parameter value is NaN") }
        guard k < 9.2e18 else {
            throw Fault("query.parameter", "Scalar value \(NumberText.message(k)) overflows int64")
        }
        guard k >= 1 else { return [] }
        let isTop = aggregate.operation == .topk
        return try groups(aggregate, at: time).flatMap { group in
            let sorted = group.members.enumerated().sorted { one, other in
                let (left, right) = (one.element.value, other.element.value)
                if left.isNaN || right.isNaN || left == right {
                    return left.isNaN == right.isNaN ? one.offset < other.offset : right.isNaN
                }
                return isTop ? left > right : left < right
            }
            return sorted.prefix(Int(k)).map(\.element)
        }
    }

    private func countValues(_ aggregate: Aggregate, at time: Int64) throws(Fault) -> [Element] {
        guard case .string(let name, _)? = aggregate.parameter?.unwrapped else { return [] }
        guard name.isValid, !name.value.isEmpty else {
            throw Fault("query.parameter", "invalid label name \(name.source)")
        }
        var counts: [Element] = []
        var indices: [Labels: Int] = [:]
        for element in try vector(aggregate.inner, at: time) {
            var labels = aggregate.grouping.labels(of: element.labels)
            labels[name.value] = NumberText.plain(element.value)
            if let index = indices[labels] {
                counts[index].value += 1
            } else {
                indices[labels] = counts.count
                counts.append(Element(labels: labels, value: 1))
            }
        }
        return counts
    }
}

extension Aggregate.Grouping {
    /// What a group keeps of its members' labels; `without` drops the name too.
    func labels(of all: Labels) -> Labels {
        isWithout ? all.filter { $0 != "__name__" && !labels.contains($0) } : all.filter { labels.contains($0) }
    }
}

extension Aggregate.Operation {
    /// Of at least one member.
    fileprivate func reduced(_ members: [Element]) -> Double {
        let first = members[0].value
        let rest = members.dropFirst().lazy.map(\.value)
        switch self {
        case .sum:
            var sum = CompensatedSum(first)
            for value in rest { sum.add(value) }
            return sum.sum + sum.lost
        case .avg:
            var mean = Mean(first: first)
            for value in rest { mean.add(value) }
            return mean.value
        case .min: return rest.reduce(first) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case .max: return rest.reduce(first) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case .count: return Double(members.count)
        case .group: return 1
        case .stdvar: return Self.variance(first, rest)
        case .stddev: return Self.variance(first, rest).squareRoot()
        default: return .nan
        }
    }

    /// Welford's algorithm.
    private static func variance(_ first: Double, _ rest: some Sequence<Double>) -> Double {
        var count = 1.0
        var mean = first
        var squares = first.isFinite ? 0 : Double.nan
        for value in rest {
            count += 1
            let distance = value - mean
            mean += distance / count
            squares += distance * (value - mean)
        }
        return squares / count
    }
}
