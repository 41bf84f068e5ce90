import Model

extension Evaluation {
    struct LabelledWindow {
        let labels: Labels
        let dropsName: Bool
        let window: Window
    }

    /// Reads the samples that the node's selectors need for evaluations from `from` to `through`.
    func prepare(_ node: Node, from: Int64, through: Int64) throws(Fault) {
        switch node {
        case .number, .string: break
        case .selector(let selector):
            let back = options.lookback.milliseconds
            try read(selector, back: back, from: from, through: through, keepStale: true)
        case .range(let range):
            try read(range.selector, back: range.milliseconds, from: from, through: through, keepStale: false)
        case .subquery(let subquery):
            let start = shifted(from, subquery.shift) - subquery.milliseconds
            try prepare(subquery.inner, from: start, through: shifted(through, subquery.shift))
        case .call(let call): for argument in call.arguments { try prepare(argument, from: from, through: through) }
        case .aggregate(let aggregate):
            if let parameter = aggregate.parameter { try prepare(parameter, from: from, through: through) }
            try prepare(aggregate.inner, from: from, through: through)
        case .binary(let binary):
            try prepare(binary.left, from: from, through: through)
            try prepare(binary.right, from: from, through: through)
        case .negative(let inner, _), .positive(let inner, _), .parenthesized(let inner, _):
            try prepare(inner, from: from, through: through)
        }
    }

    private func read(
        _ selector: Selector, back: Int64, from: Int64, through: Int64, keepStale: Bool
    ) throws(Fault) {
        let end = shifted(through, selector.shift)
        let start = max(shifted(from, selector.shift) - back + 1, options.notBefore ?? .min)
        guard start <= end else { return }
        if keepStale, from == through {
            selections[selector.id] = source.latest(selector.matchers, from: start, through: end)
        } else {
            let estimate = source.samplesEstimate(selector.matchers, from: start, through: end)
            guard estimate <= 2 * options.samplesMax else { return try spend(estimate) }
            selections[selector.id] = source.select(selector.matchers, from: start, through: end)
        }
        if !keepStale, var series = selections.removeValue(forKey: selector.id) {
            for index in series.indices where series[index].samples.contains(where: { StaleMarker.isStale($0.value) }) {
                series[index].samples.removeAll { StaleMarker.isStale($0.value) }
            }
            selections[selector.id] = series
        }
        try spend((selections[selector.id] ?? []).reduce(0) { $0 + $1.samples.count })
    }

    /// When a selector looks, at an evaluation.
    func shifted(_ time: Int64, _ shift: Shift) -> Int64 {
        switch shift.at {
        case nil: time - shift.offset
        case .milliseconds(let fixed): fixed - shift.offset
        case .start: first - shift.offset
        case .end: last - shift.offset
        }
    }

    // MARK: - Instant selectors

    /// Of each series the newest sample within the lookback, where it is no stale marker.
    func newest(_ selector: Selector, at time: Int64) -> [(labels: Labels, sample: Sample)] {
        let end = shifted(time, selector.shift)
        let start = end - options.lookback.milliseconds
        return (selections[selector.id] ?? []).compactMap { series in
            let index = series.samples.firstIndex(after: end)
            guard index > 0, case let sample = series.samples[index - 1], sample.milliseconds > start,
                !StaleMarker.isStale(sample.value)
            else { return nil }
            return (series.labels, sample)
        }
    }

    // MARK: - Ranges

    /// The series of a range selector or a subquery that have samples in its window.
    func windows(_ node: Node, at time: Int64) throws(Fault) -> [LabelledWindow] {
        let series: [SelectedSeries]
        var dropping: Set<Labels> = []
        let (end, length): (Int64, Int64)
        switch node.unwrapped {
        case .range(let range):
            end = shifted(time, range.selector.shift)
            length = range.milliseconds
            series = selections[range.selector.id] ?? []
        case .subquery(let subquery):
            end = shifted(time, subquery.shift)
            length = subquery.milliseconds
            series = try steps(of: subquery, after: end - length, through: end, &dropping)
        default: return []
        }
        let start = end - length
        let clipped = max(start, options.notBefore ?? start)
        guard clipped < end else { return [] }
        return series.compactMap { one in
            let range = one.samples.firstIndex(after: start)..<one.samples.firstIndex(after: end)
            guard !range.isEmpty else { return nil }
            let window = Window(samples: one.samples[range], start: clipped, end: end, evaluated: time)
            return LabelledWindow(labels: one.labels, dropsName: dropping.contains(one.labels), window: window)
        }
    }

    /// The inner expression at each multiple of the step; `dropping` are the series whose names no longer fit.
    private func steps(
        of subquery: Subquery, after start: Int64, through end: Int64, _ dropping: inout Set<Labels>
    ) throws(Fault) -> [SelectedSeries] {
        let step = max(1, subquery.step ?? options.subqueryStep.milliseconds)
        let from = max(start, (options.notBefore ?? .min + 1) - 1)
        guard from < end else { return [] }
        guard (end - from) / step <= Int64(Self.stepsMax) else {
            throw Fault("query.large", "a subquery has more than the \(Self.stepsMax) steps allowed")
        }
        var series: [SelectedSeries] = []
        var indices: [Labels: Int] = [:]
        var time = step * (from / step)
        if time <= from { time += step }
        while time <= end {
            for element in try elements(of: subquery, at: time) {
                let sample = Sample(milliseconds: time, value: element.value)
                if let index = indices[element.labels] {
                    guard series[index].samples.last?.milliseconds != time else { throw Self.duplicates }
                    series[index].samples.append(sample)
                } else {
                    indices[element.labels] = series.count
                    series.append(SelectedSeries(labels: element.labels, samples: [sample]))
                    if element.dropsName { dropping.insert(element.labels) }
                }
            }
            time += step
        }
        return series
    }

    private func elements(of subquery: Subquery, at time: Int64) throws(Fault) -> [Element] {
        let key = SubqueryStep(id: subquery.id, time: time)
        if let known = computed[key] { return known }
        let elements = try vector(subquery.inner, at: time)
        try spend(elements.count + 1)
        // An instant evaluation meets each step once, except under another subquery.
        computed[key] = elements
        return elements
    }
}

extension [Sample] {
    /// The index of the first sample after a time.
    func firstIndex(after time: Int64) -> Int {
        guard let last, last.milliseconds > time else { return count }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].milliseconds <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
