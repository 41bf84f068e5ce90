import Model

/// The cumulative buckets of one classic histogram.
struct Buckets {
    struct Bucket {
        var upper: Double
        var count: Double
    }

    /// What had to be mended because counts fell from one bucket to the next.
    struct Mended {
        var smallest = Double.infinity
        var largest = -Double.infinity
        var most = 0.0
    }

    private(set) var all: [Bucket]
    private(set) var mended: Mended?

    /// Sorts the buckets and adds up those of one bound, which may be written in several ways.
    init(_ unsorted: [Bucket]) {
        all = []
        for bucket in unsorted.sorted(by: { $0.upper < $1.upper }) {
            if all.last?.upper == bucket.upper {
                all[all.count - 1].count += bucket.count
            } else {
                all.append(bucket)
            }
        }
    }

    private var isComplete: Bool { all.last?.upper == .infinity }

    /// The quantile, interpolated linearly within its bucket.
    ///
    /// In the highest bucket it is the bound below; in a lowest one that ends at or below zero it is that end.
    mutating func quantile(_ q: Double) -> Double {
        if q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        guard isComplete else { return .nan }
        mendFalls()
        guard all.count >= 2, let observations = all.last?.count, observations != 0 else { return .nan }
        var rank = q * observations
        let index = all.dropLast().firstIndex { $0.count >= rank } ?? all.count - 1
        if index == all.count - 1 { return all[index - 1].upper }
        if index == 0, all[0].upper <= 0 { return all[0].upper }
        var lower = 0.0
        var count = all[index].count
        if index > 0 {
            lower = all[index - 1].upper
            count -= all[index - 1].count
            rank -= all[index - 1].count
        }
        return lower + (all[index].upper - lower) * (rank / count)
    }

    /// Counts never fall; falls within rounding are levelled silently, others are remembered.
    private mutating func mendFalls() {
        var before = all[0].count
        for index in all.indices.dropFirst() {
            let count = all[index].count
            if count == before { continue }
            if Numbers.almostEqual(before, count, tolerance: 1e-12) {
                all[index].count = before
            } else if count < before {
                all[index].count = before
                var mended = self.mended ?? Mended()
                mended.smallest = min(mended.smallest, all[index].upper)
                mended.largest = max(mended.largest, all[index].upper)
                mended.most = max(mended.most, before - count)
                self.mended = mended
            } else {
                before = count
            }
        }
    }

    /// The share of observations between two values, interpolated linearly within buckets of finite width.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard isComplete, let observations = all.last?.count, observations != 0, !lower.isNaN, !upper.isNaN else {
            return .nan
        }
        guard lower < upper else { return 0 }
        return (rank(of: upper, observations) - rank(of: lower, observations)) / observations
    }

    /// How many observations are below a value.
    private func rank(of value: Double, _ observations: Double) -> Double {
        var below = 0.0
        var lower = all[0].upper <= 0 ? -Double.infinity : 0
        for bucket in all {
            if lower >= value { return min(below, observations) }
            if bucket.upper > value {
                guard lower.isFinite else { return min(bucket.count, observations) }
                let rank = below + (bucket.count - below) * (value - lower) / (bucket.upper - lower)
                return min(rank, observations)
            }
            below = bucket.count
            lower = bucket.upper
        }
        return observations
    }
}

extension Evaluation {
    private struct Histogram {
        var labels: Labels
        var buckets: [Buckets.Bucket] = []
    }

    /// The histograms that a vector of buckets holds: one for each label set without `le`.
    private func histograms(_ node: Node, at time: Int64) throws(Fault) -> [Histogram] {
        var histograms: [Histogram] = []
        var indices: [Labels: Int] = [:]
        for element in try vector(node, at: time) {
            guard let text = element.labels["le"], let upper = ExpositionNumber.value(text), !upper.isNaN else {
                notes.badBucketLabel(element.labels, node.span)
                continue
            }
            var labels = element.labels
            labels["le"] = nil
            let index = indices[labels] ?? histograms.count
            if index == histograms.count {
                indices[labels] = index
                histograms.append(Histogram(labels: labels))
            }
            histograms[index].buckets.append(Buckets.Bucket(upper: upper, count: element.value))
        }
        return histograms
    }

    func histogramQuantile(_ call: Call, at time: Int64) throws(Fault) -> [Element] {
        let q = try scalar(call.arguments[0], at: time)
        notes.checkQuantile(q, call.arguments[0].span)
        var results: [Element] = []
        for histogram in try histograms(call.arguments[1], at: time) {
            var buckets = Buckets(histogram.buckets)
            let value = buckets.quantile(q)
            if let mended = buckets.mended { note(mended, histogram.labels, at: time, call.arguments[1].span) }
            results.append(Element(labels: histogram.labels, value: value, dropsName: true))
        }
        return results
    }

    func histogramFraction(_ call: Call, at time: Int64) throws(Fault) -> [Element] {
        let lower = try scalar(call.arguments[0], at: time)
        let upper = try scalar(call.arguments[1], at: time)
        return try histograms(call.arguments[2], at: time).map { histogram in
            let value = Buckets(histogram.buckets).fraction(from: lower, to: upper)
            return Element(labels: histogram.labels, value: value, dropsName: true)
        }
    }

    private func note(_ mended: Buckets.Mended, _ labels: Labels, at time: Int64, _ span: Range<Int>) {
        let of = labels["__name__"].map { " for metric name \"\($0)\"" } ?? ""
        let at = Timestamp(milliseconds: time / 1000 * 1000).description.replacing(".000Z", with: "Z")
        notes.inform(
            "input to histogram_quantile needed to be fixed for monotonicity (see "
                + "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)\(of), "
                + "from buckets \(NumberText.message(mended.smallest)) to \(NumberText.message(mended.largest)), "
                + "with a max diff of \(NumberText.message(mended.most)), over 1 samples from \(at) to \(at)", span)
    }
}
