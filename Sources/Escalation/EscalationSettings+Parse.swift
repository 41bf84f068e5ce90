internal import Model
public import Text

extension EscalationSettings {
    /// Reads the settings' `escalation`; every problem is reported, and any makes it nil.
    public init?(_ node: YAMLNode, _ problems: Problems) {
        let before = problems.all.count
        guard
            let top = Mapping(
                node, "escalation", keys: ["route", "receivers"],
                notYet: ["global", "templates", "inhibit_rules", "time_intervals"], problems)
        else { return nil }
        let receivers = (top.list("receivers", required: true) ?? []).compactMap { Receiver($0, problems) }
        var names: Set<String> = []
        for receiver in receivers where !names.insert(receiver.name).inserted {
            problems.add(top.keyPlace("receivers") ?? top.place, "there are two receivers \"\(receiver.name)\"")
        }
        let route = top.required("route").flatMap { Route($0, isRoot: true, receivers: names, problems) }
        guard let route, problems.all.count == before else { return nil }
        self.init(route: route, receivers: receivers)
    }
}

extension Route {
    private static let grouping = [
        "group_by", "group_wait", "group_interval", "repeat_interval", "mute_time_intervals", "active_time_intervals",
        "match", "match_re",
    ]

    init?(_ node: YAMLNode, isRoot: Bool, inherited: String = "", receivers: Set<String>, _ problems: Problems) {
        let keys = isRoot ? ["receiver", "routes"] : ["receiver", "routes", "matchers", "continue"]
        guard let mapping = Mapping(node, "the route", keys: keys, notYet: Self.grouping, problems) else { return nil }
        let receiver = mapping.string("receiver", required: isRoot) ?? inherited
        if let place = mapping["receiver"]?.place, !receivers.contains(receiver) {
            let near = nearest(receiver, among: receivers.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(place, "there is no receiver \"\(receiver)\"\(near)")
        }
        var matchers: [Matcher] = []
        if case .sequence(let items)? = mapping["matchers"]?.content {
            for item in items {
                guard let text = item.string(problems, "a matcher") else { continue }
                do throws(Fault) {
                    matchers += try Matcher.parseList(text)
                } catch {
                    problems.add(item.place, "the matcher is not valid: \(error)")
                }
            }
        } else if let other = mapping["matchers"] {
            problems.add(other.place, "\"matchers\" needs a list such as ['severity=\"critical\"'], not \(other.kind)")
        }
        let routes = (mapping.list("routes") ?? []).compactMap {
            Route($0, isRoot: false, inherited: receiver, receivers: receivers, problems)
        }
        self.init(
            receiver: receiver, matchers: matchers, continues: mapping.bool("continue") ?? false, routes: routes)
    }
}

extension Receiver {
    private static let otherChannels = [
        "email_configs", "slack_configs", "pagerduty_configs", "opsgenie_configs", "victorops_configs",
        "pushover_configs", "sns_configs", "telegram_configs", "webex_configs", "wechat_configs", "discord_configs",
        "msteams_configs", "msteamsv2_configs", "jira_configs", "rocketchat_configs",
    ]

    init?(_ node: YAMLNode, _ problems: Problems) {
        guard
            let mapping = Mapping(
                node, "the receiver", keys: ["name", "webhook_configs"], notYet: Self.otherChannels, problems),
            let name = mapping.string("name", required: true)
        else { return nil }
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 && $0 != "[" && $0 != "]" }
        guard !name.isEmpty, isPlain else {
            problems.add(
                mapping["name"]?.place ?? mapping.place,
                "a receiver's name is not empty and has no brackets and control characters")
            return nil
        }
        let webhooks = mapping.list("webhook_configs", required: true) ?? []
        if webhooks.isEmpty, mapping["webhook_configs"] != nil {
            problems.add(mapping.place, "the receiver \"\(name)\" needs at least one webhook: nobody would be told")
        }
        self.init(name: name, webhooks: webhooks.compactMap { Webhook($0, problems) })
    }
}

extension Webhook {
    init?(_ node: YAMLNode, _ problems: Problems) {
        guard
            let mapping = Mapping(
                node, "the webhook",
                keys: ["url", "url_file", "send_resolved", "max_alerts", "timeout", "http_config"], problems)
        else { return nil }
        let address: Address
        switch (mapping.string("url"), mapping.string("url_file")) {
        case (let url?, nil):
            if !url.hasPrefix("http://"), !url.hasPrefix("https://") {
                problems.add(
                    mapping["url"]?.place ?? mapping.place, "\"url\" must begin with http:// or https://")
            }
            address = .url(url)
        case (nil, let file?): address = .file(file)
        default:
            problems.add(mapping.place, "the webhook needs either \"url\" or \"url_file\"")
            return nil
        }
        // A message tells of one incident: there is never more than one alert to cut.
        _ = mapping.integer("max_alerts", in: 0...Int.max)
        let timeout = mapping.duration("timeout") ?? .seconds(10)
        if !(Duration.milliseconds(100)...Duration.seconds(120)).contains(timeout) {
            problems.add(mapping["timeout"]?.place ?? mapping.place, "\"timeout\" must be from 100ms to 2m")
        }
        self.init(
            address, sendsResolved: mapping.bool("send_resolved") ?? true, timeout: timeout,
            authorization: mapping["http_config"].flatMap { Self.authorization($0, problems) })
    }

    private static func authorization(_ node: YAMLNode, _ problems: Problems) -> Authorization? {
        guard
            let mapping = Mapping(
                node, "http_config", keys: ["authorization"],
                notYet: ["basic_auth", "oauth2", "tls_config", "proxy_url", "follow_redirects", "enable_http2"],
                problems),
            let inner = mapping.required("authorization"),
            let authorization = Mapping(
                inner, "authorization", keys: ["type", "credentials", "credentials_file"], problems)
        else { return nil }
        if let place = authorization.keyPlace("credentials") {
            problems.add(place, "put the secret into a file and name that in \"credentials_file\": settings hold none")
            return nil
        }
        guard let file = authorization.string("credentials_file", required: true) else { return nil }
        return Authorization(scheme: authorization.string("type") ?? "Bearer", credentialsFile: file)
    }
}
