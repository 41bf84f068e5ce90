import Model
import Text

/// One URL to scrape, and what its series are labelled with.
struct ScrapeTarget: Sendable, Hashable {
    var config: ScrapeConfig
    /// `job` and `instance` among them.
    var labels: Labels
    var url: String

    /// All targets of the configs, each once; relabelling may drop or change them.
    static func all(_ configs: [ScrapeConfig]) -> [ScrapeTarget] {
        var seen: Set<[String]> = []
        return configs.flatMap { config in
            config.staticConfigs.flatMap { group in
                group.targets.compactMap { address in
                    ScrapeTarget(config, address: address, labels: group.labels)
                }
            }
        }.filter { seen.insert([$0.url, $0.labels.description]).inserted }
    }

    private init?(_ config: ScrapeConfig, address: String, labels own: Labels) {
        var labels = own
        labels["job"] = own["job"] ?? config.jobName
        labels["__address__"] = address
        labels["__scheme__"] = config.scheme
        labels["__metrics_path__"] = config.metricsPath
        for (name, values) in config.parameters { labels["__param_" + name] = values.first }
        guard let labels = config.relabel.apply(labels), let address = labels["__address__"] else { return nil }
        self.config = config
        self.labels = labels.filter { !$0.hasPrefix("__") }
        self.labels["instance"] = labels["instance"] ?? address
        url = Self.url(config, labels, address)
    }

    private static func url(_ config: ScrapeConfig, _ labels: Labels, _ address: String) -> String {
        var parameters = config.parameters
        for pair in labels.pairs where pair.name.hasPrefix("__param_") {
            let name = String(pair.name.dropFirst("__param_".count))
            parameters[name] = [pair.value] + (parameters[name]?.dropFirst() ?? [])
        }
        let query = parameters.sorted { $0.key < $1.key }.flatMap { name, values in
            values.map { "\(Escape.urlComponent(name))=\(Escape.urlComponent($0))" }
        }
        let path = labels["__metrics_path__"] ?? config.metricsPath
        return "\(labels["__scheme__"] ?? config.scheme)://\(address)\(path)"
            + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}

/// When a target is scraped: once in each interval, at a place in it that only the target decides.
///
/// The same target is scraped at the same places after a restart, and different ones are spread over the interval.
struct ScrapeSchedule: Sendable {
    /// Microseconds.
    let interval: Int64
    let offset: Int64

    init(_ target: ScrapeTarget) {
        interval = max(1, target.config.interval.microseconds)
        // FNV-1a, 64 bits: the same in every process.
        let hash = (target.url + target.labels.description).utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        offset = Int64(hash % UInt64(interval))
    }

    /// The first time after `time`.
    func next(after time: Timestamp) -> Timestamp {
        let since = time.microseconds - offset
        let rounds = since >= 0 ? since / interval : (since - interval + 1) / interval
        return Timestamp(microseconds: (rounds + 1) * interval + offset)
    }

    /// The time to give to the samples of a scrape that was due at `due` and began at `began`.
    ///
    /// A little lateness is not told, so that a series' times are evenly spaced and take little room. A sample is never
    /// said to be newer than it is.
    func sampleTime(due: Timestamp, began: Timestamp) -> Timestamp {
        let late = began - due
        return late >= .zero && late <= min(.microseconds(interval / 100), .milliseconds(50)) ? due : began
    }
}
