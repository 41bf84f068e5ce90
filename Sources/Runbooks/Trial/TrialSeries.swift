import Model
import Series
import Text

/// The series of a test, in the notation of Prometheus' own tests: `up{job="web"} 1x10 0x20`.
struct TrialSeries: SeriesSource {
    private var series: [SelectedSeries] = []

    /// The first value stands at 0, each further one an interval later.
    init(_ nodes: [YAMLNode], interval: Duration, _ problems: Problems) {
        for node in nodes {
            guard let text = node.string(problems, "an item of \"series\"") else { continue }
            do {
                let notation = try SeriesNotation(parsing: text)
                series.append(
                    SelectedSeries(labels: notation.labels, samples: notation.samples(from: 0, every: interval)))
            } catch {
                problems.add(node.place, error.message)
            }
        }
        series.sort { $0.labels < $1.labels }
    }

    func select(_ matchers: [Matcher], from: Int64, through: Int64) -> [SelectedSeries] {
        series.compactMap { one in
            guard matchers.allSatisfy({ $0.matches(one.labels) }) else { return nil }
            let samples = one.samples.filter { (from...through).contains($0.milliseconds) }
            return samples.isEmpty ? nil : SelectedSeries(labels: one.labels, samples: samples)
        }
    }
}
