import Model
import Series

/// The series of one target from one scrape to the next: what came, and what is gone.
struct TargetSeries {
    private struct Known {
        /// Nil for a series that relabelling drops.
        let labels: Labels?
        /// Times of its own do not end with a stale marker: the next one might be older than that.
        let hasOwnTime: Bool
        /// The number of the scrape that first brought it.
        let since: Int
    }

    private let target: ScrapeTarget
    private var cache = SeriesCache<Known>()
    /// The number of the scrape under way.
    private var scrape = 0

    init(_ target: ScrapeTarget) { self.target = target }

    /// What a body brings; nothing of it counts where it faults.
    struct Reading {
        var samples: [(Labels, Sample)] = []
        /// In the body, before relabelling.
        var scraped = 0
        var added = 0
    }

    mutating func read(
        _ body: UnsafeRawBufferPointer, contentType: String?, at time: Timestamp
    ) throws(Fault) -> Reading {
        let config = target.config
        var reading = Reading()
        let limits = Exposition.Limits(
            bodyBytesMax: config.bodySizeLimit.bytes, samplesMax: .max, labelsMax: config.labelLimit)
        try Exposition.parse(body, contentType: contentType, limits: limits) { (item) throws(Fault) in
            reading.scraped += 1
            let ownTime = config.honorTimestamps ? item.milliseconds : nil
            let known: Known
            if let found = cache.find(item.series), found.hasOwnTime == (ownTime != nil) {
                known = found
            } else {
                known = Known(labels: labelled(try item.labels()), hasOwnTime: ownTime != nil, since: scrape)
                cache.insert(item.series, known)
                reading.added += known.labels == nil ? 0 : 1
            }
            guard let labels = known.labels else { return }
            guard reading.samples.count < config.sampleLimit else {
                throw Fault("scrape.samples", "there are more than \(config.sampleLimit) samples (sample_limit)")
            }
            let sample = Sample(milliseconds: ownTime ?? time.milliseconds, value: item.value)
            reading.samples.append((labels, sample))
        }
        return reading
    }

    /// Ends a scrape that went well: which series of the one before did not come again.
    mutating func endScrape(_ reading: Reading) -> [Labels] {
        scrape += 1
        let gone = cache.endRound().compactMap { $0.hasOwnTime ? nil : $0.labels }
        if gone.isEmpty { return [] }
        // A series that is only written differently, with its labels in another order, is still there.
        let here = Set(reading.samples.map(\.0))
        return gone.filter { !here.contains($0) }
    }

    /// Ends a scrape that failed: all series of the ones before are gone, and what its body named never was.
    mutating func endFailedScrape() -> [Labels] {
        defer { scrape += 1 }
        let known = cache.endRound() + cache.endRound()
        return known.compactMap { $0.hasOwnTime || $0.since == scrape ? nil : $0.labels }
    }

    /// A scraped series with the target's labels, relabelled.
    private func labelled(_ scraped: Labels) -> Labels? {
        var labels = scraped
        for pair in target.labels.pairs {
            guard let own = scraped[pair.name] else {
                labels[pair.name] = pair.value
                continue
            }
            if target.config.honorLabels { continue }
            var name = "exported_" + pair.name
            while scraped[name] != nil || target.labels[name] != nil { name = "exported_" + name }
            labels[name] = own
            labels[pair.name] = pair.value
        }
        guard let labels = target.config.metricRelabel.apply(labels), labels["__name__"] != nil else { return nil }
        return labels
    }
}
