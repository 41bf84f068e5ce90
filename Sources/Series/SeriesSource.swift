public import Model
public import Text

/// A series with the samples that a question asked for, oldest first.
public struct SelectedSeries: Hashable, Sendable {
    /// All labels, `__name__` included where the series has one.
    public var labels: Labels
    public var samples: [Sample]

    public init(labels: Labels, samples: [Sample]) {
        self.labels = labels
        self.samples = samples
    }
}

/// Where an expression reads samples: the store, or a recorded set.
public protocol SeriesSource {
    /// The series that satisfy every matcher and have a sample in the range, stale markers included, sorted by labels.
    ///
    /// Both ends are milliseconds and belong to the range.
    func select(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries]

    /// The same with at least the newest sample of the range for each series: what an instant selector needs.
    func latest(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries]

    /// About how many samples `select` would return: asked first, so that a huge answer is never built.
    func samplesEstimate(_ matchers: [Matcher], from: Int64, through: Int64) -> Int
}

extension SeriesSource {
    public func latest(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries] {
        select(matchers, from: from, through: through)
    }

    public func samplesEstimate(_ matchers: [Matcher], from: Int64, through: Int64) -> Int { 0 }
}
