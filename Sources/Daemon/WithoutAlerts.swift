import Model
import Series
import Text

/// The series without those that say which alerts there are: a log rule may take their labels from log lines, and any
/// selector that names no metric would find them.
struct WithoutAlerts: SeriesSource {
    private let store: SeriesStore
    static let names: Set = ["ALERTS", "ALERTS_FOR_STATE"]

    init(of store: SeriesStore) { self.store = store }

    func select(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries] {
        Self.metrics(store.select(matchers, from: from, through: through))
    }

    func latest(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries] {
        Self.metrics(store.latest(matchers, from: from, through: through))
    }

    func samplesEstimate(_ matchers: [Matcher], from: Int64, through: Int64) -> Int {
        store.samplesEstimate(matchers, from: from, through: through)
    }

    private static func metrics(_ found: [SelectedSeries]) -> [SelectedSeries] {
        found.filter { !names.contains($0.labels["__name__"] ?? "") }
    }
}
