public import Model

/// What to scrape and how, with Prometheus' names and meanings.
///
/// Two defaults differ from Prometheus': `scrape_interval` is 15s, and no limit is ever off.
public struct ScrapeConfig: Sendable, Hashable {
    public struct StaticConfig: Sendable, Hashable {
        /// `HOST` or `HOST:PORT`.
        public var targets: [String]
        public var labels: Labels

        public init(targets: [String], labels: Labels = Labels()) {
            self.targets = targets
            self.labels = labels
        }
    }

    /// Whose secret is in a file, read anew for each scrape.
    public enum Authorization: Sendable, Hashable {
        case basic(username: String, passwordFile: String)
        case token(type: String, file: String)
    }

    public var jobName: String
    public var interval = Duration.seconds(15)
    public var timeout = Duration.seconds(10)
    public var metricsPath = "/metrics"
    public var scheme = "http"
    public var parameters: [String: [String]] = [:]
    /// What the target says of itself wins over what we say of it.
    public var honorLabels = false
    public var honorTimestamps = true
    public var staticConfigs: [StaticConfig] = []
    public var authorization: Authorization?
    public var bodySizeLimit = ByteSize(bytes: 16 << 20)
    /// Of one scrape, after relabelling; more make the scrape fail.
    public var sampleLimit = 100_000
    /// Of one series as the target writes it.
    public var labelLimit = 64
    public var relabel: [Relabeling] = []
    public var metricRelabel: [Relabeling] = []

    public init(jobName: String) { self.jobName = jobName }
}
