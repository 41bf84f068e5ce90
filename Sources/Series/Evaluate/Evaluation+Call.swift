import Model
import Text

extension Evaluation {
    func call(_ call: Call, at time: Int64) throws(Fault) -> [Element] {
        switch call.function.body {
        case .elements(let compute):
            let scalars = try self.scalars(call, at: time)
            return try vector(call.arguments[0], at: time).compactMap { element in
                compute(element.value, scalars).map(element.changed(to:))
            }
        case .window(let compute): return try overWindows(call, compute, at: time)
        case .date(let part):
            guard let argument = call.arguments.first else {
                let date = CalendarDate(seconds: Int(time / 1000))
                return [Element(labels: Labels(), value: part(date))]
            }
            return try vector(argument, at: time).map { element in
                let isDate = abs(element.value) < 9e12
                return element.changed(to: isDate ? part(CalendarDate(seconds: Int(element.value))) : .nan)
            }
        case .special(let special): return try self.special(special, call, at: time)
        }
    }

    /// The scalar arguments in their order.
    private func scalars(_ call: Call, at time: Int64) throws(Fault) -> [Double] {
        var scalars: [Double] = []
        for argument in call.arguments where argument.type == .scalar {
            scalars.append(try scalar(argument, at: time))
        }
        return scalars
    }

    private func overWindows(
        _ call: Call, _ compute: (Window, [Double]) throws(Fault) -> Double?, at time: Int64
    ) throws(Fault) -> [Element] {
        let name = call.function.name
        guard let argument = call.arguments.first(where: { $0.type == .matrix }) else { return [] }
        let scalars = try self.scalars(call, at: time)
        let windows = try windows(argument, at: time)
        if name == "quantile_over_time", !windows.isEmpty { notes.checkQuantile(scalars[0], call.arguments[0].span) }
        // These two give samples as they are, so that the name stays right.
        let keepsNames = name == "last_over_time" || name == "first_over_time"
        var results: [Element] = []
        for labelled in windows {
            guard let value = try compute(labelled.window, scalars) else { continue }
            if name == "rate" || name == "increase" { notes.checkCounter(labelled.labels, argument.span) }
            results.append(
                Element(labels: labelled.labels, value: value, dropsName: labelled.dropsName || !keepsNames))
        }
        return results
    }

    private func special(_ special: Function.Special, _ call: Call, at time: Int64) throws(Fault) -> [Element] {
        switch special {
        case .absent:
            let isAbsent = try vector(call.arguments[0], at: time).isEmpty
            return isAbsent ? [absence(of: call.arguments[0])] : []
        case .absentOverTime:
            let isAbsent = try windows(call.arguments[0], at: time).isEmpty
            return isAbsent ? [absence(of: call.arguments[0])] : []
        case .vector:
            let value = try scalar(call.arguments[0], at: time)
            return [Element(labels: Labels(), value: value)]
        case .timestamp: return try timestamps(of: call.arguments[0], at: time)
        case .sort, .sortDescending:
            if first != last { notes.sortIsIneffective(call.span) }
            return sorted(try vector(call.arguments[0], at: time), descending: special == .sortDescending)
        case .labelReplace: return try labelReplace(call, at: time)
        case .labelJoin: return try labelJoin(call, at: time)
        case .histogramQuantile: return try histogramQuantile(call, at: time)
        case .histogramFraction: return try histogramFraction(call, at: time)
        // These give scalars.
        case .scalar, .time, .pi: return []
        }
    }

    /// The labels that the selector asks for by `=`, once each.
    private func absence(of node: Node) -> Element {
        let matchers: [Matcher]
        switch node.unwrapped {
        case .selector(let selector): matchers = selector.matchers
        case .range(let range): matchers = range.selector.matchers
        default: matchers = []
        }
        var labels = Labels()
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != "__name__" {
            let isFirst = matcher.operation == .equal && seen.insert(matcher.name).inserted
            labels[matcher.name] = isFirst ? matcher.value : nil
        }
        return Element(labels: labels, value: 1)
    }

    /// The samples' own times where the argument is a selector, else the time of evaluation.
    private func timestamps(of node: Node, at time: Int64) throws(Fault) -> [Element] {
        guard case .selector(let selector) = node.unwrapped else {
            return try vector(node, at: time).map { $0.changed(to: Double(time) / 1000) }
        }
        return newest(selector, at: time).map { labels, sample in
            Element(labels: labels, value: Double(sample.milliseconds) / 1000, dropsName: true)
        }
    }

    /// NaN comes last either way.
    private func sorted(_ elements: [Element], descending: Bool) -> [Element] {
        let order = elements.enumerated().sorted { one, other in
            let (left, right) = (one.element.value, other.element.value)
            if left.isNaN || right.isNaN || left == right {
                return left.isNaN == right.isNaN ? one.offset < other.offset : right.isNaN
            }
            return descending ? left > right : left < right
        }
        return order.map(\.element)
    }

    // MARK: - Labels

    private func labelReplace(_ call: Call, at time: Int64) throws(Fault) -> [Element] {
        let target = try labelName(call.arguments[1], "destination", call)
        let template = string(call.arguments[2])
        let source = string(call.arguments[3])
        let pattern: Pattern
        do { pattern = try Pattern(string(call.arguments[4]), anchored: true) } catch {
            throw Fault("query.parameter", "invalid regular expression in label_replace(): \(error.message)")
        }
        return try distinct(
            vector(call.arguments[0], at: time).map { element in
                let value = element.labels[source] ?? ""
                guard pattern.matches(value) else { return element }
                var copy = element
                copy.labels[target] = pattern.replaceAll(in: value, with: template)
                if target == "__name__" { copy.dropsName = false }
                return copy
            })
    }

    private func labelJoin(_ call: Call, at time: Int64) throws(Fault) -> [Element] {
        let target = try labelName(call.arguments[1], "destination", call)
        let separator = string(call.arguments[2])
        var sources: [String] = []
        for argument in call.arguments.dropFirst(3) { sources.append(try labelName(argument, "source", call)) }
        return try distinct(
            vector(call.arguments[0], at: time).map { element in
                var copy = element
                copy.labels[target] = sources.map { element.labels[$0] ?? "" }.joined(separator: separator)
                if target == "__name__" { copy.dropsName = false }
                return copy
            })
    }

    private func labelName(_ node: Node, _ role: String, _ call: Call) throws(Fault) -> String {
        guard case .string(let literal, _) = node.unwrapped, literal.isValid, !literal.value.isEmpty else {
            throw Fault("query.parameter", "invalid \(role) label name in \(call.function.name)(): \(string(node))")
        }
        return literal.value
    }
}
