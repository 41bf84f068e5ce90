import Model
import Testing
import Text

@testable import Scraper

@Suite struct ScrapeConfigTests {
    private func parse(_ text: String) throws -> [ScrapeConfig] {
        let problems = Problems()
        let node = try #require(try YAML.parse(text, file: "s.yaml"))
        guard case .sequence(let items) = node.content else { return [] }
        let configs = ScrapeConfig.parse(items, problems)
        try problems.throwIfAny()
        return configs
    }

    @Test func readsWhatPrometheusReads() throws {
        let config = try #require(
            parse(
                """
                - job_name: node
                  scrape_interval: 5s
                  scrape_timeout: 2s
                  metrics_path: /probe
                  scheme: https
                  params: {module: [http_2xx], target: ['a b', c]}
                  honor_labels: true
                  honor_timestamps: false
                  basic_auth: {username: ada, password_file: /p}
                  body_size_limit: 1MiB
                  sample_limit: 10
                  label_limit: 5
                  static_configs:
                    - targets: ['127.0.0.1:9100', host]
                      labels: {env: prod}
                  relabel_configs: [{source_labels: [env], target_label: stage}]
                  metric_relabel_configs: [{source_labels: [__name__], regex: go_.*, action: drop}]
                """
            ).first)
        #expect(config.jobName == "node" && config.interval == .seconds(5) && config.timeout == .seconds(2))
        #expect(config.metricsPath == "/probe" && config.scheme == "https")
        #expect(config.parameters == ["module": ["http_2xx"], "target": ["a b", "c"]])
        #expect(config.honorLabels && !config.honorTimestamps)
        #expect(config.authorization == .basic(username: "ada", passwordFile: "/p"))
        #expect(config.bodySizeLimit.bytes == 1 << 20 && config.sampleLimit == 10 && config.labelLimit == 5)
        #expect(config.staticConfigs == [.init(targets: ["127.0.0.1:9100", "host"], labels: ["env": "prod"])])
        #expect(config.relabel.count == 1 && config.metricRelabel.first?.action == .drop)
    }

    @Test func defaultsAreBounded() throws {
        let config = try #require(parse("[{job_name: a, scrape_interval: 3s, static_configs: []}]").first)
        #expect(config.timeout == .seconds(3), "never longer than the interval")
        #expect(config.metricsPath == "/metrics" && config.scheme == "http" && config.authorization == nil)
        #expect(config.sampleLimit > 0 && config.labelLimit > 0 && config.bodySizeLimit.bytes > 0)
    }

    static let wrong: [(String, String)] = [
        ("{static_configs: []}", "1:3: error: the scrape config needs \"job_name\""),
        ("{job_name: a}", "1:3: error: the scrape config needs \"static_configs\""),
        ("{job_name: a, static_configs: [], scrape_intervall: 1s}", "did you mean \"scrape_interval\"?"),
        ("{job_name: a, static_configs: [], tls_config: {}}", "\"tls_config\" is not in this version"),
        ("{job_name: a, static_configs: [], file_sd_configs: []}", "\"file_sd_configs\" is not in this version"),
        ("{job_name: a, static_configs: [], scrape_interval: 5}", "needs a duration"),
        ("{job_name: a, static_configs: [], scrape_interval: 0s}", "\"scrape_interval\" is 100ms to 1d"),
        (
            "{job_name: a, static_configs: [], scrape_interval: 1s, scrape_timeout: 2s}",
            "at most \"scrape_interval\" (1s)"
        ),
        ("{job_name: a, static_configs: [], scheme: ftp}", "http or https"),
        ("{job_name: a, static_configs: [], metrics_path: x}", "\"metrics_path\" begins with /"),
        ("{job_name: a, static_configs: [], body_size_limit: 0B}", "\"body_size_limit\" is 1B to 1GiB"),
        ("{job_name: a, static_configs: [], sample_limit: 0}", "a whole number from 1"),
        ("{job_name: a, static_configs: [], params: [a]}", "\"params\" needs a mapping"),
        ("{job_name: a, static_configs: [{targets: ['http://x/']}]}", "a target is HOST or HOST:PORT"),
        ("{job_name: a, static_configs: [{targets: [x], labels: {'a-b': c}}]}", "\"a-b\" is not a label name"),
        ("{job_name: a, static_configs: [], basic_auth: {username: u, password: p}}", "name that in \"password_file\""),
        ("{job_name: a, static_configs: [], authorization: {credentials: p}}", "name that in \"credentials_file\""),
        (
            "{job_name: a, static_configs: [], authorization: {credentials_file: p}, basic_auth: {username: u, password_file: p}}",
            "not both"
        ),
        ("{job_name: a, static_configs: [], relabel_configs: [{regex: '('}]}", "is not valid"),
        (
            "{job_name: a, static_configs: [], relabel_configs: [{action: hashmod}]}",
            "\"hashmod\" is not in this version"
        ),
        ("{job_name: a, static_configs: [], relabel_configs: [{action: replace}]}", "needs \"target_label\""),
        ("{job_name: a, static_configs: [], relabel_configs: [{target_label: a-b}]}", "is not a label name"),
        ("{job_name: a, static_configs: []}\n- {job_name: a, static_configs: []}", "two scrape configs"),
    ]

    @Test(arguments: wrong)
    func wrongOnesAreRefusedWithTheirPlace(text: String, says: String) {
        let error = #expect(throws: Diagnostics.self) { try parse("- " + text) }
        let all = error?.description ?? ""
        #expect(all.hasPrefix("s.yaml:") && all.contains(says), "\(all)")
    }
}
