import Model
import Text

extension ProviderSettings {
    private static let keys = [
        "url", "model", "key_file", "prices", "context", "output_max", "tools", "timeout", "idle_timeout",
    ]

    /// Reads `none` or `{VENDOR: {…}}`; nil for none, and where there is a problem.
    init?(_ node: YAMLNode, _ problems: Problems) {
        if node.text == "none" { return nil }
        let vendors = Vendor.allCases.map(\.rawValue)
        guard node.text == nil else {
            let words = vendors.map { "{\($0): …}" }.joined(separator: ", ")
            problems.add(node.place, "\"provider\" needs none or one of \(words), not \(excerpt(node.text ?? ""))")
            return nil
        }
        guard let top = Mapping(node, "the provider", keys: vendors, problems) else { return nil }
        let named = Vendor.allCases.filter { top.keyPlace($0.rawValue) != nil }
        guard let vendor = named.first, named.count == 1 else {
            // An unknown name has been reported already.
            if named.count > 1 || node.isEmpty {
                problems.add(node.place, "\"provider\" needs exactly one of \(vendors.joined(separator: ", "))")
            }
            return nil
        }
        guard let inner = top.required(vendor.rawValue) else { return nil }
        self.init(vendor, inner, problems)
    }

    private init?(_ vendor: Vendor, _ node: YAMLNode, _ problems: Problems) {
        let keys = Self.keys + (vendor == .openai ? ["output_key"] : [])
        guard let mapping = Mapping(node, vendor.rawValue, keys: keys, problems) else { return nil }
        let model = mapping.string("model", required: true)
        let keyFile = mapping.string("key_file", required: vendor == .anthropic)
        if let keyFile, let place = mapping["key_file"]?.place { Self.check(keyFile: keyFile, place, problems) }
        let url = Self.url(mapping, vendor, hasKey: keyFile != nil, problems)
        // Without prices a budget in money could not hold; Ollama's own models cost none.
        let prices: Prices? =
            if let node = vendor == .ollama ? mapping["prices"] : mapping.required("prices") {
                Prices(node, problems)
            } else {
                vendor == .ollama ? .free : nil
            }
        if model == "" { problems.add(mapping.place, "\"model\" is empty") }
        let context = Self.tokens(mapping, "context", 1024...100_000_000, problems) ?? vendor.standardContext
        let outputMax = Self.tokens(mapping, "output_max", 256...1_000_000, problems) ?? min(8192, context / 2)
        if outputMax >= context {
            problems.add(
                mapping.keyPlace("output_max") ?? mapping.place,
                "\"output_max\" must be less than \"context\" (\(context)): an answer is part of it")
        }
        let hasTools = mapping.bool("tools") ?? true
        let outputKey = mapping.choice("output_key", as: OpenAIClient.OutputKey.self) ?? .maxCompletionTokens
        let timeout = Self.time(mapping, "timeout", problems) ?? .seconds(300)
        let idleTimeout = Self.time(mapping, "idle_timeout", problems) ?? .seconds(120)
        guard let model, let url, let prices else { return nil }
        self.init(
            vendor: vendor, url: url, model: model, keyFile: keyFile, prices: prices, context: context,
            outputMax: outputMax, hasTools: hasTools, outputKey: outputKey, timeout: timeout, idleTimeout: idleTimeout)
    }

    private static func check(keyFile: String, _ place: SourcePlace, _ problems: Problems) {
        if !keyFile.hasPrefix("/"), ModelKey.credential(keyFile) == nil {
            problems.add(
                place,
                "\"key_file\" needs an absolute path or $CREDENTIALS_DIRECTORY/NAME: settings hold no key")
        }
    }

    /// Without a slash at its end.
    private static func url(
        _ mapping: Mapping, _ vendor: Vendor, hasKey: Bool, _ problems: Problems
    ) -> String? {
        guard let node = mapping["url"] else { return vendor.standardURL }
        guard var url = mapping.string("url") else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        let host = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
        let isPlain = url.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"@?#".utf8.contains($0) }
        guard isPlain, !host.isEmpty, ["http://", "https://"].contains(where: url.hasPrefix) else {
            problems.add(
                node.place,
                "\"url\" needs http:// or https://, a host and perhaps a path; no user, query or fragment")
            return nil
        }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
        let isHere = name == "localhost" || name == "[::1]" || (name.hasPrefix("127.") && name.allSatisfy(isOfAddress))
        if hasKey, url.hasPrefix("http://"), !isHere {
            problems.add(node.place, "a key is sent over https:// only, or to this host: everybody could read it")
        }
        return url
    }

    private static func isOfAddress(_ character: Character) -> Bool { "0123456789.".contains(character) }

    private static func tokens(
        _ mapping: Mapping, _ key: String, _ range: ClosedRange<Int>, _ problems: Problems
    ) -> Int? {
        guard let node = mapping[key], let text = mapping.string(key) else { return nil }
        guard let count = tokenCount(text), range.contains(count) else {
            problems.add(
                node.place,
                "\"\(key)\" needs a number of tokens such as 8192 or 200k, "
                    + "from \(range.lowerBound) to \(range.upperBound), not \(excerpt(text))")
            return nil
        }
        return count
    }

    private static func time(_ mapping: Mapping, _ key: String, _ problems: Problems) -> Duration? {
        guard let time = mapping.duration(key) else { return nil }
        if !(Duration.seconds(1)...Duration.seconds(3600)).contains(time) {
            problems.add(mapping[key]?.place ?? mapping.place, "\"\(key)\" must be from 1s to 1h")
        }
        return time
    }
}

extension Prices {
    /// Dollars a million tokens.
    init?(_ node: YAMLNode, _ problems: Problems) {
        guard
            let mapping = Mapping(
                node, "the prices", keys: ["input", "output", "cache_read", "cache_write"], problems)
        else { return nil }
        func price(_ key: String, required: Bool = false) -> Money? {
            guard let text = mapping.string(key, required: required), let node = mapping[key] else { return nil }
            guard let money = Money(dollars: text) else {
                problems.add(
                    node.place,
                    "\"\(key)\" needs US dollars for a million tokens, such as 3 or 0.25, not \(excerpt(text))")
                return nil
            }
            return money
        }
        let (cacheRead, cacheWrite) = (price("cache_read"), price("cache_write"))
        guard let input = price("input", required: true), let output = price("output", required: true) else {
            return nil
        }
        self.init(input: input, output: output, cacheRead: cacheRead, cacheWrite: cacheWrite)
    }
}

extension YAMLNode {
    fileprivate var isEmpty: Bool {
        switch content {
        case .scalar(let text, _): text.isEmpty
        case .sequence(let items): items.isEmpty
        case .mapping(let pairs): pairs.isEmpty
        }
    }
}
