public import Model
public import Text

extension SeriesStore: SeriesSource {
    public func select(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries] {
        selected(matchers) { stream, samples in stream.read(from: from, through: through, into: &samples) }
    }

    public func latest(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries] {
        selected(matchers) { stream, samples in
            if stream.newest.milliseconds > through || stream.isEmpty {
                stream.read(from: from, through: through, into: &samples)
            } else if stream.newest.milliseconds >= from {
                samples.append(stream.newest)
            }
        }
    }

    private func selected(
        _ matchers: [Matcher], _ take: (SampleStream, inout [Sample]) -> Void
    ) -> [SelectedSeries] {
        var selected: [SelectedSeries] = []
        for slot in matching(matchers) {
            guard let stored = slots[Int(slot)] else { continue }
            var samples: [Sample] = []
            take(stored.stream, &samples)
            if !samples.isEmpty { selected.append(SelectedSeries(labels: stored.labels, samples: samples)) }
        }
        return selected.sorted { $0.labels < $1.labels }
    }

    public func samplesEstimate(_ matchers: [Matcher], from: Int64, through: Int64) -> Int {
        matching(matchers).reduce(0) { $0 + (slots[Int($1)]?.stream.estimate(from: from, through: through) ?? 0) }
    }

    /// The labels of every series that satisfies the matchers, whatever its samples.
    public func labels(_ matchers: [Matcher]) -> [Labels] {
        matching(matchers).compactMap { slots[Int($0)]?.labels }.sorted()
    }

    private func matching(_ matchers: [Matcher]) -> [Int32] {
        let equal = matchers.filter { $0.operation == .equal && !$0.value.isEmpty }
        guard let candidates = index.fewest(equal.map { Labels.Pair(name: $0.name, value: $0.value) }) else {
            return slots.indices.compactMap { slot in
                slots[slot].flatMap { stored in
                    matchers.allSatisfy { $0.matches(stored.labels) } ? Int32(slot) : nil
                }
            }
        }
        return candidates.filter { slot in
            slots[Int(slot)].map { stored in matchers.allSatisfy { $0.matches(stored.labels) } } ?? false
        }
    }
}
