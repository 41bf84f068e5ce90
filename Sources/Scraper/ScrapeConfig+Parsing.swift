import Model
public import Text

extension ScrapeConfig {
    private static let keys = [
        "job_name", "scrape_interval", "scrape_timeout", "metrics_path", "scheme", "params", "honor_labels",
        "honor_timestamps", "static_configs", "basic_auth", "authorization", "body_size_limit", "sample_limit",
        "label_limit", "relabel_configs", "metric_relabel_configs",
    ]
    private static let notYet =
        [
            "scrape_protocols", "scrape_fallback_protocol", "scrape_classic_histograms", "scrape_native_histograms",
            "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb", "track_timestamps_staleness",
            "label_name_length_limit", "label_value_length_limit", "target_limit", "keep_dropped_targets",
            "native_histogram_bucket_limit", "native_histogram_min_bucket_factor", "metric_name_validation_scheme",
            "metric_name_escaping_scheme", "tls_config", "oauth2", "sigv4", "bearer_token", "bearer_token_file",
            "proxy_url", "proxy_from_environment", "proxy_connect_header", "no_proxy", "follow_redirects",
            "enable_compression", "enable_http2", "http_headers",
        ]
        + [
            "azure", "consul", "digitalocean", "dns", "docker", "dockerswarm", "ec2", "eureka", "file", "gce",
            "hetzner", "http", "ionos", "kubernetes", "kuma", "lightsail", "linode", "marathon", "nerve", "nomad",
            "openstack", "ovhcloud", "puppetdb", "scaleway", "serverset", "triton", "uyuni",
        ].map { $0 + "_sd_configs" }

    private enum Scheme: String, CaseIterable { case http, https }

    /// The items of `scrape_configs`; two jobs of one name are a problem.
    public static func parse(_ nodes: [YAMLNode], _ problems: Problems) -> [ScrapeConfig] {
        var names: Set<String> = []
        return nodes.compactMap { node in
            guard let config = ScrapeConfig(node, problems) else { return nil }
            if !names.insert(config.jobName).inserted {
                problems.add(node.place, "two scrape configs have the job_name \"\(config.jobName)\"")
            }
            return config
        }
    }

    /// One item of `scrape_configs`; nil, with problems, where it has no use.
    public init?(_ node: YAMLNode, _ problems: Problems) {
        guard let section = Mapping(node, "the scrape config", keys: Self.keys, notYet: Self.notYet, problems) else {
            return nil
        }
        self.init(jobName: section.string("job_name", required: true) ?? "")
        readTimes(section, problems)
        readRequest(section, problems)
        honorLabels = section.bool("honor_labels") ?? honorLabels
        honorTimestamps = section.bool("honor_timestamps") ?? honorTimestamps
        sampleLimit = section.integer("sample_limit", in: 1...10_000_000) ?? sampleLimit
        labelLimit = section.integer("label_limit", in: 1...1000) ?? labelLimit
        if let size = section.size("body_size_limit") {
            bodySizeLimit = size
            if size.bytes == 0 || size.bytes > 1 << 30 {
                problems.add(section["body_size_limit"]?.place ?? section.place, "\"body_size_limit\" is 1B to 1GiB")
            }
        }
        for item in section.list("static_configs", required: true) ?? [] {
            if let config = StaticConfig(item, problems) { staticConfigs.append(config) }
        }
        relabel = (section.list("relabel_configs") ?? []).compactMap { Relabeling($0, problems) }
        metricRelabel = (section.list("metric_relabel_configs") ?? []).compactMap { Relabeling($0, problems) }
        if jobName.isEmpty { return nil }
    }

    private mutating func readTimes(_ section: Mapping, _ problems: Problems) {
        interval = section.duration("scrape_interval") ?? interval
        if interval < .milliseconds(100) || interval > .seconds(86_400) {
            problems.add(section["scrape_interval"]?.place ?? section.place, "\"scrape_interval\" is 100ms to 1d")
        }
        timeout = section.duration("scrape_timeout") ?? min(timeout, interval)
        if timeout > interval || timeout == .zero {
            problems.add(
                section["scrape_timeout"]?.place ?? section.place,
                "\"scrape_timeout\" is above 0 and at most \"scrape_interval\" (\(interval.literal))")
        }
    }

    private mutating func readRequest(_ section: Mapping, _ problems: Problems) {
        metricsPath = section.string("metrics_path") ?? metricsPath
        if !metricsPath.hasPrefix("/") {
            problems.add(section["metrics_path"]?.place ?? section.place, "\"metrics_path\" begins with /")
        }
        scheme = section.choice("scheme", as: Scheme.self)?.rawValue ?? scheme
        if let node = section["params"] {
            if case .mapping(let pairs) = node.content {
                for (key, value) in pairs {
                    parameters[key.text ?? ""] = value.strings(problems, "\"\(key.text ?? "")\" in \"params\"")
                }
            } else {
                problems.add(node.place, "\"params\" needs a mapping of names to lists of texts, not \(node.kind)")
            }
        }
        if let node = section["basic_auth"], section["authorization"] != nil {
            problems.add(node.place, "a scrape config has either \"basic_auth\" or \"authorization\", not both")
        }
        if let node = section["basic_auth"] {
            let part = Mapping(
                node, "\"basic_auth\"", keys: ["username", "password_file"], notYet: ["username_file"],
                Self.withoutSecret("password", node, problems))
            if let name = part?.string("username", required: true),
                let file = part?.string("password_file", required: true)
            {
                authorization = .basic(username: name, passwordFile: file)
            }
        }
        if let node = section["authorization"] {
            let part = Mapping(
                node, "\"authorization\"", keys: ["type", "credentials_file"],
                Self.withoutSecret("credentials", node, problems))
            if let file = part?.string("credentials_file", required: true) {
                authorization = .token(type: part?.string("type") ?? "Bearer", file: file)
            }
        }
    }

    /// Says of a secret that stands in the settings where it belongs.
    private static func withoutSecret(_ key: String, _ node: YAMLNode, _ problems: Problems) -> Problems {
        if case .mapping(let pairs) = node.content, let pair = pairs.first(where: { $0.key.text == key }) {
            problems.add(
                pair.key.place, "secrets do not stand in settings: put it into a file and name that in \"\(key)_file\"")
        }
        return problems
    }
}

extension ScrapeConfig.StaticConfig {
    init?(_ node: YAMLNode, _ problems: Problems) {
        guard let section = Mapping(node, "the static config", keys: ["targets", "labels"], problems) else {
            return nil
        }
        var values: [String: String] = [:]
        for (name, value) in section.stringMap("labels") ?? [] {
            let text = name.text ?? ""
            if !LabelName.isValid(text) { problems.add(name.place, "\"\(text)\" is not a label name") }
            values[text] = value.text
        }
        guard let nodes = section.list("targets", required: true) else { return nil }
        for node in nodes {
            let text = node.string(problems, "a target") ?? ""
            if text.contains("/") || text.contains("@") || text.contains(where: \.isWhitespace) {
                problems.add(node.place, "a target is HOST or HOST:PORT, without scheme or path: \"\(text)\" is not")
            }
        }
        self.init(targets: nodes.compactMap(\.text), labels: Labels(values))
    }
}

enum LabelName {
    static func isValid(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.enumerated().allSatisfy { index, byte in
                byte == UInt8(ascii: "_") || (byte | 32 >= 97 && byte | 32 <= 122)
                    || index > 0 && (48...57).contains(byte)
            }
    }
}
